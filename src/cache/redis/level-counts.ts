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
	readonly #cells: Float64Array;
	readonly #at: number;

	constructor(buffer: SharedArrayBuffer, worker: number) {
		this.#cells = new Float64Array(buffer);
		this.#at = worker * CELLS;
	}

	static create(workers: number): SharedArrayBuffer {
		return new SharedArrayBuffer(workers * CELLS * 8);
	}

	add(count: LevelCount, by = 1): void {
		const at = this.#at + count;
		this.#cells[at] = (this.#cells[at] as number) + by;
	}

	/** Of all workers. */
	static sum(buffer: SharedArrayBuffer): Record<keyof typeof LevelCount, number> {
		const cells = new Float64Array(buffer);
		const sums = Object.entries(LevelCount).map(([name, count]) => {
			let sum = 0;
			for (let at: number = count; at < cells.length; at += CELLS) sum += cells[at] as number;
			return [name, sum] as const;
		});
		return Object.fromEntries(sums) as Record<keyof typeof LevelCount, number>;
	}
}
