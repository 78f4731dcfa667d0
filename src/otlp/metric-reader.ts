import type { MetricDefinition } from '../core/metric.ts';
import type { KeyValue } from './common-messages.ts';
import { exponentialOf } from './exponential.ts';
import {
	CUMULATIVE,
	DELTA,
	type ExponentialPoint,
	type HistogramPoint,
	type Metric,
	type NumberPoint,
} from './metric-messages.ts';
import { otelLabel, otelName, otelUnit } from './metric-names.ts';
import type { HistogramSeries, HistogramShape, MetricSource, NumberSeries, SourceSeries } from './metric-source.ts';

export interface ReaderOptions {
	temporality: 'delta' | 'cumulative';
	/** What fine histograms are sent as; those that have only bounds are sent with these. */
	histograms: 'explicit' | 'exponential';
	shape: HistogramShape;
	/** Since when the source counts, epoch ms. */
	startMs: number;
}

/** One point of a series, and how to remember that it arrived. */
export interface Reading {
	definition: MetricDefinition;
	kind: 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram';
	point: NumberPoint | HistogramPoint | ExponentialPoint;
	/** It arrived: the next delta begins after it. */
	commit(): void;
}

interface Sent {
	timeMs: number;
	/** Of a counter; of a histogram its count. */
	value: number;
	sum: number;
	cells: ArrayLike<number>;
}

const NOTHING: ArrayLike<number> = [];

/**
 * Reads the registry for one destination. What is a delta begins where the last one that *arrived* ended, so that
 * nothing is lost while the destination is away and nothing needs to be kept for it.
 */
export class MetricReader {
	readonly #source: MetricSource;
	readonly #options: ReaderOptions;
	readonly #sent = new Map<number, Sent>();
	#startMs: number;

	constructor(source: MetricSource, options: ReaderOptions) {
		this.#source = source;
		this.#options = options;
		this.#startMs = options.startMs;
	}

	/** What is counted by now is known elsewhere: deltas begin here. */
	begin(nowMs: number): void {
		if (!this.#isDelta) return;
		this.#startMs = nowMs;
		for (const { commit } of this.read(nowMs)) commit();
	}

	/** Deltas begin where those of another reader of the same source ended. */
	goOn(other: MetricReader): void {
		if (!this.#isDelta) return;
		this.#startMs = other.#startMs;
		for (const [id, one] of other.#sent) this.#sent.set(id, one);
	}

	read(nowMs: number): Reading[] {
		const readings: Reading[] = [];
		let seen = 0;
		for (const { definition, all } of this.#source.metrics()) {
			seen += all.length;
			for (const series of all) {
				const reading =
					'value' in series ? this.#number(definition, series, nowMs) : this.#histogram(definition, series, nowMs);
				if (reading !== undefined) readings.push(reading);
			}
		}
		this.#forget(seen * 2 + 1000);
		return readings;
	}

	#number(definition: MetricDefinition, series: NumberSeries, nowMs: number): Reading | undefined {
		const { value } = series;
		if (!Number.isFinite(value)) return undefined;
		const attributes = attributesOf(definition, series);
		if (definition.kind === 'gauge') {
			const point = { attributes, timeUnixNano: nowMs, asDouble: value };
			return { definition, kind: 'gauge', point, commit: () => {} };
		}
		const { startMs, sent } = this.#since(series);
		const known = sent?.value ?? (this.#isDelta ? (series.base ?? 0) : 0);
		const before = known > value ? 0 : known;
		const point = { attributes, startTimeUnixNano: startMs, timeUnixNano: nowMs, asDouble: value - before };
		const commit = (): void => this.#remember(series, { timeMs: nowMs, value, sum: 0, cells: NOTHING });
		return { definition, kind: 'sum', point, commit };
	}

	#histogram(definition: MetricDefinition, series: HistogramSeries, nowMs: number): Reading | undefined {
		const { shape, histograms } = this.#options;
		const { startMs, sent } = this.#since(series);
		if (this.#isDelta && series.count === (sent?.value ?? 0)) return undefined;
		const fine = histograms === 'exponential' && series.layout === 'log-linear';
		const now = Float64Array.from(fine ? series.cells : series.explicit);
		const cells = less(now, sent?.cells ?? NOTHING, fine);
		let count = 0;
		for (const cell of cells) count += cell;
		if (this.#isDelta && count === 0) return undefined;
		const { sum } = series;
		const common = {
			attributes: attributesOf(definition, series),
			startTimeUnixNano: startMs,
			timeUnixNano: nowMs,
			count,
			sum: Math.max(0, sum - (sent?.sum ?? 0)),
		};
		const seen = series.count;
		const commit = (): void => this.#remember(series, { timeMs: nowMs, value: seen, sum, cells: now });
		if (fine) {
			const point = { ...common, ...exponentialOf(cells, shape.middleOf) };
			return { definition, kind: 'exponentialHistogram', point, commit };
		}
		const point = { ...common, bucketCounts: cells, explicitBounds: shape.bounds };
		return { definition, kind: 'histogram', point, commit };
	}

	get #isDelta(): boolean {
		return this.#options.temporality === 'delta';
	}

	#since(series: SourceSeries): { startMs: number; sent: Sent | undefined } {
		const sent = this.#sent.get(series.id);
		return { startMs: sent?.timeMs ?? this.#startMs, sent };
	}

	#remember(series: SourceSeries, sent: Sent): void {
		if (!this.#isDelta) return;
		// At the end of the map: the first ones are those that were not sent for the longest time.
		this.#sent.delete(series.id);
		this.#sent.set(series.id, sent);
	}

	#forget(most: number): void {
		for (const id of this.#sent.keys()) {
			if (this.#sent.size <= most) return;
			this.#sent.delete(id);
		}
	}
}

function attributesOf({ labels }: MetricDefinition, { values }: SourceSeries): KeyValue[] {
	const attributes: KeyValue[] = [];
	for (let i = 0; i < labels.length; i++) {
		const value = values[i] ?? '';
		if (value === '') continue;
		const key = otelLabel(labels[i] as string);
		const code = key === 'http.response.status_code' && /^\d{3}$/.test(value);
		attributes.push({ key, value: code ? { intValue: Number(value) } : { stringValue: value } });
	}
	return attributes;
}

/** What came to each cell; fine ones wrap at 2^32. */
function less(now: Float64Array, before: ArrayLike<number>, wraps: boolean): Float64Array {
	const more = now.slice();
	for (let i = 0; i < before.length; i++) {
		const grown = (more[i] as number) - (before[i] as number);
		more[i] = wraps ? grown >>> 0 : Math.max(0, grown);
	}
	return more;
}

/** Points of one metric together. */
export function metricsOf(readings: readonly Reading[], temporality: ReaderOptions['temporality']): Metric[] {
	const aggregationTemporality = temporality === 'delta' ? DELTA : CUMULATIVE;
	const groups = new Map<string, Reading[]>();
	for (const reading of readings) {
		const key = `${reading.definition.name} ${reading.kind}`;
		const group = groups.get(key);
		if (group === undefined) groups.set(key, [reading]);
		else group.push(reading);
	}
	return Array.from(groups.values(), (group) => {
		const { definition, kind } = group[0] as Reading;
		const dataPoints = group.map((reading) => reading.point);
		const { name, help, unit } = definition;
		const head = { name: otelName(name), description: help, unit: otelUnit(unit) };
		if (kind === 'gauge') return { ...head, gauge: { dataPoints } };
		if (kind === 'sum') return { ...head, sum: { dataPoints, aggregationTemporality, isMonotonic: true } };
		return { ...head, [kind]: { dataPoints, aggregationTemporality } };
	});
}
