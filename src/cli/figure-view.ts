/** Figures over time, as lines for a terminal. */
import { inert } from '../core/inert.ts';
import type { FigureInfo, FigureSeries, Labels } from '../core/metric.ts';
import { chartLines } from './chart.ts';
import { newest, type Shown } from './figure-answer.ts';
import { formatBytes, formatLatency, formatRate } from './quantity.ts';
import { sparkline } from './sparkline.ts';
import { type Cell, type Column, table } from './table.ts';
import { paint, type Terminal } from './terminal.ts';
import { clip } from './text-width.ts';

/** More series than that are not drawn apart. */
const MOST_CHARTS = 1;
const TREND = 24;
const HEIGHT = 10;
const WIDTH = 80;
/** Most rows; the rest is counted. */
const MOST_ROWS = 200;

/** `12 ms`, `1.2 kB/s`, `0.4 %`, `3.14`. */
export function formatValue(value: number, { unit, perSecond }: Shown): string {
	if (!Number.isFinite(value)) return '-';
	switch (unit) {
		case 'seconds':
			return perSecond ? `${formatLatency(value * 1000)}/s` : formatLatency(value * 1000);
		case 'bytes':
			return perSecond ? `${formatBytes(value)}/s` : formatBytes(value);
		case 'ratio':
			return formatPercent(value);
		case 'number':
			// One error a minute is not none.
			if (perSecond && value > 0 && value < 0.05) return `${Number(value.toPrecision(2))}/s`;
			if (perSecond) return formatRate(value);
			return Math.abs(value) >= 10_000 ? formatRate(value).slice(0, -2) : String(Number(value.toPrecision(4)));
	}
}

/** Two digits where it is small: an error rate of 0.04 % is not nothing. */
export function formatPercent(ratio: number): string {
	if (!Number.isFinite(ratio)) return '-';
	const percent = ratio * 100;
	if (percent !== 0 && Math.abs(percent) < 0.01) return percent < 0 ? '0 %' : '<0.01 %';
	return `${Number(percent.toFixed(Math.abs(percent) < 1 ? 2 : Math.abs(percent) < 10 ? 1 : 0))} %`;
}

/** One series as a chart; several as a table with a line each, the highest first. */
export function seriesLines(series: readonly FigureSeries[], shown: Shown, terminal: Terminal): string[] {
	const [first] = series;
	if (first === undefined) return ['nothing is known of that figure in this time'];
	const lines = series.length <= MOST_CHARTS ? [...chartOf(first, shown, terminal), ''] : [];
	const rows = series
		.toSorted((a, b) => (newest(b.values) || 0) - (newest(a.values) || 0))
		.slice(0, MOST_ROWS)
		.map((each) => rowOf(each, shown));
	lines.push(...table(columnsOf(shown.name), rows, terminal));
	if (series.length > MOST_ROWS) lines.push(`… ${series.length - MOST_ROWS} more`);
	return lines;
}

function chartOf({ values, fromMs, stepMs }: FigureSeries, shown: Shown, terminal: Terminal): string[] {
	const size = terminal.size();
	const width = size?.columns ?? WIDTH;
	const height = Math.min(HEIGHT, Math.max(3, (size?.rows ?? 24) - 8));
	return chartLines({ values, fromMs, stepMs, format: (value) => formatValue(value, shown), width, height });
}

function columnsOf(name: string): Column[] {
	return [
		{ title: 'OF', least: 12 },
		{ title: 'OVER TIME', drop: 3 },
		{ title: 'NOW', align: 'right' },
		{ title: 'LEAST', align: 'right', drop: 2 },
		{ title: 'MEAN', align: 'right', drop: 1 },
		{ title: 'MOST', align: 'right' },
		{ title: name === '' ? '' : inert(name), drop: 4 },
	];
}

function rowOf({ labels, values }: FigureSeries, shown: Shown): Cell[] {
	const known = values.filter((value) => value !== null);
	const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
	const told = [newest(values), Math.min(...known), mean, Math.max(...known)].map((value) => ({
		text: formatValue(value, shown),
	}));
	return [{ text: labelText(labels) }, { text: sparkline(values, TREND), colour: 'cyan' }, ...told];
}

/** `videos GET /v1/*`: the values alone, which stand in the order that was asked for. */
function labelText(labels: Labels): string {
	const text = Object.values(labels).map(inert).join(' ');
	return text === '' ? 'all' : text;
}

/** What can be asked for. */
export function figureListLines(figures: readonly FigureInfo[], terminal: Terminal): string[] {
	const columns: Column[] = [
		{ title: 'FIGURE' },
		{ title: 'IN' },
		{ title: 'BY', drop: 1, least: 12 },
		{ title: 'WHAT', least: 20 },
	];
	const rows = figures.map((figure): Cell[] => [
		{ text: inert(figure.name), colour: 'bold' },
		{ text: unitText(figure) },
		{ text: figure.labels.map(inert).join(', ') },
		{ text: inert(figure.text) },
	]);
	const example = clip(
		'For one: ballast metrics "p95 service:videos by route over 5m"',
		terminal.size()?.columns ?? 200,
	);
	return [...table(columns, rows, terminal), '', paint(terminal, 'dim', example)];
}

function unitText({ unit, perSecond }: FigureInfo): string {
	if (unit === 'number') return perSecond ? '/s' : 'number';
	return unit === 'ratio' ? '%' : perSecond ? `${unit}/s` : unit;
}
