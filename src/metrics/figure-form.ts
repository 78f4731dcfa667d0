/** How figures are taken from metrics, and the same as PromQL. */
import type { FigureInfo, Unit, Where } from '../core/metric.ts';
import { type CellLayout, cellsOf, quantileOf } from './cells.ts';
import type { Fold } from './slots.ts';

/** A metric that a figure reads. */
export interface Part {
	metric: string;
	/** Narrows it down, whatever is asked for. */
	where?: Where;
	/** Of a gauge, what several series are together; default `sum`. */
	fold?: Fold;
}

/** What a part did in a window of time. */
export interface PartWindow {
	/** By how much it grew (a histogram: its sum); a gauge: its mean. */
	value: number;
	/** Seconds that were recorded in the window. */
	seconds: number;
	/** Of a histogram. */
	cells: Float64Array | undefined;
	layout: CellLayout;
	/** Observations. */
	count: number;
}

/** One way to take a figure; which one is taken depends on the labels that are asked for. */
export interface FigureForm {
	/** By which labels it can be narrowed down and split. */
	labels: readonly string[];
	parts: readonly Part[];
	/** NaN: nothing is known. The windows are those of the parts. */
	value(windows: readonly PartWindow[]): number;
	/** With `$where`, `$by`, `$over`; null: there is none. */
	promql: string | null;
}

export interface Figure {
	info: FigureInfo;
	/** The first that has all labels asked for is taken. */
	forms: readonly FigureForm[];
	/** Over how long its values are taken where nothing is said, ms. */
	overMs: number;
	/** It is split by this label too, and the worst of them counts. */
	worst?: { by: string; fold: 'max' | 'min' };
	/** Why this version does not measure it, after `not measured in this version:`. */
	lacks?: string;
}

const at = (windows: readonly PartWindow[], part: number): PartWindow => windows[part] as PartWindow;
const matchers = (where: Where = {}): string =>
	Object.entries(where)
		.map(([label, pattern]) => matcher(label, pattern))
		.join('');

/** A label's pattern as PromQL, with a comma behind it. */
export function matcher(label: string, pattern: string): string {
	const quoted = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
	if (!pattern.includes('*')) return `${label}="${quoted(pattern)}",`;
	const regex = pattern
		.split('*')
		.map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&'))
		.join('.*');
	return `${label}=~"${quoted(regex)}",`;
}

const increase = ({ metric, where }: Part): string => `sum by ($by) (rate(${metric}{${matchers(where)}$where}[$over]))`;

/** So many a second, of one or more counters. */
export function rate(labels: readonly string[], ...parts: Part[]): FigureForm {
	return {
		labels,
		parts,
		value: (windows) => windows.reduce((sum, { value }) => sum + value, 0) / at(windows, 0).seconds,
		promql: parts.map(increase).join(' + '),
	};
}

/** What counters grew by, for each that others did; nothing is known where those did not. */
export function ratio(labels: readonly string[], tops: readonly Part[], bottom: Part): FigureForm {
	const top = tops.map((part) => `(${increase(part)} or 0 * ${increase(bottom)})`).join(' + ');
	return {
		labels,
		parts: [...tops, bottom],
		value: (windows) => {
			const below = at(windows, tops.length).value;
			const above = windows.slice(0, tops.length).reduce((sum, { value }) => sum + value, 0);
			return below > 0 ? above / below : Number.NaN;
		},
		promql: `(${top}) / (${increase(bottom)} > 0)`,
	};
}

/** Some values of one label of a counter. */
export interface Some {
	metric: string;
	label: string;
	values: readonly string[];
}

const partsOf = ({ metric, label }: Some, values: readonly string[]): Part[] =>
	values.map((value) => ({ metric, where: { [label]: value } }));
const increaseOf = ({ metric, label }: Some, values: readonly string[]): string =>
	`sum by ($by) (rate(${metric}{${label}=~"${values.join('|')}",$where}[$over]))`;

/** So many a second, of some values of a label together. */
export function rateOf(labels: readonly string[], some: Some): FigureForm {
	return { ...rate(labels, ...partsOf(some, some.values)), promql: increaseOf(some, some.values) };
}

/** Of a counter's values of a label, what these are of them and of `others` together; nothing is known where there are none. */
export function shareOf(labels: readonly string[], some: Some, others: readonly string[]): FigureForm {
	const all = [...some.values, ...others];
	const sum = (windows: readonly PartWindow[]): number => windows.reduce((total, { value }) => total + value, 0);
	return {
		labels,
		parts: partsOf(some, all),
		value: (windows) => {
			const total = sum(windows);
			return total > 0 ? sum(windows.slice(0, some.values.length)) / total : Number.NaN;
		},
		promql: `${increaseOf(some, some.values)} / (${increaseOf(some, all)} > 0)`,
	};
}

/** The value that a share of a histogram's observations does not exceed. */
export function quantile(labels: readonly string[], share: number, metric: string): FigureForm {
	return {
		labels,
		parts: [{ metric }],
		value: (windows) => {
			const { cells, layout } = at(windows, 0);
			return cells === undefined ? Number.NaN : quantileOf(layout, cells, share);
		},
		promql: `histogram_quantile(${share}, sum by (le,$by) (rate(${metric}_bucket{$where}[$over])))`,
	};
}

/** The mean of a histogram's observations. */
export function meanOf(labels: readonly string[], metric: string): FigureForm {
	const part = (suffix: string): string => increase({ metric: `${metric}_${suffix}` });
	return {
		labels,
		parts: [{ metric }],
		value: (windows) => {
			const { value, count } = at(windows, 0);
			return count > 0 ? value / count : Number.NaN;
		},
		promql: `${part('sum')} / (${part('count')} > 0)`,
	};
}

/** A gauge's mean over the window; several series of it as `fold` says. */
export function gauge(labels: readonly string[], metric: string, fold: Fold = 'sum'): FigureForm {
	return {
		labels,
		parts: [{ metric, fold }],
		value: (windows) => at(windows, 0).value,
		promql: `${fold === 'mean' ? 'avg' : fold} by ($by) (avg_over_time(${metric}{$where}[$over]))`,
	};
}

/** What of a mean remains when means of other counters are taken away. */
export function remainder(labels: readonly string[], whole: string, parts: Part): FigureForm {
	const part = (suffix: string): string => increase({ metric: `${whole}_${suffix}` });
	return {
		labels,
		parts: [{ metric: whole }, parts],
		value: (windows) => {
			const { value, count } = at(windows, 0);
			return count > 0 ? Math.max(0, (value - at(windows, 1).value) / count) : Number.NaN;
		},
		promql: `clamp_min(${part('sum')} - ${increase(parts)}, 0) / (${part('count')} > 0)`,
	};
}

/** How much of a budget a counter left; below 0: it is overdrawn. */
export function left(labels: readonly string[], spent: Part, budget: Part): FigureForm {
	const form = ratio(labels, [spent], budget);
	return { ...form, value: (windows) => 1 - form.value(windows), promql: `1 - ${form.promql ?? ''}` };
}

export interface FigureText {
	name: string;
	unit: Unit;
	text: string;
	perSecond?: boolean;
	overMs?: number;
	worst?: Figure['worst'];
	lacks?: string;
}

export function figure(of: FigureText, ...forms: [FigureForm, ...FigureForm[]]): Figure {
	const labels = [...new Set(forms.flatMap((form) => form.labels))];
	const { name, unit, text, perSecond = false, overMs = 300_000, worst, lacks } = of;
	const info: FigureInfo = { name, unit, perSecond, text, labels, promql: forms[0].promql };
	return { info, forms, overMs, ...(worst === undefined ? {} : { worst }), ...(lacks === undefined ? {} : { lacks }) };
}

export const emptyCells = (layout: CellLayout): Float64Array => new Float64Array(cellsOf(layout));
