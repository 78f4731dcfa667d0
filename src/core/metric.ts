/** What is measured, and how it is asked for: the words that metrics, alerts, exports and the terminal share. */

/** `ratio`: 0…1. `number`: of things. */
export type Unit = 'number' | 'seconds' | 'bytes' | 'ratio';

export type MetricKind = 'counter' | 'gauge' | 'histogram';

/** A metric under its Prometheus name: base unit, `_total` for a counter. */
export interface MetricDefinition {
	name: string;
	kind: MetricKind;
	unit: Unit;
	/** One sentence without a full stop at the end. */
	help: string;
	/** Label names, in order. No value of a label comes from a client's input. */
	labels: readonly string[];
}

export type Labels = Readonly<Record<string, string>>;

/**
 * A figure that people and rules ask for by a short name: `p95`, `error_rate`, `instances.ready`.
 * Each is taken from one or more metrics.
 */
export interface FigureInfo {
	name: string;
	/** What its values are; `perSecond`: so many a second. A threshold must fit. */
	unit: Unit;
	perSecond: boolean;
	/** What it says, in one sentence. */
	text: string;
	/** By which labels it can be narrowed down and split: `service`, `route`, `pool`, `instance`, … */
	labels: readonly string[];
	/** The same as PromQL over our `/metrics`, `$where` and `$over` and `$by` to be put in; null: there is none. */
	promql: string | null;
	/** It is of another program, and told by its name alone: there may be other labels, and there is history of an hour. */
	open?: true;
}

/** Patterns by label; `*` stands for any characters. */
export type Where = Readonly<Record<string, string>>;

export interface FigureQuery {
	figure: string;
	where: Where;
	/** One value for each combination of these labels; empty: one in all. */
	by: readonly string[];
	/** Over how long each value is taken, ms: what a rate or percentile is of; a gauge gives its mean. */
	overMs: number;
}

export interface FigureRange extends FigureQuery {
	fromMs: number;
	toMs: number;
	/** Most points of a series, 1…2000. */
	points: number;
}

export interface FigureValue {
	labels: Labels;
	value: number;
}

export interface FigureSeries {
	labels: Labels;
	/** Time of the first point, epoch ms, and the distance of the points. */
	fromMs: number;
	stepMs: number;
	/** null: nothing is known of then. */
	values: (number | null)[];
}

/** Where figures come from: what is in memory, and older ones from disk. */
export interface FigureSource {
	find(figure: string): FigureInfo | undefined;
	list(): readonly FigureInfo[];
	/** The values at a time; a combination of labels of which nothing is known is left out. */
	at(query: FigureQuery, timeMs: number): Promise<FigureValue[]>;
	range(query: FigureRange): Promise<FigureSeries[]>;
}
