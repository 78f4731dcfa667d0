/**
 * What decides whether one more request fits a limit. It is synchronous: no request waits for it, so
 * an implementation that shares its limit with other nodes hands out quota that it leased before.
 *
 * `a` and `b` are independent halves of a keyed hash of whom the limit counts. `nowMs` is monotonic
 * and the same in all threads; any start will do.
 */
export interface RateLimiter {
	/** Takes one request out of what is left: 0 when it is admitted, else the ms (> 0) until it would be. */
	take(a: number, b: number, nowMs: number): number;
	/** Puts back what was taken for a request that was refused elsewhere. */
	give(a: number, b: number, nowMs: number): void;
}

/** How much a limit lets through. */
export interface RateLimiterOptions {
	/** Requests in `perMs`, 1…1,000,000. */
	count: number;
	/** ms; at least 0.001 for each request. */
	perMs: number;
	/** Requests at once after a rest, 1…1,000,000. */
	burst: number;
	/** Keys that can be told apart at one time. */
	entries: number;
	/** What happens to a key for which there is no room. */
	full: 'admit' | 'refuse';
}
