import type { Coding } from './coding.ts';

/** What was compressed by a coding: totals. */
export interface CompressReading {
	readonly coding: Coding;
	/** Bytes before and after. What did not get smaller, and was given as it was, is in both. */
	readonly inBytes: number;
	readonly outBytes: number;
}

const ORDER: Readonly<Record<Coding, number>> = { br: 0, zstd: 2, gzip: 4 };
const CELLS = 6;

/** Bytes that were compressed, in a column for each worker; the control plane adds them up. */
export class CompressCounts {
	/** What this thread counts in. */
	static own: CompressCounts = new CompressCounts(CompressCounts.create(1), 0);
	readonly #cells: Float64Array;
	readonly #at: number;

	constructor(buffer: SharedArrayBuffer, worker: number) {
		this.#cells = new Float64Array(buffer);
		this.#at = worker * CELLS;
	}

	static create(workers: number): SharedArrayBuffer {
		return new SharedArrayBuffer(workers * CELLS * 8);
	}

	add(coding: Coding, inBytes: number, outBytes: number): void {
		const at = this.#at + ORDER[coding];
		this.#cells[at] = (this.#cells[at] as number) + inBytes;
		this.#cells[at + 1] = (this.#cells[at + 1] as number) + outBytes;
	}

	/** Of all workers; codings that nothing was compressed by are left out. */
	static sum(buffer: SharedArrayBuffer): CompressReading[] {
		const cells = new Float64Array(buffer);
		const sumAt = (first: number): number => {
			let sum = 0;
			for (let at = first; at < cells.length; at += CELLS) sum += cells[at] as number;
			return sum;
		};
		return (Object.entries(ORDER) as [Coding, number][])
			.map(([coding, at]) => ({ coding, inBytes: sumAt(at), outBytes: sumAt(at + 1) }))
			.filter(({ inBytes }) => inBytes > 0);
	}
}
