/**
 * Sums that workers count in shared memory. Each has a column of its own, so that none waits for another; the control
 * plane adds the columns up.
 */
export class WorkerCounts {
	readonly #cells: Float64Array;
	readonly #at: number;

	/** @param worker from 0 on; `size`: as it was created with */
	constructor(buffer: SharedArrayBuffer, worker: number, size: number) {
		this.#cells = new Float64Array(buffer);
		this.#at = worker * size;
	}

	/** @param size how many sums each worker has */
	static create(workers: number, size: number): SharedArrayBuffer {
		return new SharedArrayBuffer(workers * size * Float64Array.BYTES_PER_ELEMENT);
	}

	add(cell: number, by: number): void {
		const at = this.#at + cell;
		this.#cells[at] = (this.#cells[at] as number) + by;
	}

	/** Of all workers, by cell. */
	static sum(buffer: SharedArrayBuffer, size: number): number[] {
		const sums = new Array<number>(size).fill(0);
		for (const [at, value] of new Float64Array(buffer).entries()) sums[at % size] = (sums[at % size] as number) + value;
		return sums;
	}
}
