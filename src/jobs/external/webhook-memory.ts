/** A webhook, as far as it is of use. */
export interface HeardWebhook {
	/** Who it is from was checked. */
	signed: boolean;
	eventId: string | null;
	/** What the upstream calls the job, and our own id of it. */
	id: string | null;
	jobId: string | null;
	done: boolean;
}

const EVENTS_MOST = 10_000;
const EARLY_MOST = 1000;

/** Which webhooks came before, and those that came before their job was known. The oldest give way. */
export class WebhookMemory {
	readonly #events = new Set<string>();
	readonly #early = new Map<string, HeardWebhook>();

	/** False: this one came before. */
	isNew(event: string): boolean {
		if (this.#events.has(event)) return false;
		this.#events.add(event);
		for (const oldest of this.#events) {
			if (this.#events.size <= EVENTS_MOST) break;
			this.#events.delete(oldest);
		}
		return true;
	}

	keep(name: string, webhook: HeardWebhook): void {
		this.#early.delete(name);
		this.#early.set(name, webhook);
		for (const oldest of this.#early.keys()) {
			if (this.#early.size <= EARLY_MOST) break;
			this.#early.delete(oldest);
		}
	}

	/** null: none came. */
	take(name: string): HeardWebhook | null {
		const webhook = this.#early.get(name);
		if (webhook === undefined) return null;
		this.#early.delete(name);
		return webhook;
	}
}
