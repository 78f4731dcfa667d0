/** What the sharing out of traffic must know of a pool. */
export interface PoolFacts {
	readonly name: string;
	/** 1 is first. */
	readonly priority: number;
	/** Instances that there should be. */
	readonly wanted: number;
	/** Instances that take requests. */
	readonly ready: number;
	/** What it takes beside pools of its priority: a sum of weights; 0 where nothing is ready. */
	readonly capacity: number;
	/** Taken out by hand. */
	readonly drained: boolean;
}
