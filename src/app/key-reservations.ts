/** Idempotency keys whose requests are being stored, and for whom: one at a time. */
export class KeyReservations {
	/** By key, the job that it is reserved for. */
	readonly #jobs = new Map<string, string>();
	/** By key, who asked. */
	readonly #askers = new Map<string, object>();

	/** False: another has it. */
	reserve(key: string, by: string): boolean {
		const known = this.#jobs.get(key);
		if (known === undefined) this.#jobs.set(key, by);
		return known === undefined || known === by;
	}

	reservedFor(key: string, asker: object): void {
		this.#askers.set(key, asker);
	}

	release(key: string, by: string): void {
		if (this.#jobs.get(key) !== by) return;
		this.#jobs.delete(key);
		this.#askers.delete(key);
	}

	/** Whoever asked is no more. */
	left(asker: object): void {
		for (const [key, by] of this.#askers) {
			if (by !== asker) continue;
			this.#askers.delete(key);
			this.#jobs.delete(key);
		}
	}
}
