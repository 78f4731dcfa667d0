import type { AttemptOutcome } from '../attempt.ts';
import { decidePoll } from './decide-poll.ts';
import type { ExternalPolicy } from './external-policy.ts';
import type { HeldJob } from './held-job.ts';
import { parseJson, readStatuses, type SeenStatus } from './read-status.ts';

/** Pauses after a question that was not answered, ms. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** A decision is taken anew after this at the latest, ms. */
const LOOK_MS = 60_000;

export interface PollParts {
	ask(of: HeldJob, target: string): Promise<AttemptOutcome>;
	text(outcome: AttemptOutcome): Promise<string | null>;
	/** What was seen of it; undefined: nothing, though it was asked for. */
	seen(held: HeldJob, status: SeenStatus | undefined): void;
	/** Whether webhooks came lately. */
	heard(): boolean;
	nowMs(): number;
}

/** The jobs of one place upstream, asked for together; one question at a time. */
export class PollGroup {
	readonly #parts: PollParts;
	readonly #policy: ExternalPolicy;
	readonly #held = new Map<string, HeldJob>();
	#timer: NodeJS.Timeout | undefined;
	#asking = false;
	#failures = 0;
	#notBeforeMs = 0;

	constructor(policy: ExternalPolicy, parts: PollParts) {
		this.#policy = policy;
		this.#parts = parts;
	}

	get size(): number {
		return this.#held.size;
	}

	add(held: HeldJob): void {
		this.#held.set(held.job.token, held);
		this.look();
	}

	remove(token: string): void {
		this.#held.delete(token);
		if (this.#held.size === 0) this.close();
	}

	/** Something has changed: it may be time to ask. */
	look(): void {
		clearTimeout(this.#timer);
		if (!this.#asking) void this.#turn();
	}

	async #turn(): Promise<void> {
		this.#asking = true;
		let nextMs: number | null = null;
		try {
			for (;;) {
				const nowMs = this.#parts.nowMs();
				nextMs = this.#notBeforeMs;
				if (nextMs > nowMs) break;
				const jobs = [...this.#held.values()].flatMap((held) => held.polled());
				const { most } = this.#policy.status;
				const decision = decidePoll(jobs, this.#policy.poll, { nowMs, heard: this.#parts.heard(), most });
				nextMs = decision.nextMs;
				if (decision.ask.length === 0) break;
				for (const ids of decision.ask) await this.#question(ids);
			}
		} finally {
			this.#asking = false;
		}
		if (nextMs === null || this.#held.size === 0) return;
		const inMs = Math.min(LOOK_MS, Math.max(1, nextMs - this.#parts.nowMs()));
		this.#timer = setTimeout(() => this.look(), inMs);
	}

	async #question(ids: readonly string[]): Promise<void> {
		const held = [...this.#held.values()].filter((one) => one.ids.some((id) => ids.includes(id)));
		const [first] = held;
		if (first === undefined) return;
		const { path } = this.#policy.status;
		const target = path.replace('{ids}', ids.join(',')).replace('{id}', ids[0] ?? '');
		const outcome = await this.#parts.ask(first, target);
		const text = await this.#parts.text(outcome);
		// About one job a 404 is an answer.
		const gone = outcome.kind === 'answered' && outcome.status === 404 && this.#policy.status.most === 1;
		const answered = outcome.kind === 'answered' && (outcome.status < 400 || gone);
		const answer = answered && text !== null ? parseJson(text) : undefined;
		if (answer === undefined) {
			this.#failed(outcome);
			return;
		}
		this.#failures = 0;
		const statuses = !gone ? readStatuses(answer, ids, this.#policy.status) : new Map<string, SeenStatus>();
		const nowMs = this.#parts.nowMs();
		for (const one of held) {
			if (!this.#held.has(one.job.token)) continue;
			one.askedMs = nowMs;
			one.wantedMs = null;
			this.#parts.seen(one, one.ids.some((id) => statuses.has(id)) ? one.see(statuses) : undefined);
		}
	}

	#failed(outcome: AttemptOutcome): void {
		const wantedMs = (outcome.kind === 'answered' ? outcome.retryAfterMs : null) ?? 0;
		const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures++, 10));
		this.#notBeforeMs = this.#parts.nowMs() + Math.max(pauseMs, Math.min(wantedMs, LONGEST_PAUSE_MS));
	}

	close(): void {
		clearTimeout(this.#timer);
	}
}
