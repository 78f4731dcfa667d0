import type { MetricDefinition } from '../core/metric.ts';

/** Where pushed metrics come from: the registry, as far as it is read here. */
export interface MetricSource {
	metrics(): readonly SourceMetric[];
}

export interface SourceMetric {
	readonly definition: MetricDefinition;
	readonly all: readonly SourceSeries[];
}

export type SourceSeries = NumberSeries | HistogramSeries;

export interface NumberSeries {
	/** Unique in the source, never used again. */
	readonly id: number;
	/** Of the metric's labels, in their order. */
	readonly values: readonly string[];
	/** NaN: not known. */
	readonly value: number;
	/** Of a counter: what it had when it was first seen; default 0. */
	readonly base?: number;
}

export interface HistogramSeries {
	readonly id: number;
	readonly values: readonly string[];
	readonly count: number;
	/** Seconds. */
	readonly sum: number;
	/** `log-linear`: `cells` are fine ones; each wraps at 2^32. */
	readonly layout: 'log-linear' | 'explicit';
	readonly cells: ArrayLike<number>;
	/** Under `HistogramShape.bounds`, one more than there are of them, each for itself. */
	readonly explicit: ArrayLike<number>;
}

/** How the source's histograms are cut. */
export interface HistogramShape {
	/** Upper bounds of `explicit`, seconds, inclusive. */
	bounds: readonly number[];
	/** The middle of a cell of `log-linear`, seconds. */
	middleOf(cell: number): number;
}
