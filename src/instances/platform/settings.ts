/** Times of a `PlatformProvider`; all in ms. */
export interface PlatformSettings {
	/** Between two looks; a platform that is watched is looked at a sixth as often. */
	pollMs: number;
	/** Most time for one call. */
	limitMs: number;
	/** Before the first repetition; doubled each time. */
	retryMs: number;
	/** Tries of one change until it is given up. */
	tries: number;
	/** Removals within this time are made by one call. */
	batchMs: number;
	/** How long a change that was refused is not tried again: the first time and at most. */
	holdMs: readonly [number, number];
	/** A group that has not got its size for so long is said to be stuck. */
	stuckMs: number;
	/** Between two readings of what members use. */
	usageMs: number;
	/** A member that probes find dead for so long is reported to the platform. */
	unhealthyMs: number;
}

export const PLATFORM_SETTINGS: PlatformSettings = {
	pollMs: 5000,
	limitMs: 30_000,
	retryMs: 1000,
	tries: 5,
	batchMs: 50,
	holdMs: [60_000, 600_000],
	stuckMs: 600_000,
	usageMs: 15_000,
	unhealthyMs: 60_000,
};
