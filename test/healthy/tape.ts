/**
 * What all kept metrics did, second by second, as lines of JSON: what `Recent` is told of them, so that the
 * figures of the replay are those that the alerts were looked at with.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import type { FigureSeries, Labels, MetricDefinition } from '../../src/core/metric.ts';
import type { CellLayout } from '../../src/metrics/cells.ts';
import type { Metric, Registry } from '../../src/metrics/registry.ts';
import { CounterSeries, GaugeSeries, HistogramSeries, type Series } from '../../src/metrics/series.ts';

/** One second. What is left out is empty. */
export interface TapeSecond {
	/** Epoch ms. */
	timeMs: number;
	metrics?: { definition: MetricDefinition; cells: CellLayout }[];
	/** Series that are there from now on: a number of their own, the metric's place among all that were told, the labels' values. */
	came?: [id: number, metric: number, ...values: string[]][];
	/** Numbers of those that are gone. */
	went?: number[];
	/** Number, value, number, value …: by how much a counter grew, what a gauge is now; null: not known. */
	values?: (number | null)[];
	/** Of a histogram: number, by how much the sum grew, then cell, count, cell, count … */
	cells?: number[][];
}

/** What Ballast itself answered at the end of the recording. */
export interface Asked {
	query: string;
	from: number;
	to: number;
	points: number;
	series: FigureSeries[];
}

/** What stands beside the tape, for people and for the replay. */
export interface About {
	ballast: string;
	date: string;
	minutes: number;
	machine: string;
	remarks: string[];
	/** What the load did. */
	load: Record<string, number>;
	/** What the operator did, with the minute and what came of it. */
	done: string[];
	/** Each change of an alert. */
	alerts: { minute: number; name: string; state: string; value: number | null; labels: Labels }[];
	/** Alerts that held in truth, by rule, and why: what else the machine had to do. Written by hand behind the recording. */
	held: Record<string, string>;
	answers: Asked[];
}

/** To a millionth, which is what `Recent` keeps. */
const parts = (value: number): number => Math.round(value * 1e6) / 1e6;

interface Known {
	id: number;
	metric: Metric;
	value: number;
	sum: number;
	cells: Uint32Array;
}

/** Writes what a registry holds; asked once a second. */
export class TapeWriter {
	readonly #registry: Registry;
	readonly #wanted: (metric: Metric) => boolean;
	readonly #metrics = new Map<Metric, number>();
	readonly #known = new Map<Series, Known>();
	#lastId = 0;

	constructor(registry: Registry, wanted: (metric: Metric) => boolean = () => true) {
		this.#registry = registry;
		this.#wanted = wanted;
	}

	second(timeMs: number): TapeSecond {
		const second: Required<TapeSecond> = { timeMs, metrics: [], came: [], went: [], values: [], cells: [] };
		const gone = new Set(this.#known.keys());
		for (const metric of this.#registry.metrics()) {
			if (!metric.kept || !this.#wanted(metric)) continue;
			for (const series of metric.all) {
				gone.delete(series);
				this.#write(series, this.#of(metric, series, second), second);
			}
		}
		for (const series of gone) {
			second.went.push((this.#known.get(series) as Known).id);
			this.#known.delete(series);
		}
		const filled = Object.entries(second).filter(([, value]) => !Array.isArray(value) || value.length > 0);
		return Object.fromEntries(filled) as unknown as TapeSecond;
	}

	#of(metric: Metric, series: Series, second: Required<TapeSecond>): Known {
		const known = this.#known.get(series);
		if (known !== undefined) return known;
		let place = this.#metrics.get(metric);
		if (place === undefined) {
			this.#metrics.set(metric, (place = this.#metrics.size));
			second.metrics.push({ definition: metric.definition, cells: metric.cells });
		}
		const cells = new Uint32Array(series instanceof HistogramSeries ? series.cells.length : 0);
		const value = series instanceof CounterSeries ? series.base : Number.NaN;
		const made = { id: ++this.#lastId, metric, value, sum: 0, cells };
		this.#known.set(series, made);
		second.came.push([made.id, place, ...series.values]);
		return made;
	}

	#write(series: Series, known: Known, second: Required<TapeSecond>): void {
		if (series instanceof HistogramSeries) {
			if (known.value === series.count) return;
			known.value = series.count;
			const line = [known.id, parts(series.sum - known.sum)];
			for (const [cell, count] of series.cells.entries()) {
				const more = count - (known.cells[cell] as number);
				if (more !== 0) line.push(cell, more);
			}
			known.sum = series.sum;
			known.cells.set(series.cells);
			second.cells.push(line);
			return;
		}
		if (Object.is(series.value, known.value)) return;
		if (series instanceof GaugeSeries) {
			known.value = series.value;
			second.values.push(known.id, Number.isNaN(series.value) ? null : series.value);
			return;
		}
		const grown = parts(series.value - known.value);
		if (grown === 0) return;
		known.value += grown;
		second.values.push(known.id, grown);
	}
}

/** Has a registry do what was written. */
export class TapePlayer {
	readonly #registry: Registry;
	readonly #metrics: Metric[] = [];
	readonly #series = new Map<number, { metric: Metric; series: Series }>();

	constructor(registry: Registry) {
		this.#registry = registry;
	}

	play({ metrics = [], came = [], went = [], values = [], cells = [] }: TapeSecond): void {
		for (const metric of metrics)
			this.#metrics.push(this.#registry.define(metric.definition, { cells: metric.cells }) as Metric);
		for (const [id, place, ...labels] of came) {
			const metric = this.#metrics[place] as Metric;
			this.#series.set(id, { metric, series: metric.series(...labels) });
		}
		for (const id of went) {
			const { metric, series } = this.#of(id);
			metric.remove(...series.values);
			this.#series.delete(id);
		}
		for (let at = 0; at < values.length; at += 2) {
			const { series } = this.#of(values[at] as number);
			const value = values[at + 1] ?? Number.NaN;
			if (series instanceof CounterSeries) series.add(value);
			else if (series instanceof GaugeSeries) series.set(value);
		}
		for (const [id = 0, sum = 0, ...counts] of cells) this.#fill(this.#of(id).series, sum, counts);
	}

	#of(id: number): { metric: Metric; series: Series } {
		const found = this.#series.get(id);
		if (found === undefined) throw new RangeError(`the tape has no series ${id}`);
		return found;
	}

	#fill(series: Series, sum: number, counts: readonly number[]): void {
		if (!(series instanceof HistogramSeries)) return;
		series.sum += sum;
		for (let at = 0; at < counts.length; at += 2) {
			const cell = counts[at] as number;
			const count = counts[at + 1] as number;
			series.cells[cell] = (series.cells[cell] as number) + count;
			series.count += count;
		}
	}
}

/** A line for each second, compressed. */
export function writeTape(file: string | URL, lines: string): void {
	const bytes = Buffer.from(lines);
	writeFileSync(
		file,
		brotliCompressSync(bytes, {
			params: {
				[constants.BROTLI_PARAM_QUALITY]: 11,
				[constants.BROTLI_PARAM_LGWIN]: 24,
				[constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
				[constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
			},
		}),
	);
}

export function readTape(file: string | URL): TapeSecond[] {
	const lines = brotliDecompressSync(readFileSync(file)).toString('utf8').split('\n').filter(Boolean);
	return lines.map((line) => JSON.parse(line) as TapeSecond);
}
