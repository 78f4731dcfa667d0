/** opentelemetry/proto/trace/v1 and its export request. All fields may be missing. */
import { KEY_VALUE, type KeyValue, RESOURCE, type Resource, SCOPE, type Scope } from './common-messages.ts';
import { type Message, many, message, one } from './message.ts';

/** SpanKind. */
export const INTERNAL = 1;
export const SERVER = 2;
export const CLIENT = 3;
/** StatusCode. */
export const STATUS_ERROR = 2;

export interface SpanEvent {
	timeUnixNano?: number;
	name?: string;
	attributes?: KeyValue[];
}
export interface SpanStatus {
	message?: string;
	code?: number;
}
export interface SpanRecord {
	traceId?: string;
	spanId?: string;
	parentSpanId?: string;
	name?: string;
	kind?: number;
	startTimeUnixNano?: number;
	endTimeUnixNano?: number;
	attributes?: KeyValue[];
	events?: SpanEvent[];
	status?: SpanStatus;
}
export interface ScopeSpans {
	scope?: Scope;
	spans?: SpanRecord[];
}
export interface ResourceSpans {
	resource?: Resource;
	scopeSpans?: ScopeSpans[];
}
export interface TracesRequest {
	resourceSpans?: ResourceSpans[];
}

const SPAN_EVENT: Message<SpanEvent> = message<SpanEvent>({
	timeUnixNano: one(1, 'nanos'),
	name: one(2, 'string'),
	attributes: many(3, () => KEY_VALUE),
});
const SPAN_STATUS: Message<SpanStatus> = message<SpanStatus>({ message: one(2, 'string'), code: one(3, 'uint32') });
const SPAN: Message<SpanRecord> = message<SpanRecord>({
	traceId: one(1, 'hex'),
	spanId: one(2, 'hex'),
	parentSpanId: one(4, 'hex'),
	name: one(5, 'string'),
	kind: one(6, 'uint32'),
	startTimeUnixNano: one(7, 'nanos'),
	endTimeUnixNano: one(8, 'nanos'),
	attributes: many(9, () => KEY_VALUE),
	events: many(11, () => SPAN_EVENT),
	status: one(15, () => SPAN_STATUS),
});
const SCOPE_SPANS: Message<ScopeSpans> = message<ScopeSpans>({
	scope: one(1, () => SCOPE),
	spans: many(2, () => SPAN),
});
const RESOURCE_SPANS: Message<ResourceSpans> = message<ResourceSpans>({
	resource: one(1, () => RESOURCE),
	scopeSpans: many(2, () => SCOPE_SPANS),
});
export const TRACES_REQUEST: Message<TracesRequest> = message<TracesRequest>({
	resourceSpans: many(1, () => RESOURCE_SPANS),
});
