import type { JobResult } from '../job.ts';

interface Kept {
	/** null: there was no answer. */
	result: Promise<JobResult | null>;
	atMs: number;
}

const KEPT_MOST = 1000;
/** An upstream that gave no answer is left alone for so long, ms. */
const FAILED_MS = 5000;

/** Results that were asked for anew: one question for all who ask meanwhile, and for a while after. */
export class FreshResults {
	readonly #kept = new Map<string, Kept>();

	/** `forMs`: how long an answer is given again. */
	of(
		id: string,
		fetch: () => Promise<JobResult | null>,
		{ nowMs, forMs }: { nowMs: number; forMs: number },
	): Promise<JobResult | null> {
		const known = this.#kept.get(id);
		if (known !== undefined && nowMs - known.atMs < forMs) return known.result;
		const kept: Kept = { result: fetch(), atMs: nowMs };
		this.#kept.delete(id);
		this.#kept.set(id, kept);
		for (const oldest of this.#kept.keys()) {
			if (this.#kept.size <= KEPT_MOST) break;
			this.#kept.delete(oldest);
		}
		void kept.result.then((result) => {
			if (result === null) kept.atMs = nowMs - forMs + Math.min(forMs, FAILED_MS);
		});
		return kept.result;
	}
}
