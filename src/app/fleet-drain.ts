/** How long an instance that leaves may take over what it has in flight. */

export interface Deadlines {
	/** Epoch ms until which requests in flight are waited for. */
	readonly drainUntil: number;
	/** Epoch ms at which a process that has not ended is killed. */
	readonly killAt: number;
}

/** Least time that is left to a process between its SIGTERM and its end, ms. */
const ENDING_MS = 2000;
const POLL_MS = 20;

/** The grace is for all of it, so a part of it is kept back for the process to end in. */
export function deadlines(now: number, graceMs: number): Deadlines {
	return { drainUntil: now + graceMs - Math.min(ENDING_MS, graceMs / 4), killAt: now + graceMs };
}

/**
 * Waits until nothing is in flight. The first look comes after a moment only: a worker may have
 * chosen the instance just before its state changed.
 * @returns what was still in flight at the deadline; 0: drained; null: given up
 */
export async function untilIdle(
	inFlight: () => number,
	until: () => number,
	givenUp: () => boolean,
): Promise<number | null> {
	for (;;) {
		await new Promise((resolve) => setTimeout(resolve, POLL_MS));
		if (givenUp()) return null;
		const left = inFlight();
		if (left <= 0) return 0;
		if (Date.now() >= until()) return left;
	}
}

/** Waits for a promise, but not beyond a deadline (epoch ms), which may move. */
export async function settledBy(promise: Promise<void>, until: () => number): Promise<void> {
	let settled = false;
	const watched = promise.finally(() => {
		settled = true;
	});
	const timeout = async () => {
		while (!settled && Date.now() < until()) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
	};
	await Promise.race([watched, timeout()]);
}
