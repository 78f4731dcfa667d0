import type { LogEntry, Severity } from '../core/log-entry.ts';
import { bounded, type FieldNames, flatFields } from './flat-fields.ts';
import { levelOf } from './line-level.ts';
import { severityOf, severityOfNumber } from './severity.ts';

/** A line that an instance printed. */
export interface OutputLine {
	/** When it came, epoch ms. */
	timeMs: number;
	service: string;
	instance: string;
	stream: 'stdout' | 'stderr';
	/** Without its end; it may be anything. */
	line: string;
}

/** A message is cut here, in characters; a longer line is not read as JSON. */
export const MOST_MESSAGE = 8192;
const MOST_JSON = 65_536;
/** How far a line's own time may be from when it came, ms. */
const MOST_SKEW_MS = 3_600_000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: the codes that colour a terminal.
const COLOURS = /\x1b\[[0-9;:]{0,30}m/g;

/** Reads a line: as JSON of the usual loggers, else its level by its words. Never throws; bounded in all. */
export function readOutputLine(output: OutputLine, names: FieldNames): LogEntry {
	const { line } = output;
	const json = line.length <= MOST_JSON && /^\s*\{/.test(line) ? parsed(line) : undefined;
	if (json !== undefined) return entryOfJson(output, json, names);
	const cut = line.length > MOST_MESSAGE + 1024 ? line.slice(0, MOST_MESSAGE + 1024) : line;
	const plain = cut.includes('\x1b') ? cut.replace(COLOURS, '') : cut;
	return {
		timeMs: output.timeMs,
		severity: levelOf(plain) ?? unmarked(output),
		source: 'instance',
		service: output.service,
		instance: output.instance,
		message: bounded(plain, MOST_MESSAGE),
		traceId: '',
		spanId: '',
		fields: line.length > MOST_MESSAGE ? { 'line.length': line.length } : {},
	};
}

/** What says nothing of its level: most programs print their warnings on stderr. */
const unmarked = ({ stream }: OutputLine): Severity => (stream === 'stderr' ? 'warn' : 'info');

function parsed(line: string): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(line);
		return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
	} catch {
		return undefined;
	}
}

/** The names that pino, winston, bunyan, zap, logback, ECS and OpenTelemetry have for these, the first that is there counts. */
const LEVELS = [
	'level',
	'severity_text',
	'severityText',
	'severity',
	'log.level',
	'lvl',
	'levelname',
	'severity_number',
	'severityNumber',
];
const MESSAGES = ['msg', 'message', 'body', 'text', 'event', 'short_message'];
const TIMES = ['time', 'timestamp', '@timestamp', 'ts', 'datetime', 'date', 'eventTime'];
const TRACES = ['trace_id', 'traceId', 'trace.id', 'traceID', 'otelTraceID'];
const SPANS = ['span_id', 'spanId', 'span.id', 'spanID', 'otelSpanID'];

function entryOfJson(output: OutputLine, json: Record<string, unknown>, names: FieldNames): LogEntry {
	const rest: Record<string, unknown> = { ...json };
	const severity = take(rest, LEVELS, levelValue);
	const message = take(rest, MESSAGES, (value) => (typeof value === 'string' ? value : undefined));
	const timeMs = take(rest, TIMES, (value) => timeValue(value, output.timeMs));
	const traceId = take(rest, TRACES, (value) => hexValue(value, 32));
	const spanId = take(rest, SPANS, (value) => hexValue(value, 16));
	const fields = flatFields(rest, names);
	const text = message ?? messageOfError(fields) ?? '';
	return {
		timeMs: timeMs ?? output.timeMs,
		severity: severity ?? (text === '' ? undefined : levelOf(text)) ?? unmarked(output),
		source: 'instance',
		service: output.service,
		instance: output.instance,
		message: bounded(text.includes('\x1b') ? text.replace(COLOURS, '') : text, MOST_MESSAGE),
		traceId: traceId ?? '',
		spanId: spanId ?? '',
		fields,
	};
}

/** The first of some names whose value is understood; it is no field any more. */
function take<T>(
	from: Record<string, unknown>,
	names: readonly string[],
	read: (value: unknown) => T | undefined,
): T | undefined {
	for (const name of names) {
		if (!Object.hasOwn(from, name)) continue;
		const value = read(from[name]);
		if (value === undefined) continue;
		delete from[name];
		return value;
	}
	return undefined;
}

function levelValue(value: unknown): Severity | undefined {
	if (typeof value === 'number') return severityOfNumber(value);
	return typeof value === 'string' ? severityOf(value) : undefined;
}

/** ISO 8601, or epoch in s, ms, µs or ns. One that is far from when the line came is no time that we file by. */
function timeValue(value: unknown, cameMs: number): number | undefined {
	let ms = Number.NaN;
	if (typeof value === 'string' && value.length <= 40) ms = /^\d{4}-/.test(value) ? Date.parse(value) : Number(value);
	else if (typeof value === 'number') ms = value;
	if (!(ms > 0)) return undefined;
	while (ms > 1e14) ms /= 1000;
	if (ms < 1e11) ms *= 1000;
	return Math.abs(ms - cameMs) <= MOST_SKEW_MS ? ms : undefined;
}

function hexValue(value: unknown, length: number): string | undefined {
	if (typeof value !== 'string' || value.length !== length || !/^[0-9a-f]+$/i.test(value)) return undefined;
	return /^0+$/.test(value) ? undefined : value.toLowerCase();
}

function messageOfError(fields: LogEntry['fields']): string | undefined {
	const found =
		fields['err.message'] ?? fields['error.message'] ?? fields['exception.message'] ?? fields['err'] ?? fields['error'];
	return typeof found === 'string' ? found : undefined;
}
