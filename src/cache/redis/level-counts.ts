import { WorkerCounts } from '../../core/worker-counts.ts';

/** What workers count of a level; each writes its own column, the control plane adds them up. */
export const LevelCount = {
	hits: 0,
	misses: 1,
	/** It failed, or did not answer in time. */
	errors: 2,
	/** It was not asked: it is out of order. */
	skipped: 3,
	/** Values that are none that can be believed. */
	damaged: 4,
	kept: 5,
	/** Not kept: too large, too much at once, or it failed. */
	lost: 6,
	/** Of finds that were answered, µs in all. */
	timeUs: 7,
} as const;
export type LevelCount = (typeof LevelCount)[keyof typeof LevelCount];

const CELLS = 8;

export class LevelCounts {
	readonly #counts: WorkerCounts;

	constructor(buffer: SharedArrayBuffer, worker: number) {
		this.#counts = new WorkerCounts(buffer, worker, CELLS);
	}

	static create(workers: number): SharedArrayBuffer {
		return WorkerCounts.create(workers, CELLS);
	}

	add(count: LevelCount, by = 1): void {
		this.#counts.add(count, by);
	}

	/** Of all workers. */
	static sum(buffer: SharedArrayBuffer): Record<keyof typeof LevelCount, number> {
		const sums = WorkerCounts.sum(buffer, CELLS);
		const named = Object.entries(LevelCount).map(([name, count]) => [name, sums[count] as number] as const);
		return Object.fromEntries(named) as Record<keyof typeof LevelCount, number>;
	}
}
