import { WorkerCounts } from '../../core/worker-counts.ts';
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
	readonly #counts: WorkerCounts;

	constructor(buffer: SharedArrayBuffer, worker: number) {
		this.#counts = new WorkerCounts(buffer, worker, CELLS);
	}

	static create(workers: number): SharedArrayBuffer {
		return WorkerCounts.create(workers, CELLS);
	}

	add(coding: Coding, inBytes: number, outBytes: number): void {
		this.#counts.add(ORDER[coding], inBytes);
		this.#counts.add(ORDER[coding] + 1, outBytes);
	}

	/** Of all workers; codings that nothing was compressed by are left out. */
	static sum(buffer: SharedArrayBuffer): CompressReading[] {
		const sums = WorkerCounts.sum(buffer, CELLS);
		return (Object.entries(ORDER) as [Coding, number][])
			.map(([coding, at]) => ({ coding, inBytes: sums[at] as number, outBytes: sums[at + 1] as number }))
			.filter(({ inBytes }) => inBytes > 0);
	}
}
