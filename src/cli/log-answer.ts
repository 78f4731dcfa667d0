/** What a running Ballast answers about logs. */
import type { LogEntry, LogSource, Severity } from '../core/log-entry.ts';
import { type Fields, flatFields, list, listOr, numberOr, record, textOr } from './answer-form.ts';

export interface LogAnswer {
	/** Oldest first. */
	entries: LogEntry[];
	/** Down to which time all was looked at, epoch ms; NaN: not said. */
	searchedMs: number;
	/** Older ones may match, too. */
	more: boolean;
}

export interface HistogramAnswer {
	fromMs: number;
	stepMs: number;
	counts: number[];
	/** False: the oldest part was not looked at. */
	whole: boolean;
}

export interface TopAnswer {
	values: { value: string; count: number }[];
	/** Entries with other values. */
	others: number;
	whole: boolean;
}

export interface PercentilesAnswer {
	/** NaN: not said. */
	count: number;
	/** By name, as they came: `p50`, `max`. */
	values: [name: string, value: number][];
	whole: boolean;
}

export interface PatternAnswer {
	/** With `<*>` where the messages differ. */
	text: string;
	count: number;
	severity: string;
	/** Not seen before the time that was asked for, or the last deploy. */
	isNew: boolean;
	/** Ten times as many as usual, or more. */
	grown: boolean;
	/** By minute, oldest first; may be empty. */
	counts: number[];
}

/** What is told where nothing else is asked for, in this order. */
const PERCENTILES = ['p50', 'p90', 'p95', 'p99', 'p99.9'];
const MOST_COUNTS = 2000;

const SEVERITIES: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] satisfies Severity[];

export function readLogs(value: unknown): LogAnswer {
	const answer = record(value, 'the answer');
	const entries = list(answer['entries'], 'entries', (entry) => readEntry(entry));
	// They come newest first: the lines of one ms, a stack trace say, have an order, too.
	entries.reverse().sort((a, b) => (a.timeMs || 0) - (b.timeMs || 0));
	return { entries, searchedMs: numberOr(answer['searched']), more: answer['more'] === true };
}

/** What is missing is empty: one strange entry must not hide the others. */
export function readEntry(entry: Fields): LogEntry {
	const severity = textOr(entry['severity']);
	return {
		timeMs: numberOr(entry['timeMs']),
		severity: (SEVERITIES.includes(severity) ? severity : 'info') as Severity,
		source: textOr(entry['source']) as LogSource,
		message: textOr(entry['message']),
		service: textOr(entry['service']),
		instance: textOr(entry['instance']),
		traceId: textOr(entry['traceId']),
		spanId: textOr(entry['spanId']),
		fields: flatFields(entry['fields']),
	};
}

/** One entry of a stream; undefined: it is none. */
export function readEntryLine(line: string): LogEntry | undefined {
	try {
		return readEntry(record(JSON.parse(line), 'an entry'));
	} catch {
		return undefined;
	}
}

export function readHistogram(value: unknown): HistogramAnswer {
	const { fromMs, stepMs, counts, whole } = record(value, 'the answer');
	return { fromMs: numberOr(fromMs), stepMs: numberOr(stepMs), counts: countsOf(counts), whole: whole !== false };
}

export function readTop(value: unknown): TopAnswer {
	const answer = record(value, 'the answer');
	const values = listOr(answer['values']).map((each) => ({
		value: typeof each['value'] === 'string' ? each['value'] : JSON.stringify(each['value'] ?? ''),
		count: numberOr(each['count'], 0),
	}));
	return { values, others: numberOr(answer['others'], 0), whole: answer['whole'] !== false };
}

export function readPercentiles(value: unknown): PercentilesAnswer {
	const answer = record(value, 'the answer');
	const known = Array.isArray(answer['values']) ? answer['values'] : [];
	const named = [
		['min', answer['min']],
		...PERCENTILES.map((name, at) => [name, known[at]]),
		['max', answer['max']],
		['mean', answer['mean']],
	].filter((pair): pair is [string, number] => typeof pair[1] === 'number');
	return { count: numberOr(answer['count']), values: named, whole: answer['whole'] !== false };
}

export function readPatterns(value: unknown): PatternAnswer[] {
	const patterns = Array.isArray(value) ? value : record(value, 'the answer')['patterns'];
	return list(patterns, 'patterns', (pattern) => ({
		text: textOr(pattern['text']),
		count: numberOr(pattern['count'], 0),
		severity: textOr(pattern['severity']),
		isNew: pattern['fresh'] === true,
		grown: pattern['grown'] === true,
		counts: countsOf(pattern['minutes']),
	}));
}

const countsOf = (value: unknown): number[] =>
	Array.isArray(value) ? value.slice(0, MOST_COUNTS).map((count) => numberOr(count, 0)) : [];
