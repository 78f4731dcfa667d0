/** What a running Ballast answers about logs. */
import type { LogEntry, LogSource, Severity } from '../core/log-entry.ts';
import { type Fields, flatFields, list, listOr, numberOr, record, textOr } from './answer-form.ts';

export interface LogAnswer {
	/** Oldest first. */
	entries: LogEntry[];
	/** How many were looked at; NaN: not said. */
	searched: number;
	/** Older ones match, too. */
	more: boolean;
}

export interface HistogramAnswer {
	fromMs: number;
	stepMs: number;
	counts: number[];
}

export interface TopAnswer {
	values: { value: string; count: number }[];
	/** Entries that have the field; NaN: not said. */
	total: number;
}

export interface PercentilesAnswer {
	/** NaN: not said. */
	count: number;
	/** By name, as they came: `p50`, `max`. */
	values: [name: string, value: number][];
}

export interface PatternAnswer {
	/** With `<*>` where the messages differ. */
	text: string;
	count: number;
	severity: string;
	/** Not seen before the last deploy. */
	isNew: boolean;
	/** How many times its usual count; 0: as usual. */
	grown: number;
	/** By time, oldest first; may be empty. */
	counts: number[];
}

const SEVERITIES: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] satisfies Severity[];

export function readLogs(value: unknown): LogAnswer {
	const answer = record(value, 'the answer');
	const entries = list(answer['entries'], 'entries', (entry) => readEntry(entry));
	entries.sort((a, b) => a.timeMs - b.timeMs);
	return { entries, searched: numberOr(answer['searched']), more: answer['more'] === true };
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
	const answer = record(value, 'the answer');
	const buckets = answer['buckets'];
	const counts = answer['counts'] ?? answer['values'] ?? (Array.isArray(buckets) ? buckets.map(countOf) : []);
	return {
		fromMs: numberOr(answer['fromMs']),
		stepMs: numberOr(answer['stepMs']),
		counts: Array.isArray(counts) ? counts.map((count) => numberOr(count, 0)) : [],
	};
}

export function readTop(value: unknown): TopAnswer {
	const answer = record(value, 'the answer');
	const values = listOr(answer['values']).map((each) => ({
		value: typeof each['value'] === 'string' ? each['value'] : JSON.stringify(each['value'] ?? ''),
		count: numberOr(each['count'], 0),
	}));
	return { values, total: numberOr(answer['total']) };
}

export function readPercentiles(value: unknown): PercentilesAnswer {
	const { count, ...answer } = record(value, 'the answer');
	const inner = typeof answer['values'] === 'object' && answer['values'] !== null ? answer['values'] : answer;
	const values = Object.entries(inner).filter(
		(pair): pair is [string, number] =>
			typeof pair[1] === 'number' && /^(?:p\d+(?:\.\d+)?|min|max|mean)$/.test(pair[0]),
	);
	return { count: numberOr(count), values };
}

export function readPatterns(value: unknown): PatternAnswer[] {
	const patterns = Array.isArray(value) ? value : record(value, 'the answer')['patterns'];
	return list(patterns, 'patterns', (pattern) => ({
		text: textOr(pattern['text'], textOr(pattern['pattern'], textOr(pattern['template']))),
		count: numberOr(pattern['count'], 0),
		severity: textOr(pattern['severity']),
		isNew: pattern['isNew'] === true || pattern['fresh'] === true,
		grown: pattern['grown'] === true ? Number.NaN : numberOr(pattern['grown'], 0),
		counts: Array.isArray(pattern['counts']) ? pattern['counts'].map((count) => numberOr(count, 0)) : [],
	}));
}

const countOf = (bucket: unknown): number =>
	typeof bucket === 'number' ? bucket : numberOr((bucket as { count?: unknown } | null)?.count, 0);
