/** The formats of traces, told by their first lines. */
import { parseCommonTime, parseTime } from './trace-time.ts';

/** What a line says; one object, written anew for each. */
export interface TraceRow {
	timeMs: number;
	/** Requests that it stands for. */
	count: number;
	/** How long it took, ms, or how many tokens it made; NaN: it does not say. */
	works: number;
	/** Empty: it does not say. */
	service: string;
}

export interface TraceFormat {
	/** For people. */
	name: string;
	/** Time that a row stands for, ms; 0: it has an exact time. */
	spreadMs: number;
	/** What `works` is. */
	works: 'ms' | 'tokens';
	/** Whether the first line names columns. */
	heading: boolean;
	/** Fills the row; text: what is wrong with the line; `skip`: it is no request. */
	read(line: string, row: TraceRow): string | undefined;
}

export const ACCEPTED_TRACES =
	'an access log of Ballast (JSON lines), common or combined log format, CSV of times, CSV of times and counts (time,count), or Azure LLM inference traces (TIMESTAMP,ContextTokens,GeneratedTokens); each may be compressed with gzip';

export const SKIP = 'skip';

/** The format that these lines, the first of a file, are in; undefined: none that is known. */
export function traceFormat(lines: readonly string[]): TraceFormat | undefined {
	const first = lines.find((line) => line.trim() !== '') ?? '';
	if (first.startsWith('{')) return lines.some((line) => /"(?:timestamp|time)":/.test(line)) ? JSON_LINES : undefined;
	if (lines.slice(0, 20).some((line) => !Number.isNaN(parseCommonTime(line)))) return COMMON_LOG;
	return csvFormat(lines.filter((line) => line.trim() !== ''));
}

const COMMON_LOG: TraceFormat = {
	name: 'common log format',
	spreadMs: 1000,
	works: 'ms',
	heading: false,
	read(line, row) {
		row.timeMs = parseCommonTime(line);
		return Number.isNaN(row.timeMs) ? 'it has no time such as [10/Jun/2026:12:00:00 +0000]' : undefined;
	},
};

const JSON_LINES: TraceFormat = {
	name: 'access log of Ballast',
	spreadMs: 0,
	works: 'ms',
	heading: false,
	read: (line, row) => (readOurs(line, row) ? undefined : readJson(line, row)),
};

const BEGIN = '{"timestamp":"';
const END_OF_TIME = BEGIN.length + '2026-06-10T12:00:00.123Z'.length;

/**
 * A line as Ballast writes it, read without parsing all of it: three times as fast. Quotes within texts are escaped,
 * so that what looks like a key is one. False: it is something else.
 */
function readOurs(line: string, row: TraceRow): boolean {
	if (!line.startsWith(BEGIN) || line[END_OF_TIME] !== '"' || !line.endsWith('}')) return false;
	if (!line.includes(',"http.request.method":"')) return false;
	row.timeMs = parseTime(line.slice(BEGIN.length, END_OF_TIME));
	if (Number.isNaN(row.timeMs)) return false;
	const weight = numberAfter(line, ',"weight":');
	if (weight > 0 && weight <= 1e9) row.count = weight;
	row.works = lastsMs(numberAfter(line, ',"upstream.duration_s":'), numberAfter(line, ',"duration_s":'));
	const service = line.indexOf(',"service.name":"');
	if (service >= 0) {
		const from = service + 17;
		row.service = line.slice(from, line.indexOf('"', from));
		if (row.service.includes('\\')) return false;
	}
	return true;
}

function readJson(line: string, row: TraceRow): string | undefined {
	let entry: Record<string, unknown>;
	try {
		entry = JSON.parse(line) as Record<string, unknown>;
	} catch {
		return 'it is no JSON';
	}
	if (entry === null || typeof entry !== 'object') return 'it is no object';
	const time = entry['timestamp'] ?? entry['time'];
	row.timeMs = typeof time === 'string' || typeof time === 'number' ? parseTime(String(time)) : Number.NaN;
	if (Number.isNaN(row.timeMs)) return 'it has no timestamp';
	if (entry['http.request.method'] === undefined) return SKIP;
	const weight = Number(entry['weight']);
	if (weight > 0 && weight <= 1e9) row.count = weight;
	row.works = lastsMs(Number(entry['upstream.duration_s'] ?? Number.NaN), Number(entry['duration_s'] ?? Number.NaN));
	row.service = typeof entry['service.name'] === 'string' ? entry['service.name'] : '';
	return undefined;
}

/** What an instance took, without Ballast's own waiting for one, where the line says so. */
function lastsMs(upstreamSeconds: number, seconds: number): number {
	return (upstreamSeconds >= 0 ? upstreamSeconds : seconds) * 1000;
}

function numberAfter(line: string, key: string): number {
	const at = line.indexOf(key);
	if (at < 0) return Number.NaN;
	const from = at + key.length;
	const comma = line.indexOf(',', from);
	return Number(line.slice(from, comma < 0 ? line.length - 1 : comma));
}

const TIME_NAMES = /^(?:time|timestamp|date|datetime|ts|t|at|second|seconds|minute|arrival|arrival_time)$/i;
const COUNT_NAMES = /^(?:count|counts|requests|request_count|n|hits|value|rps|invocations)$/i;

/** Which column is what. */
function csvFormat(lines: readonly string[]): TraceFormat | undefined {
	const [first = '', second = ''] = lines;
	const separator = [',', ';', '\t'].find((mark) => first.includes(mark)) ?? ',';
	const cells = cellsOf(first, separator);
	const heading = Number.isNaN(parseTime(cells[0] ?? '')) && !cells.some((cell) => !Number.isNaN(parseTime(cell)));
	const sample = heading ? second : first;
	if (sample === '') return undefined;
	const named = (names: RegExp) => (heading ? cells.findIndex((cell) => names.test(cell)) : -1);
	const time = Math.max(0, named(TIME_NAMES));
	if (Number.isNaN(parseTime(cellsOf(sample, separator)[time] ?? ''))) return undefined;
	if (heading && /^timestamp$/i.test(cells[0] ?? '') && named(/^GeneratedTokens$/i) > 0)
		return columns({ name: 'Azure LLM inference trace', separator, time, works: named(/^GeneratedTokens$/i), heading });
	const unnamed = !heading && cells.length === 2 && /^\d+(\.\d+)?$/.test(cells[1] ?? '');
	const count = unnamed ? 1 : named(COUNT_NAMES);
	if (count < 0) return columns({ name: 'CSV of times', separator, time, heading });
	const rows = heading ? lines.slice(1) : lines;
	const spreadMs = distanceOf(rows.map((line) => parseTime(cellsOf(line, separator)[time] ?? '')));
	return columns({ name: 'CSV of counts', separator, time, count, spreadMs, heading });
}

interface Columns {
	name: string;
	separator: string;
	heading: boolean;
	time: number;
	count?: number;
	works?: number;
	spreadMs?: number;
}

function columns({ name, separator, heading, time, count = -1, works = -1, spreadMs = 0 }: Columns): TraceFormat {
	return {
		name,
		spreadMs,
		works: works >= 0 ? 'tokens' : 'ms',
		heading,
		read(line, row) {
			const cells = cellsOf(line, separator);
			row.timeMs = parseTime(cells[time] ?? '');
			if (Number.isNaN(row.timeMs)) return `column ${time + 1} is no time`;
			if (count >= 0) {
				row.count = numberOf(cells[count]);
				if (!(row.count >= 0 && row.count <= 1e12)) return `column ${count + 1} is no count`;
			}
			if (works >= 0) row.works = numberOf(cells[works]);
			return undefined;
		},
	};
}

function numberOf(cell: string | undefined): number {
	return cell === undefined || cell === '' ? Number.NaN : Number(cell);
}

function cellsOf(line: string, separator: string): string[] {
	return line.split(separator, 64).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
}

/** The least distance of two rows that follow each other; a second where there is one row. At most a day. */
function distanceOf(times: readonly number[]): number {
	const distances = times.slice(1).map((time, at) => time - (times[at] as number));
	const least = Math.min(...distances.filter((distance) => distance > 0));
	return Number.isFinite(least) ? Math.min(86_400_000, least) : 1000;
}
