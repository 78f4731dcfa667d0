import type { LogEntry, Severity } from '../core/log-entry.ts';
import { anyValueOf, attributesOf, BOUNDS, cut, type Fields, fieldsOf, textOf } from './attributes.ts';
import type { LogRecord } from './log-messages.ts';

/** SeverityNumber of the first of the four steps of each. */
const NUMBERS: Readonly<Record<Severity, number>> = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 };
const SEVERITIES: readonly Severity[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
/** Most characters of a received line. */
const MOST_MESSAGE = 32_768;

export function recordOf(entry: LogEntry): LogRecord {
	return {
		timeUnixNano: entry.timeMs,
		observedTimeUnixNano: entry.timeMs,
		severityNumber: NUMBERS[entry.severity],
		severityText: entry.severity.toUpperCase(),
		body: anyValueOf(entry.message),
		attributes: attributesOf({ 'ballast.source': entry.source, ...entry.fields }),
		...(entry.traceId === '' ? {} : { traceId: entry.traceId }),
		...(entry.spanId === '' ? {} : { spanId: entry.spanId }),
	};
}

/** What a peer sent, bounded. `resource` are the attributes of who sent it. */
export function entryOf(record: LogRecord, resource: Fields, nowMs: number): LogEntry {
	const { eventName = '' } = record;
	const fields = { ...fieldsOf(record.attributes), ...(eventName === '' ? {} : { 'event.name': cut(eventName, 256) }) };
	return {
		timeMs: record.timeUnixNano || record.observedTimeUnixNano || nowMs,
		severity: severityOf(record),
		source: 'remote',
		message: textOf(record.body, MOST_MESSAGE),
		service: nameOf(resource, 'service.name'),
		instance: nameOf(resource, 'service.instance.id'),
		traceId: idOf(record.traceId, 32),
		spanId: idOf(record.spanId, 16),
		fields,
	};
}

function severityOf({ severityNumber = 0, severityText = '' }: LogRecord): Severity {
	if (severityNumber >= 1 && severityNumber <= 24) return SEVERITIES[Math.floor((severityNumber - 1) / 4)] as Severity;
	const text = severityText.slice(0, 16).toLowerCase();
	return SEVERITIES.find((severity) => text.startsWith(severity)) ?? (text.startsWith('crit') ? 'fatal' : 'info');
}

/** A name in the attributes of a resource; '' when it has none. */
export function nameOf(resource: Fields, key: string): string {
	const value = resource[key];
	return value === undefined ? '' : cut(String(value), BOUNDS.keyChars);
}

/** '' for what is no id, or all zero. */
export function idOf(id: string | undefined, digits: number): string {
	return id !== undefined && id.length === digits && !/^0+$/.test(id) ? id : '';
}
