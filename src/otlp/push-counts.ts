/** What became of what was to be pushed to one destination, of one signal. */
export interface PushCounts {
	requests: number;
	failures: number;
	/** Points, lines or spans that the receiver took. */
	sent: number;
	/** That it did not take, by its own account. */
	rejected: number;
	/** That were never taken: no room, too big, or refused with the whole body. */
	dropped: number;
}

export const noCounts = (): PushCounts => ({ requests: 0, failures: 0, sent: 0, rejected: 0, dropped: 0 });
