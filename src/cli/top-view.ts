/** `ballast top` as lines for a terminal. */
import { inert } from '../core/inert.ts';
import { formatPercent } from './figure-view.ts';
import { laneLines } from './job-places.ts';
import { formatAge, formatCount, formatRate } from './quantity.ts';
import type { JobsStatus } from './queue-answer.ts';
import { queueTable } from './queue-view.ts';
import { sparkline } from './sparkline.ts';
import { type Cell, type Column, table } from './table.ts';
import { paint, type Terminal } from './terminal.ts';
import { clip, textWidth } from './text-width.ts';
import type { TopData } from './top-data.ts';
import { sortRows, TOP_COLUMNS, TOP_TABLES, type TopRow, type TopTable } from './top-row.ts';
import { sortColumn, type TopState } from './top-state.ts';

const TREND = 10;
/** Lines that are no rows: two at the head, one of keys, and an empty one. */
const FRAME = 4;

const KEYS: [string, string][] = [
	['↑ ↓  k j', 'choose a line; PgUp, PgDn, Home, End as well'],
	['Enter', 'look closer: the routes and instances of that service'],
	['Esc  b', 'back'],
	['Tab  1 2 3', 'services, routes, instances'],
	['← →  S s', 'sort by the column before, or behind'],
	['r', 'the other way round'],
	['p  Space', 'hold it still; again: go on'],
	['q  Ctrl-C', 'end'],
];

/** The rows of a table as they are shown: those of the service that is looked at, sorted. */
export function shownRows(data: TopData, state: TopState, which: TopTable): TopRow[] {
	const { service } = state;
	const rows = data.rows[which].filter((row) => service === null || row.service === service);
	return sortRows(rows, sortColumn(state, which), state.sort[which].descending);
}

/** Which tables the state shows. */
export function shownTables({ service, table }: TopState): TopTable[] {
	return service === null ? [table] : ['routes', 'instances'];
}

/** Exactly as many lines as the terminal has, at most; none is wider. `problem`: why the data is not fresh; ''. */
export function screenLines(data: TopData, state: TopState, terminal: Terminal, problem: string): string[] {
	const { columns, rows } = terminal.size() ?? { columns: 80, rows: 24 };
	const head = [headLine(data, terminal), problem === '' ? tabLine(state, terminal) : problemLine(problem, terminal)];
	const foot = paint(terminal, 'dim', clip(footText(state), columns));
	const room = Math.max(1, rows - FRAME);
	const body = state.help ? helpLines(terminal) : tablesLines(data, state, terminal, room);
	const shown = [...head, '', ...withQueues(body, { data, state, terminal, room }).slice(0, room)];
	while (shown.length < rows - 1) shown.push('');
	return [...shown, foot].slice(0, rows);
}

/** All tables whole, for a file or a pipe. */
export function snapshotLines(data: TopData, state: TopState, terminal: Terminal): string[] {
	const blocks = TOP_TABLES.filter((which) => data.rows[which].length > 0).map((which) => [
		'',
		...rowsTable({ which, rows: shownRows(data, state, which), state, selected: null }, terminal),
	]);
	return [
		headLine(data, terminal),
		...blocks.flat(),
		...queuesBlock(data, terminal),
		...laneLines(data.status.jobs?.lanes, terminal),
	];
}

/** Below the services, where there is room for them: queues, and places upstream. */
function withQueues(
	body: string[],
	{ data, state, terminal, room }: { data: TopData; state: TopState; terminal: Terminal; room: number },
): string[] {
	if (state.help || state.service !== null || state.table !== 'services') return body;
	const blocks = [queuesBlock(data, terminal), laneLines(data.status.jobs?.lanes, terminal)];
	const shown = [...body];
	for (const block of blocks) if (shown.length + block.length <= room) shown.push(...block);
	return shown;
}

function queuesBlock({ status: { jobs } }: TopData, terminal: Terminal): string[] {
	return jobs === null || jobs.queues.length === 0 ? [] : ['', ...queueTable(jobs.queues, terminal, Date.now())];
}

/** Of all queues. */
function jobsText({ queues }: JobsStatus): string {
	const sum = (of: 'waiting' | 'running' | 'failed'): string =>
		formatCount(queues.reduce((all, queue) => all + queue[of], 0));
	const oldestMs = Math.min(...queues.map((queue) => queue.oldestMs ?? Number.POSITIVE_INFINITY));
	const oldest = Number.isFinite(oldestMs) ? ` (${formatAge(Date.now() - oldestMs)})` : '';
	return `jobs ${sum('waiting')} waiting${oldest}, ${sum('running')} running, ${sum('failed')} failed`;
}

function headLine({ status, trend, perSecond, errorRate, hitRatio, cpu, memory }: TopData, terminal: Terminal): string {
	// The least telling last: what has no room for all of it is left out.
	const parts = [
		`Ballast ${inert(status.version)}, up ${formatAge(status.uptimeMs)}`,
		`${formatRate(perSecond).replace('/s', ' req/s')} ${sparkline(trend, TREND)}`.trimEnd(),
		`errors ${formatPercent(errorRate)}`,
		...(status.warnings.length > 0 ? [`${status.warnings.length} to note: ballast status`] : []),
		...(Number.isNaN(hitRatio) ? [] : [`cache ${formatPercent(hitRatio)}`]),
		`cpu ${formatPercent(cpu)}`,
		`mem ${formatPercent(memory)}`,
		...(status.jobs === null || status.jobs.queues.length === 0 ? [] : [jobsText(status.jobs)]),
	];
	const width = terminal.size()?.columns ?? Number.POSITIVE_INFINITY;
	let line = '';
	for (const part of parts)
		if (line === '' || textWidth(line) + 2 + textWidth(part) <= width) line += `${line && '  '}${part}`;
	return clip(line, width);
}

function tabLine(state: TopState, terminal: Terminal): string {
	const width = terminal.size()?.columns ?? Number.POSITIVE_INFINITY;
	const { column, descending } = state.sort[state.table];
	const tables = state.service === null ? TOP_TABLES : TOP_TABLES.slice(1);
	const tabs = tables.map((name) => (name === state.table ? `[${name}]` : ` ${name} `)).join(' ');
	const of = state.service === null ? '' : `${inert(state.service)}: `;
	const text = `${of}${tabs}   by ${column} ${descending ? '▼' : '▲'}${state.paused ? '   paused' : ''}`;
	return paint(terminal, state.paused ? 'yellow' : 'bold', clip(text, width));
}

function problemLine(problem: string, terminal: Terminal): string {
	return paint(terminal, 'red', clip(inert(problem), terminal.size()?.columns ?? Number.POSITIVE_INFINITY));
}

function footText({ help, service }: TopState): string {
	if (help) return 'any key: back';
	const back = service === null ? 'Enter closer' : 'Esc back';
	return `q end   ↑↓ choose   ${back}   Tab table   ←→ column   r turn   p hold   ? help`;
}

function helpLines(terminal: Terminal): string[] {
	const width = terminal.size()?.columns ?? 80;
	return KEYS.map(([keys, text]) => clip(`  ${keys.padEnd(12)}${text}`, width));
}

/** Two tables share the room; the one that keys act on gets what the other does not need. */
function tablesLines(data: TopData, state: TopState, terminal: Terminal, room: number): string[] {
	const all = shownTables(state).map((which) => ({ which, rows: shownRows(data, state, which) }));
	const [first, second] = all;
	if (first === undefined) return [];
	if (second === undefined) return tableLines(first, state, terminal, room);
	const half = Math.floor((room - 1) / 2);
	const need = ({ rows }: { rows: TopRow[] }) => rows.length + 1;
	const upper = Math.min(need(first), Math.max(half, room - 1 - need(second)));
	return [...tableLines(first, state, terminal, upper), '', ...tableLines(second, state, terminal, room - 1 - upper)];
}

/** The lines around the chosen one, where not all have room. */
function tableLines(
	{ which, rows }: { which: TopTable; rows: TopRow[] },
	state: TopState,
	terminal: Terminal,
	room: number,
): string[] {
	const acting = which === state.table;
	const at = Math.max(
		0,
		rows.findIndex(({ key }) => key === state.selected),
	);
	const count = Math.max(1, room - 1);
	const from = acting ? Math.max(0, Math.min(at - Math.floor(count / 2), rows.length - count)) : 0;
	const shown = rows.slice(from, from + count);
	const selected = acting ? (rows[at]?.key ?? null) : null;
	if (rows.length === 0) return [paint(terminal, 'dim', `no ${which}`)];
	return rowsTable({ which, rows: shown, state, selected }, terminal);
}

interface RowsTable {
	which: TopTable;
	rows: readonly TopRow[];
	state: TopState;
	/** The key of the chosen row; null: none is marked. */
	selected: string | null;
}

function rowsTable({ which, rows, state, selected }: RowsTable, terminal: Terminal): string[] {
	const sorted = sortColumn(state, which);
	const arrow = state.sort[which].descending ? '▼' : '▲';
	// Within one service its name says nothing; without a value anywhere, neither does a column.
	const columns = TOP_COLUMNS[which].filter(
		(column) =>
			(column.id !== 'service' || state.service === null) &&
			(column === sorted || column.align !== 'right' || rows.some((row) => !Number.isNaN(column.value(row)))),
	);
	const titled = columns.map(({ title, align, drop, least, id }): Column => {
		const shown = id === sorted.id ? `${title}${arrow}` : title;
		// What it is sorted by is shown, however small the window.
		return {
			title: title === 'NAME' ? shown.replace('NAME', which.slice(0, -1).toUpperCase()) : shown,
			...(align === undefined ? {} : { align }),
			...(drop === undefined || id === sorted.id ? {} : { drop }),
			...(least === undefined ? {} : { least }),
		};
	});
	const mark: Column = { title: ' ' };
	const marked = selected !== null;
	const lines = rows.map((row): Cell[] => {
		const cells = columns.map((column) => column.cell(row));
		return marked ? [{ text: row.key === selected ? '›' : ' ', colour: 'cyan' }, ...cells] : cells;
	});
	return table(marked ? [mark, ...titled] : titled, lines, terminal);
}
