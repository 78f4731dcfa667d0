/** Several frames of one metric, one after the other in time, as one. */
import type { MetricKind } from '../core/metric.ts';
import { FrameReader, type FrameShape, FrameWriter, filled } from './frame.ts';

/** What the frames on disk hold. */
export function shapeOf(kind: MetricKind): FrameShape {
	return kind === 'counter' ? 'number' : kind === 'gauge' ? 'mean' : 'cells';
}

interface Sum {
	value: number;
	knownMs: number;
	cells: Float64Array | undefined;
}

export class FrameSum {
	readonly #kind: MetricKind;
	readonly #cells: number;
	readonly #sums = new Map<number, Sum>();

	/** @param cells of a histogram */
	constructor(kind: MetricKind, cells: number) {
		this.#kind = kind;
		this.#cells = cells;
	}

	/** @throws RangeError when it is damaged */
	add(frame: Uint8Array, range?: { from: number; to: number }): void {
		const reader = new FrameReader(shapeOf(this.#kind), frame, range);
		while (reader.next()) {
			const sum = this.#of(reader.id);
			if (this.#kind === 'gauge') this.#addMean(sum, reader);
			else sum.value += reader.value;
			if (sum.cells !== undefined) reader.addCells(sum.cells);
		}
	}

	/** A gauge had a value for so long. */
	addValue(id: number, value: number, knownMs: number): void {
		this.#addMean(this.#of(id), { value, knownMs });
	}

	#addMean(sum: Sum, { value, knownMs }: { value: number; knownMs: number }): void {
		sum.value += value * knownMs;
		sum.knownMs += knownMs;
	}

	#of(id: number): Sum {
		let sum = this.#sums.get(id);
		if (sum === undefined) {
			const cells = this.#kind === 'histogram' ? new Float64Array(this.#cells) : undefined;
			this.#sums.set(id, (sum = { value: 0, knownMs: 0, cells }));
		}
		return sum;
	}

	/** Ids of all series in it, growing. */
	ids(): number[] {
		return [...this.#sums.keys()].sort((one, other) => one - other);
	}

	/** `renamed`: what stands for an id in the frame that comes out. */
	encode(renamed: (id: number) => number = (id) => id): Uint8Array {
		const writer = new FrameWriter();
		const entries = [...this.#sums].map(([id, sum]) => [renamed(id), sum] as const);
		for (const [id, sum] of entries.sort(([one], [other]) => one - other)) {
			if (sum.cells !== undefined) writer.cells(id, sum.value, filled(sum.cells));
			else if (this.#kind === 'counter') writer.number(id, sum.value);
			else if (sum.knownMs > 0) writer.mean(id, sum.value / sum.knownMs, sum.knownMs);
		}
		return writer.take();
	}
}
