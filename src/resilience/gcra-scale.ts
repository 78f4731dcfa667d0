/** Most ticks from now to the end of what a full burst has taken, and one request more. */
const MOST_AHEAD = 2 ** 28;
/** No tick is shorter, so that half of the 2³² ticks is at least 35 minutes. */
const LEAST_TICK_MS = 0.001;
const MOST_TICK_MS = 1;
/** Ticks of one request that are fine enough. */
const FINE = 1024;

/** Times of one limit as 32-bit ticks: as fine as its rate needs and its burst allows. */
export interface GcraScale {
	ticksPerMs: number;
	/** Between two requests at the rate of the limit; a whole number, so that the rate is exact. */
	intervalTicks: number;
	/** How far the end of what was taken may lie ahead: a full burst. */
	burstTicks: number;
}

export function gcraScale(count: number, perMs: number, burst: number): GcraScale {
	const intervalMs = perMs / count;
	const tickMs = Math.min(Math.max(intervalMs / FINE, LEAST_TICK_MS), MOST_TICK_MS);
	const most = Math.floor(MOST_AHEAD / (burst + 1));
	const intervalTicks = Math.max(1, Math.min(Math.floor(intervalMs / tickMs), most));
	return { ticksPerMs: intervalTicks / intervalMs, intervalTicks, burstTicks: intervalTicks * burst };
}
