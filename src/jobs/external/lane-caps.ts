/** Places upstream that take fewer jobs than they should: somebody else uses them, too. */

interface Cap {
	concurrency: number;
	untilMs: number;
}

const LEAST_MS = 1000;
const MOST_MS = 600_000;

/** Lowers the limit of a lane for a while. */
export class LaneCaps {
	readonly #caps = new Map<string, Cap>();

	/** It refused a job though only `ours` of our own were under way. */
	lower(lane: string, ours: number, { nowMs, forMs }: { nowMs: number; forMs: number }): void {
		const known = this.#caps.get(lane);
		const concurrency = Math.max(1, ours);
		const untilMs = nowMs + Math.min(Math.max(forMs, LEAST_MS), MOST_MS);
		if (known !== undefined && known.untilMs > nowMs && known.concurrency <= concurrency) known.untilMs = untilMs;
		else this.#caps.set(lane, { concurrency, untilMs });
	}

	/** The limit that holds now. 0: as many as come. */
	of(lane: string, concurrency: number, nowMs: number): number {
		const cap = this.#caps.get(lane);
		if (cap === undefined) return concurrency;
		if (cap.untilMs <= nowMs) {
			this.#caps.delete(lane);
			return concurrency;
		}
		return concurrency === 0 ? cap.concurrency : Math.min(concurrency, cap.concurrency);
	}
}
