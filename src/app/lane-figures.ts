import type { Credit } from '../jobs/external/credit-watch.ts';

/** A place upstream, such as an account, as this node knows it. The counts are since the thread began. */
export interface LaneFigures {
	queue: string;
	lane: string;
	/** Jobs of this node there. */
	running: number;
	/** Those of them that have ended here, and that it is told to end. */
	ending: number;
	/** Jobs that it may have now; 0: as many as come. */
	slots: number;
	/** First attempts there, and how long all of them had waited, s. */
	started: number;
	waitedS: number;
	/** Jobs that succeeded there, and how long they took from the start of their last attempt, s. */
	done: number;
	ranS: number;
	/** null: it is not watched. */
	credit: Credit | null;
}
