/** When an instance that ended is started again, and when its ends are a crash loop. Pure. */

export interface EndHistory {
	/** Epoch ms of the ends of the last minute, oldest first. */
	readonly ends: readonly number[];
	/** Ends in a row without 60 s of health between. */
	readonly failures: number;
	/** The present crash loop was reported. */
	readonly reported: boolean;
}

export interface AfterEnd {
	readonly history: EndHistory;
	/** Until the next start, before jitter, ms. */
	readonly delayMs: number;
	/** A crash loop that was not reported yet. */
	readonly crashLoop: boolean;
}

export const NO_ENDS: EndHistory = { ends: [], failures: 0, reported: false };

const HEALTHY_MS = 60_000;
const LOOP_WINDOW_MS = 60_000;
const LOOP_ENDS = 5;
const FIRST_DELAY_MS = 500;
const MOST_DELAY_MS = 30_000;

/**
 * At once the first time, then 0.5 s, doubling to 30 s; from the start again once an instance was
 * ready for 60 s. Five ends within 60 s are a crash loop, reported once until that reset.
 * @param readyMs how long the life that ended had been ready; null: never
 */
export function afterEnd(history: EndHistory, now: number, readyMs: number | null): AfterEnd {
	const base = readyMs !== null && readyMs >= HEALTHY_MS ? NO_ENDS : history;
	const ends = [...base.ends.filter((end) => now - end < LOOP_WINDOW_MS), now];
	const looping = ends.length >= LOOP_ENDS && !base.reported;
	const next = { ends, failures: base.failures + 1, reported: base.reported || looping };
	return { history: next, delayMs: delayAfter(base.failures), crashLoop: looping };
}

function delayAfter(failures: number): number {
	return failures === 0 ? 0 : Math.min(MOST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 16));
}

/** Jitter of ± 10 %, within the 30 s. */
export function jittered(delayMs: number, random: number): number {
	return Math.min(MOST_DELAY_MS, delayMs * (0.9 + random * 0.2));
}
