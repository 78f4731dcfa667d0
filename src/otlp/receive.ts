import type { LogEntry } from '../core/log-entry.ts';
import type { Span } from '../core/span.ts';
import { fieldsOf } from './attributes.ts';
import { decode } from './decode.ts';
import { decodeJson } from './decode-json.ts';
import type { Signal } from './destination.ts';
import { LOGS_REQUEST, type LogsRequest } from './log-messages.ts';
import { entryOf } from './log-records.ts';
import type { Message } from './message.ts';
import { METRICS_REQUEST } from './metric-messages.ts';
import { pointsOf } from './points-of.ts';
import { type Refusal, type RemotePoint, together } from './remote-point.ts';
import { TRACES_REQUEST, type TracesRequest } from './span-messages.ts';
import { spanOf } from './span-records.ts';

/** Where what was received goes. Each says what it had no room for. */
export interface ReceiveSinks {
	metrics(points: readonly RemotePoint[]): Refusal;
	logs(entries: readonly LogEntry[]): Refusal;
	spans(spans: readonly Span[]): Refusal;
	/** A fault of ours. */
	failed(error: unknown): void;
}

export interface ReceivedBody {
	signal: Signal;
	body: Buffer;
	json: boolean;
	nowMs: number;
}

/** Most points, lines or spans of one request; the rest of them is refused. */
const MOST = 10_000;

/** Reads one unpacked body and hands on what is in it. @throws BodyError */
export function receive({ signal, body, json, nowMs }: ReceivedBody, sinks: ReceiveSinks): Refusal {
	const read = <T extends object>(message: Message<T>): T =>
		json ? decodeJson(message, body.toString('utf8')) : decode(message, body);
	if (signal === 'metrics') {
		const { points, refusal } = pointsOf(read(METRICS_REQUEST), MOST);
		return together(refusal, sinks.metrics(points));
	}
	if (signal === 'logs') {
		const { things, refusal } = entriesOf(read(LOGS_REQUEST), nowMs);
		return together(refusal, sinks.logs(things));
	}
	const { things, refusal } = spansOf(read(TRACES_REQUEST));
	return together(refusal, sinks.spans(things));
}

function entriesOf(request: LogsRequest, nowMs: number): { things: LogEntry[]; refusal: Refusal } {
	const things: LogEntry[] = [];
	let rejected = 0;
	for (const { resource, scopeLogs = [] } of request.resourceLogs ?? []) {
		const fields = fieldsOf(resource?.attributes);
		for (const { logRecords = [] } of scopeLogs) {
			for (const record of logRecords) {
				if (things.length < MOST) things.push(entryOf(record, fields, nowMs));
				else rejected++;
			}
		}
	}
	return { things, refusal: { rejected, reason: rejected === 0 ? '' : `more than ${MOST} lines at once` } };
}

function spansOf(request: TracesRequest): { things: Span[]; refusal: Refusal } {
	const things: Span[] = [];
	let rejected = 0;
	for (const { resource, scopeSpans = [] } of request.resourceSpans ?? []) {
		const fields = fieldsOf(resource?.attributes);
		for (const { spans = [] } of scopeSpans) {
			for (const record of spans) {
				const span = things.length < MOST ? spanOf(record, fields) : undefined;
				if (span === undefined) rejected++;
				else things.push(span);
			}
		}
	}
	const reason = rejected === 0 ? '' : `spans without valid ids or a time, or more than ${MOST} at once`;
	return { things, refusal: { rejected, reason } };
}
