import type { LogEntry } from '../core/log-entry.ts';
import type { DayFiles } from './day-files.ts';
import { type LogQuestion, search } from './log-search.ts';
import { toEnd } from './steps.ts';

const BATCH = 1000;

/**
 * All entries that fit, newest first, as lines of JSON, some hundred at a time. In memory is one batch.
 * @throws BallastError `bad_query`
 */
export function* exportNdjson(files: DayFiles, question: LogQuestion): Generator<string, void, undefined> {
	let cursor: string | undefined;
	for (;;) {
		const answer = toEnd(search(files, { ...question, limit: BATCH, ...(cursor === undefined ? {} : { cursor }) }));
		if (answer.entries.length > 0) yield answer.entries.map((entry) => `${entryLine(entry)}\n`).join('');
		if (!answer.more || answer.cursor === cursor) return;
		cursor = answer.cursor;
	}
}

/** An entry as one line of JSON, with OpenTelemetry's names; nothing in it is active on a terminal. */
export function entryLine(entry: LogEntry): string {
	const { timeMs, severity, source, service, instance, message, traceId, spanId, fields } = entry;
	return safe(
		JSON.stringify({
			timestamp: timeText(timeMs),
			severity_text: severity.toUpperCase(),
			source,
			...(service === '' ? {} : { 'service.name': service }),
			...(instance === '' ? {} : { 'service.instance.id': instance }),
			...(traceId === '' ? {} : { trace_id: traceId }),
			...(spanId === '' ? {} : { span_id: spanId }),
			body: message,
			...fields,
		}),
	);
}

// DEL, C1, separators and marks of direction, which JSON leaves as they are.
const ACTIVE = /[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

function safe(json: string): string {
	return json.replace(ACTIVE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** RFC 3339 with ms; a time that is none is the epoch. */
export function timeText(timeMs: number): string {
	return new Date(Math.abs(timeMs) < 8.64e15 ? timeMs : 0).toISOString();
}
