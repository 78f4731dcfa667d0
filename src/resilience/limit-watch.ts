/** Without a refusal for so long a limit has stopped refusing; so a limit is told of at most so often. */
const QUIET_MS = 10_000;

/** What is known of a limit. Times by any monotonic clock. */
export interface LimitState {
	/** Requests refused, and requests whose key found no room: since the limit began. */
	refused: number;
	full: number;
	/** When that last happened, ms. */
	refusedAtMs: number;
	fullAtMs: number;
}

export const UNSEEN: LimitState = {
	refused: 0,
	full: 0,
	refusedAtMs: Number.NEGATIVE_INFINITY,
	fullAtMs: Number.NEGATIVE_INFINITY,
};

/** Counts as their table has them: they wrap at 2³². */
export interface LimitCounts {
	refused: number;
	full: number;
}

/** Adds up what was counted since the last look, and tells what has begun. */
export function decideLimit(
	before: LimitState,
	counts: LimitCounts,
	nowMs: number,
): { state: LimitState; begins: { refusing: boolean; full: boolean } } {
	const refused = (counts.refused - before.refused) >>> 0;
	const full = (counts.full - before.full) >>> 0;
	const state: LimitState = {
		refused: before.refused + refused,
		full: before.full + full,
		refusedAtMs: refused > 0 ? nowMs : before.refusedAtMs,
		fullAtMs: full > 0 ? nowMs : before.fullAtMs,
	};
	const begins = {
		refusing: refused > 0 && nowMs - before.refusedAtMs >= QUIET_MS,
		full: full > 0 && nowMs - before.fullAtMs >= QUIET_MS,
	};
	return { state, begins };
}
