/** opentelemetry/proto/logs/v1 and its export request. All fields may be missing. */
import {
	ANY_VALUE,
	type AnyValue,
	KEY_VALUE,
	type KeyValue,
	RESOURCE,
	type Resource,
	SCOPE,
	type Scope,
} from './common-messages.ts';
import { type Message, many, message, one } from './message.ts';

export interface LogRecord {
	timeUnixNano?: number;
	/** 1…24. */
	severityNumber?: number;
	severityText?: string;
	body?: AnyValue;
	attributes?: KeyValue[];
	traceId?: string;
	spanId?: string;
	observedTimeUnixNano?: number;
	eventName?: string;
}
export interface ScopeLogs {
	scope?: Scope;
	logRecords?: LogRecord[];
}
export interface ResourceLogs {
	resource?: Resource;
	scopeLogs?: ScopeLogs[];
}
export interface LogsRequest {
	resourceLogs?: ResourceLogs[];
}

const LOG_RECORD: Message<LogRecord> = message<LogRecord>({
	timeUnixNano: one(1, 'nanos'),
	severityNumber: one(2, 'uint32'),
	severityText: one(3, 'string'),
	body: one(5, () => ANY_VALUE),
	attributes: many(6, () => KEY_VALUE),
	traceId: one(9, 'hex'),
	spanId: one(10, 'hex'),
	observedTimeUnixNano: one(11, 'nanos'),
	eventName: one(12, 'string'),
});
const SCOPE_LOGS: Message<ScopeLogs> = message<ScopeLogs>({
	scope: one(1, () => SCOPE),
	logRecords: many(2, () => LOG_RECORD),
});
const RESOURCE_LOGS: Message<ResourceLogs> = message<ResourceLogs>({
	resource: one(1, () => RESOURCE),
	scopeLogs: many(2, () => SCOPE_LOGS),
});
export const LOGS_REQUEST: Message<LogsRequest> = message<LogsRequest>({ resourceLogs: many(1, () => RESOURCE_LOGS) });
