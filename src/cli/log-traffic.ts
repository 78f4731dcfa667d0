/** Who asks for what: the answer to `analytics`, as lines for a terminal. */
import { inert } from '../core/inert.ts';
import type { LogEntry } from '../core/log-entry.ts';
import { type Fields, listOr, numberOr, record, textOr } from './answer-form.ts';
import { formatPercent } from './figure-view.ts';
import { readEntry } from './log-answer.ts';
import { logLine } from './log-view.ts';
import { formatCount, formatLatency, plural } from './quantity.ts';
import { type Cell, type Column, table } from './table.ts';
import { paint, type Terminal } from './terminal.ts';
import { clip } from './text-width.ts';

interface Traffic {
	requests: number;
	errors: number;
	/** Seconds; NaN: there was no request. */
	p50: number;
	p95: number;
	p99: number;
}

interface Counted {
	value: string;
	count: number;
}

interface CountedTable {
	title: string;
	values: Counted[];
	/** What each count may be too low by, at most. */
	lack: number;
}

interface TrafficAnswer {
	all: Traffic;
	/** What of it is stored, the rest is reckoned; NaN: not told. */
	entries: number;
	/** The same span of time before. */
	before: Traffic;
	routes: { name: string; now: Traffic; before: Traffic }[];
	counted: CountedTable[];
	slowest: LogEntry[];
	whole: boolean;
}

const LATENCIES = ['p50', 'p95', 'p99'] as const;

const COLUMNS: Column[] = [
	{ title: 'ROUTE', least: 24 },
	{ title: 'REQUESTS', align: 'right' },
	{ title: 'BEFORE', align: 'right', drop: 3 },
	{ title: 'ERRORS', align: 'right' },
	{ title: 'BEFORE', align: 'right', drop: 2 },
	{ title: 'P50', align: 'right', drop: 5 },
	{ title: 'P95', align: 'right' },
	{ title: 'BEFORE', align: 'right', drop: 1 },
	{ title: 'P99', align: 'right', drop: 4 },
];

export function readTraffic(value: unknown): TrafficAnswer {
	const answer = record(value, 'the answer');
	const statuses = listOr(answer['statuses']).map(({ status, count }) => ({ value: status, count }));
	const distinct = numberOr(answer['distinctClients'], 0);
	const clients = distinct > 0 ? `CLIENT (${formatCount(distinct)} different)` : 'CLIENT';
	const counted: [title: string, values: Fields[], lack: unknown][] = [
		['STATUS', statuses, 0],
		[clients, listOr(answer['clients']), answer['clientsLack']],
		['USER AGENT', listOr(answer['userAgents']), answer['userAgentsLack']],
		['BOT', listOr(answer['bots']), 0],
	];
	return {
		all: trafficOf(answer['all']),
		entries: numberOr(answer['entries']),
		before: trafficOf(answer['before']),
		routes: listOr(answer['routes']).map((route) => ({
			name: [textOr(route['service']), textOr(route['route'])].filter((part) => part !== '').join(' '),
			now: trafficOf(route),
			before: trafficOf(route['before']),
		})),
		counted: counted.map(([title, values, lack]) => ({
			title,
			values: values.map(countedOf),
			lack: numberOr(lack, 0),
		})),
		slowest: listOr(answer['slowest']).map(readEntry),
		whole: answer['whole'] !== false,
	};
}

/** Routes with the period before beside them, then the most frequent of each kind, then the slowest requests. */
export function trafficLines(answer: TrafficAnswer, terminal: Terminal, nowMs: number): string[] {
	const { all, entries, before, routes, counted, slowest, whole } = answer;
	const rows = [
		rowOf({ name: 'all', now: all, before }, 'bold'),
		...routes.map((route) => rowOf({ ...route, name: inert(route.name || '(no route)') })),
	];
	const lines = table(COLUMNS, rows, terminal);
	if (entries < all.requests) lines.push(paint(terminal, 'dim', sampleText(entries)));
	for (const { title, values, lack } of counted) {
		if (values.length === 0) continue;
		const columns: Column[] = [
			{ title: 'REQUESTS', align: 'right' },
			{ title: 'SHARE', align: 'right' },
			{ title, least: 12 },
		];
		const cells = values.map(({ value, count }): Cell[] => [
			{ text: formatCount(count) },
			{ text: formatPercent(count / all.requests) },
			{ text: value === '' ? '(none)' : inert(value) },
		]);
		lines.push('', ...table(columns, cells, terminal));
		if (lack > 0)
			lines.push(paint(terminal, 'dim', `each of these counts may be too low by up to ${formatCount(lack)}`));
	}
	if (slowest.length > 0) {
		const width = terminal.size()?.columns ?? Number.POSITIVE_INFINITY;
		lines.push('', paint(terminal, 'dim', 'SLOWEST'));
		// Without colours: a line is cut to the width.
		lines.push(...slowest.map((entry) => clip(logLine(entry, { colours: false }, nowMs), width)));
	}
	return whole
		? lines
		: [...lines, '', 'not all of the time was looked at, the oldest part is missing: ask for less of it'];
}

const sampleText = (entries: number): string =>
	`estimated from ${plural(entries, 'stored request')}: all that failed or were slow, and a sample of the others`;

function rowOf({ name, now, before }: TrafficAnswer['routes'][number], colour?: 'bold'): Cell[] {
	const errors = (of: Traffic) => formatPercent(of.errors / of.requests);
	const time = (seconds: number) => (Number.isNaN(seconds) ? '-' : formatLatency(seconds * 1000));
	return [
		{ text: name, ...(colour === undefined ? {} : { colour }) },
		{ text: formatCount(now.requests) },
		{ text: formatCount(before.requests), colour: 'dim' },
		{ text: errors(now), ...(now.errors > 0 ? { colour: 'red' as const } : {}) },
		{ text: errors(before), colour: 'dim' },
		{ text: time(now.p50) },
		{ text: time(now.p95) },
		{ text: time(before.p95), colour: 'dim' },
		{ text: time(now.p99) },
	];
}

function trafficOf(value: unknown): Traffic {
	const traffic = (typeof value === 'object' && value !== null ? value : {}) as Fields;
	const [p50, p95, p99] = LATENCIES.map((name) => numberOr(traffic[name])) as [number, number, number];
	return { requests: numberOr(traffic['requests'], 0), errors: numberOr(traffic['errors'], 0), p50, p95, p99 };
}

function countedOf({ value, count }: Fields): Counted {
	return { value: typeof value === 'number' ? String(value) : textOr(value), count: numberOr(count, 0) };
}
