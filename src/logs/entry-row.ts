import type { SQLInputValue } from 'node:sqlite';
import type { LogEntry } from '../core/log-entry.ts';
import { FIELD_COLUMNS } from './query-sql.ts';
import { SEVERITIES, SOURCES } from './severity.ts';

/** How many requests a row stands for in a sampled access log; not there: 1. Only rows of `access` have it. */
export const WEIGHT = 'weight';

const COLUMNS = [...Object.values(FIELD_COLUMNS)];
const NUMBERS: ReadonlySet<string> = new Set(['status', 'duration']);
const PLACES: ReadonlyMap<string, { at: number; type: string }> = new Map(
	Object.entries(FIELD_COLUMNS).map(([field, column]) => [
		field,
		{ at: 8 + COLUMNS.indexOf(column), type: NUMBERS.has(column) ? 'number' : 'string' },
	]),
);
const NAMES = `id, severity, source, service, instance, message, trace, span, ${COLUMNS.join(', ')}, weight, fields`;
const LENGTH = 10 + COLUMNS.length;

export const INSERT = `INSERT INTO entry (${NAMES}) VALUES (${Array.from({ length: LENGTH }, () => '?').join(', ')})`;
/** What `entryOf` reads, of `entry e`. */
export const SELECT: string = NAMES.split(', ')
	.map((name) => `e.${name}`)
	.join(', ');

/** The values of `INSERT`. */
export function rowOf(entry: LogEntry, id: number): SQLInputValue[] {
	const row: SQLInputValue[] = new Array(LENGTH).fill(null);
	row[0] = id;
	row[1] = SEVERITIES.indexOf(entry.severity);
	row[2] = SOURCES.indexOf(entry.source);
	row[3] = entry.service;
	row[4] = entry.instance;
	row[5] = entry.message;
	row[6] = entry.traceId === '' ? null : entry.traceId;
	row[7] = entry.spanId === '' ? null : entry.spanId;
	row[LENGTH - 2] = 1;
	let rest: Record<string, string | number | boolean> | null = null;
	for (const name in entry.fields) {
		const value = entry.fields[name] as string | number | boolean;
		const place = PLACES.get(name);
		if (place !== undefined && typeof value === place.type) row[place.at] = value as string | number;
		else if (name === WEIGHT && entry.source === 'access' && typeof value === 'number') row[LENGTH - 2] = value;
		else (rest ??= {})[name] = value;
	}
	if (rest !== null) row[LENGTH - 1] = JSON.stringify(rest);
	return row;
}

/** What the index `requests` is of. A file's schema holds it; it stays. */
export const REQUESTS = 'source = 0 OR route IS NOT NULL OR status IS NOT NULL OR duration IS NOT NULL';
const FIELD_PLACES = ['route', 'status', 'duration'].map((column) => 8 + COLUMNS.indexOf(column));

/** Whether values of `INSERT` have a route, a status or a duration. */
export function hasFields(row: readonly SQLInputValue[]): boolean {
	return FIELD_PLACES.some((at) => row[at] !== null);
}

/** The entry of a row that `SELECT` gave. */
export function entryOf(row: Readonly<Record<string, unknown>>): LogEntry {
	const fields: Record<string, string | number | boolean> = {};
	for (const field in FIELD_COLUMNS) {
		const value = row[FIELD_COLUMNS[field] as string];
		if (value !== null) fields[field] = value as string | number;
	}
	if (row['weight'] !== 1) fields[WEIGHT] = row['weight'] as number;
	if (typeof row['fields'] === 'string') Object.assign(fields, JSON.parse(row['fields']));
	return {
		timeMs: timeOf(row['id'] as number),
		severity: SEVERITIES[row['severity'] as number] ?? 'info',
		source: SOURCES[row['source'] as number] ?? 'event',
		service: row['service'] as string,
		instance: row['instance'] as string,
		message: row['message'] as string,
		traceId: (row['trace'] as string | null) ?? '',
		spanId: (row['span'] as string | null) ?? '',
		fields,
	};
}

/** Entries of one millisecond, at most; more of them go on in the next. */
export const IDS_A_MS = 1024;

/** The index of traces is by so many ids: ten minutes. A file's schema holds this number; it stays. */
export const TRACE_BUCKET: number = 600_000 * IDS_A_MS;

/** Epoch ms of an id: what the ids are made of, so that they alone give order and time. */
export function timeOf(id: number): number {
	return Math.floor(id / IDS_A_MS);
}
