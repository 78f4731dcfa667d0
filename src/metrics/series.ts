/** What a metric counts for one combination of its labels' values. Written by collectors, read by all others. */
import { type CellLayout, cellsOf, EXPLICIT_CELLS, EXPLICIT_OF_CELL, explicitCellOf } from './cells.ts';
import { bucketOf } from './meter.ts';

/** A total that never falls. */
export class CounterSeries {
	/** Unique in the registry, growing, never used again. */
	readonly id: number;
	/** Of the metric's labels, in their order. */
	readonly values: readonly string[];
	value = 0;
	/** Of `value` what was counted before the series was there. */
	base = 0;
	#reading: number | undefined;

	constructor(id: number, values: readonly string[]) {
		this.id = id;
		this.values = values;
	}

	add(count: number): void {
		if (count > 0) this.value += count;
	}

	/** Takes a total that is counted elsewhere. One that is less than before began anew there. */
	read(total: number): void {
		if (!(total >= 0)) return;
		const before = this.#reading ?? 0;
		this.value += total >= before ? total - before : total;
		this.#reading = total;
	}

	/** The same where whoever counts began long before, such as a process that another core has started. */
	readOn(total: number): void {
		if (this.#reading === undefined && total > 0) this.base = total;
		this.read(total);
	}
}

export class GaugeSeries {
	readonly id: number;
	readonly values: readonly string[];
	/** NaN: not known. */
	value: number = Number.NaN;

	constructor(id: number, values: readonly string[]) {
		this.id = id;
		this.values = values;
	}

	set(value: number): void {
		this.value = value;
	}
}

/** A histogram that is counted elsewhere, since its begin. `count` and `sum` (seconds) are of the same. */
export interface HistogramReading {
	cells: ArrayLike<number>;
	count: number;
	sum: number;
}

export class HistogramSeries {
	readonly id: number;
	readonly values: readonly string[];
	readonly layout: CellLayout;
	count = 0;
	/** Seconds. */
	sum = 0;
	/** Counts of the cells of `layout`; each wraps at 2^32. */
	readonly cells: Uint32Array;
	/** Counts under the bounds of OpenTelemetry, each cell for itself. */
	readonly explicit: Float64Array = new Float64Array(EXPLICIT_CELLS);
	/** What the last reading added: cells, and how many to each. */
	added: { cells: number[]; counts: number[] } = { cells: [], counts: [] };
	#reading = { count: 0, sum: 0, settled: false };
	/** `cells` when what is read began anew. */
	#base: Uint32Array | undefined;

	constructor(id: number, values: readonly string[], layout: CellLayout) {
		this.id = id;
		this.values = values;
		this.layout = layout;
		this.cells = new Uint32Array(cellsOf(layout));
	}

	observe(seconds: number): void {
		const cell = this.layout === 'explicit' ? explicitCellOf(seconds) : bucketOf(seconds * 1e6);
		this.cells[cell] = (this.cells[cell] as number) + 1;
		this.#count(this.layout === 'explicit' ? cell : explicitCellOf(seconds), 1);
		this.sum += seconds;
	}

	#count(explicit: number, count: number): void {
		this.explicit[explicit] = (this.explicit[explicit] as number) + count;
		this.count += count;
	}

	/** Takes what is counted elsewhere, in cells of this layout. Less than before: it began anew there. */
	read({ cells, count, sum }: HistogramReading): void {
		const last = this.#reading;
		const same = count === last.count;
		this.added = { cells: [], counts: [] };
		// A writer on another thread may be between its count and its cell: one more look after the last change.
		if (same && last.settled) return;
		if (count < last.count) this.#base = this.cells.slice();
		for (let i = 0; i < this.cells.length; i++) {
			const known = (this.cells[i] as number) - (this.#base?.[i] ?? 0);
			const more = ((cells[i] as number) - known) >>> 0;
			if (more !== 0) this.#add(i, more);
		}
		this.sum += count < last.count || sum < last.sum ? sum : sum - last.sum;
		this.#reading = { count, sum, settled: same };
	}

	#add(cell: number, more: number): void {
		this.cells[cell] = (this.cells[cell] as number) + more;
		this.#count(this.layout === 'explicit' ? cell : (EXPLICIT_OF_CELL[cell] as number), more);
		this.added.cells.push(cell);
		this.added.counts.push(more);
	}
}

export type Series = CounterSeries | GaugeSeries | HistogramSeries;

export interface SeriesByKind {
	counter: CounterSeries;
	gauge: GaugeSeries;
	histogram: HistogramSeries;
}
