/** Messages that metrics, logs and traces share: opentelemetry/proto/common/v1, resource/v1. All fields may be missing. */
import { type Message, many, message, one } from './message.ts';

export interface AnyValue {
	stringValue?: string;
	boolValue?: boolean;
	intValue?: number;
	doubleValue?: number;
	arrayValue?: ArrayValue;
	kvlistValue?: KeyValueList;
	bytesValue?: Uint8Array;
}
export interface ArrayValue {
	values?: AnyValue[];
}
export interface KeyValueList {
	values?: KeyValue[];
}
export interface KeyValue {
	key?: string;
	value?: AnyValue;
}
export interface Resource {
	attributes?: KeyValue[];
}
export interface Scope {
	name?: string;
	version?: string;
}
/** The answer to each kind of export, by what it calls the things that it refused. */
export interface PartialSuccess {
	rejected?: number;
	errorMessage?: string;
}
export interface ExportAnswer {
	partialSuccess?: PartialSuccess;
}
/** google.rpc.Status, the body of an answer that refuses. */
export interface RpcStatus {
	code?: number;
	message?: string;
}

export const ANY_VALUE: Message<AnyValue> = message<AnyValue>({
	stringValue: one(1, 'string'),
	boolValue: one(2, 'bool'),
	intValue: one(3, 'int64'),
	doubleValue: one(4, 'double'),
	arrayValue: one(5, () => ARRAY_VALUE),
	kvlistValue: one(6, () => KEY_VALUE_LIST),
	bytesValue: one(7, 'bytes'),
});
const ARRAY_VALUE: Message<ArrayValue> = message<ArrayValue>({ values: many(1, () => ANY_VALUE) });
const KEY_VALUE_LIST: Message<KeyValueList> = message<KeyValueList>({ values: many(1, () => KEY_VALUE) });
export const KEY_VALUE: Message<KeyValue> = message<KeyValue>({
	key: one(1, 'string'),
	value: one(2, () => ANY_VALUE),
});
export const RESOURCE: Message<Resource> = message<Resource>({ attributes: many(1, () => KEY_VALUE) });
export const SCOPE: Message<Scope> = message<Scope>({ name: one(1, 'string'), version: one(2, 'string') });
const PARTIAL_SUCCESS: Message<PartialSuccess> = message<PartialSuccess>({
	rejected: one(1, 'int64'),
	errorMessage: one(2, 'string'),
});
export const EXPORT_ANSWER: Message<ExportAnswer> = message<ExportAnswer>({
	partialSuccess: one(1, () => PARTIAL_SUCCESS),
});
export const RPC_STATUS: Message<RpcStatus> = message<RpcStatus>({ code: one(1, 'int64'), message: one(2, 'string') });
