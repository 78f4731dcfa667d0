import type { Span } from '../core/span.ts';
import { attributesOf, cut, type Fields, fieldsOf } from './attributes.ts';
import { idOf, nameOf } from './log-records.ts';
import { CLIENT, INTERNAL, SERVER, type SpanRecord, STATUS_ERROR } from './span-messages.ts';

const KINDS = { internal: INTERNAL, server: SERVER, client: CLIENT } as const;
/** PRODUCER and CONSUMER are what client and server are for messages. */
const KIND_OF: readonly Span['kind'][] = ['internal', 'internal', 'server', 'client', 'client', 'server'];
const MOST_NAME = 256;

export function spanRecordOf(span: Span): SpanRecord {
	return {
		traceId: span.traceId,
		spanId: span.spanId,
		...(span.parentId === '' ? {} : { parentSpanId: span.parentId }),
		name: span.name,
		kind: KINDS[span.kind],
		startTimeUnixNano: span.startMs,
		endTimeUnixNano: span.endMs,
		attributes: attributesOf(span.fields),
		...(span.error === '' ? {} : { status: { code: STATUS_ERROR, message: span.error } }),
	};
}

/** What a peer sent, bounded; undefined: it has no valid ids, or no time. */
export function spanOf(record: SpanRecord, resource: Fields): Span | undefined {
	const traceId = idOf(record.traceId, 32);
	const spanId = idOf(record.spanId, 16);
	const { startTimeUnixNano: startMs = 0, endTimeUnixNano: endMs = 0, status } = record;
	if (traceId === '' || spanId === '' || startMs <= 0) return undefined;
	const fields = { ...fieldsOf(record.attributes) };
	const service = nameOf(resource, 'service.name');
	const instance = nameOf(resource, 'service.instance.id');
	if (service !== '') fields['service.name'] = service;
	if (instance !== '') fields['service.instance.id'] = instance;
	const failed = status?.code === STATUS_ERROR;
	return {
		traceId,
		spanId,
		parentId: idOf(record.parentSpanId, 16),
		name: cut(record.name ?? '', MOST_NAME),
		kind: KIND_OF[record.kind ?? 0] ?? 'internal',
		startMs,
		endMs: Math.max(startMs, endMs),
		error: failed ? cut(status.message || String(fields['error.type'] ?? 'error'), MOST_NAME) : '',
		fields,
	};
}
