/** A simulation on a terminal. */
import { inert } from '../core/inert.ts';
import { formatDuration, formatShare } from '../core/units.ts';
import type { Outcome } from '../scaling/simulator/outcome.ts';
import { costOf, type Report } from '../scaling/simulator/report.ts';
import { chartLines } from './chart.ts';
import { formatCount, formatLatency, formatRate } from './quantity.ts';
import { sparkline } from './sparkline.ts';
import { type Cell, type Column, table } from './table.ts';
import { paint, type Terminal } from './terminal.ts';

const WIDTH = 80;
const CHART_LINES = 8;

export function simulationLines(report: Report, terminal: Terminal): string[] {
	const width = terminal.size()?.columns ?? WIDTH;
	const lines = [...headLines(report), '', ...outcomeTable(report, terminal)];
	for (const outcome of report.policies) lines.push('', ...pictureOf(outcome, { width, terminal }));
	if (report.notes.length > 0) lines.push('', ...report.notes.map((note) => `note: ${inert(note)}`));
	return lines;
}

function headLines({ trace, model, engine }: Report): string[] {
	const { name, kind, requests, spanMs, meanPerSecond, mostPerSecond } = trace;
	const rates = `${formatRate(meanPerSecond)} in the mean, ${formatRate(mostPerSecond)} at most`;
	const how = engine === 'events' ? 'each request by itself' : 'the mean course of all requests';
	return [
		`trace      ${inert(name)} (${kind}): ${formatCount(requests)} requests in ${formatDuration(spanMs)}, ${rates}`,
		`instances  ${model.places} at once, ${formatRate(model.capacity)} each; ready after ${model.startUp}`,
		`requests   ${model.serviceTime} (${model.serviceTimeFrom}); unmet after ${formatDuration(model.patienceMs)} of waiting`,
		`reckoned   ${how}`,
	];
}

const COLUMNS: readonly Column[] = [
	{ title: 'policy', least: 12 },
	{ title: 'instances', align: 'right' },
	{ title: 'unmet', align: 'right' },
	{ title: 'p50', align: 'right', drop: 3 },
	{ title: 'p95', align: 'right' },
	{ title: 'p99', align: 'right', drop: 2 },
	{ title: 'inst-hours', align: 'right' },
	{ title: 'cost', align: 'right' },
	{ title: 'flaps', align: 'right', drop: 4 },
	{ title: 'reaction', align: 'right', drop: 1 },
];

function outcomeTable({ policies, peak, clairvoyant, costPerHour }: Report, terminal: Terminal): string[] {
	const baselines = [peak, clairvoyant].filter((outcome) => outcome !== null);
	const rows = [
		...policies.map((outcome) => cellsOf(outcome, costPerHour, true)),
		...baselines.map((outcome) => cellsOf(outcome, costPerHour, false)),
	];
	const at = COLUMNS.findIndex(({ title }) => title === 'cost');
	const less = <T>(cells: readonly T[]) => (costPerHour === null ? cells.toSpliced(at, 1) : cells);
	return table(less(COLUMNS), rows.map(less), terminal);
}

function cellsOf(outcome: Outcome, costPerHour: number | null, decides: boolean): Cell[] {
	const { name, least, most, unmet, requests, p50Ms, p95Ms, p99Ms, instanceSeconds, flaps } = outcome;
	const cost = costOf(outcome, costPerHour);
	const latency = (ms: number | null): Cell => ({ text: ms === null ? '–' : formatLatency(ms) });
	return [
		{ text: inert(name), ...(decides ? {} : { colour: 'dim' as const }) },
		{ text: least === most ? `${most}` : `${least}–${most}` },
		{ text: shareText(unmet, requests), ...(unmet >= 1 ? { colour: 'red' as const } : {}) },
		...[p50Ms, p95Ms, p99Ms].map(latency),
		{ text: formatHours(instanceSeconds) },
		{ text: cost === null ? '' : cost.toFixed(cost < 1 ? 4 : 2) },
		{ text: decides ? String(flaps) : '' },
		{ text: decides ? reactionText(outcome) : '' },
	];
}

/** `0.3 %`; what is not quite none is not written as none. */
function shareText(unmet: number, requests: number): string {
	if (unmet < 0.5 || requests === 0) return '0';
	const share = unmet / requests;
	return share < 0.0001 ? '<0.01%' : formatShare(Number(share.toPrecision(2)));
}

function formatHours(seconds: number): string {
	const hours = seconds / 3600;
	return hours < 100 ? hours.toFixed(2) : formatCount(hours);
}

/** The order, and when one more was ready. */
function reactionText({ reactionMs, readyAfterMs }: Outcome): string {
	if (reactionMs === null) return '–';
	return readyAfterMs === null
		? formatDuration(reactionMs)
		: `${formatDuration(reactionMs)}/${formatDuration(readyAfterMs)}`;
}

function pictureOf({ name, points }: Outcome, { width, terminal }: { width: number; terminal: Terminal }): string[] {
	const [first, second] = points;
	if (first === undefined) return [];
	const stepMs = (second?.atMs ?? first.atMs + 1000) - first.atMs;
	const chart = chartLines({
		values: points.map(({ ready }) => ready),
		...{
			fromMs: first.atMs,
			stepMs,
			format: (value) => (value < 10 ? String(+value.toFixed(1)) : formatCount(value)),
			width,
			height: CHART_LINES,
		},
	});
	const room = Math.max(10, width - 12);
	const row = (title: string, values: (number | null)[], most: string) =>
		`${title.padEnd(11)}${sparkline(values, Math.max(10, room - most.length - 1))} ${most}`;
	const highest = (values: (number | null)[]) => Math.max(0, ...values.filter((value) => value !== null));
	const [rates, p95s, unmet] = [
		points.map(({ requests }) => requests),
		points.map(({ p95Ms }) => p95Ms),
		points.map((point) => (point.unmet > 0 ? point.unmet : null)),
	];
	return [
		`${paint(terminal, 'bold', inert(name))}: instances that are ready`,
		...chart,
		row('requests', rates, formatRate(highest(rates))),
		row('p95', p95s, formatLatency(highest(p95s))),
		...(highest(unmet) > 0 ? [row('unmet', unmet, formatCount(highest(unmet)))] : []),
	];
}
