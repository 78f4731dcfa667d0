/** What logs come to, as lines for a terminal: over time, by value, in percentiles, as patterns. */
import { inert } from '../core/inert.ts';
import { formatDuration } from '../core/units.ts';
import { chartLines } from './chart.ts';
import type { HistogramAnswer, PatternAnswer, PercentilesAnswer, TopAnswer } from './log-answer.ts';
import { formatCount, formatLatency, plural } from './quantity.ts';
import { sparkline } from './sparkline.ts';
import { type Cell, type Column, table } from './table.ts';
import type { Terminal } from './terminal.ts';

const BAR = 24;
const TREND = 20;
/** Without a terminal. */
const WIDTH = 80;

export function histogramLines({ fromMs, stepMs, counts, whole }: HistogramAnswer, terminal: Terminal): string[] {
	const size = terminal.size();
	const total = counts.reduce((sum, count) => sum + count, 0);
	const width = size?.columns ?? WIDTH;
	const height = Math.min(10, Math.max(3, (size?.rows ?? 24) - 6));
	const chart = chartLines({ values: counts, fromMs, stepMs, format: formatCount, width, height });
	return [...chart, `${plural(total, 'entry', 'entries')}, ${formatDuration(stepMs)} a column`, ...partly(whole)];
}

const TOP_COLUMNS: Column[] = [
	{ title: 'COUNT', align: 'right' },
	{ title: 'SHARE', align: 'right' },
	{ title: '', drop: 1 },
	{ title: 'VALUE', least: 12 },
];

export function topLines(field: string, { values, others, whole }: TopAnswer, terminal: Terminal): string[] {
	if (values.length === 0) return [`no entry has the field ${inert(field)}`];
	const all = values.reduce((sum, { count }) => sum + count, others);
	const most = Math.max(1, ...values.map(({ count }) => count));
	const rows = values.map(({ value, count }): Cell[] => [
		{ text: formatCount(count) },
		{ text: shareOf(count, all) },
		{ text: '█'.repeat(Math.max(1, Math.round((count / most) * BAR))), colour: 'cyan' },
		{ text: value === '' ? '(empty)' : inert(value) },
	]);
	if (others > 0)
		rows.push([
			{ text: formatCount(others) },
			{ text: shareOf(others, all) },
			{ text: '' },
			{ text: 'others', colour: 'dim' },
		]);
	return [...table(TOP_COLUMNS, rows, terminal), ...partly(whole)];
}

export function percentileLines(
	field: string,
	{ count, values, whole }: PercentilesAnswer,
	terminal: Terminal,
): string[] {
	if (values.length === 0 || count === 0) return [`no entry has a number in the field ${inert(field)}`];
	const seconds = /(?:_s|duration|seconds)$/.test(field);
	const format = (value: number) => (seconds ? formatLatency(value * 1000) : String(Number(value.toPrecision(4))));
	const rows = values.map(([name, value]): Cell[] => [{ text: inert(name) }, { text: format(value) }]);
	const lines = table([{ title: 'OF' }, { title: field.toUpperCase(), align: 'right' }], rows, terminal);
	return [...lines, ...(Number.isFinite(count) ? [`of ${plural(count, 'entry', 'entries')}`] : []), ...partly(whole)];
}

const shareOf = (count: number, all: number): string => `${((count / Math.max(1, all)) * 100).toFixed(1)} %`;

const partly = (whole: boolean): string[] =>
	whole ? [] : ['not all of the time was looked at, the oldest part is missing: ask for less of it'];

const PATTERN_COLUMNS: Column[] = [
	{ title: 'COUNT', align: 'right' },
	{ title: 'NEWS' },
	{ title: 'OVER TIME', drop: 2 },
	{ title: 'LEVEL', drop: 1 },
	{ title: 'PATTERN', least: 20 },
];

/** New ones first, then those that have grown, then by their count. */
export function patternLines(patterns: readonly PatternAnswer[], terminal: Terminal): string[] {
	if (patterns.length === 0) return ['no patterns: nothing was logged in this time'];
	const rank = ({ isNew, grown }: PatternAnswer) => (isNew ? 2 : grown ? 1 : 0);
	const sorted = patterns.toSorted((a, b) => rank(b) - rank(a) || b.count - a.count);
	const rows = sorted.map((pattern): Cell[] => [
		{ text: formatCount(pattern.count) },
		newsOf(pattern),
		{ text: sparkline(pattern.counts, TREND) },
		{ text: inert(pattern.severity) },
		{ text: inert(pattern.text.slice(0, 1000)) },
	]);
	return table(PATTERN_COLUMNS, rows, terminal);
}

function newsOf({ isNew, grown }: PatternAnswer): Cell {
	if (isNew) return { text: 'new', colour: 'yellow' };
	return grown ? { text: 'grown', colour: 'yellow' } : { text: '' };
}
