/**
 * The access log: a request as one line of JSON with OpenTelemetry's names. Of headers it has the user
 * agent alone, and of cookies nothing. Written for 40,000 requests a second: bytes are put straight
 * into a buffer that is used again, the names of the keys are ready.
 */
import type { AccessEntry } from '../core/access-entry.ts';
import { ERRORS } from '../core/errors.ts';
import type { Severity } from '../core/log-entry.ts';
import { LineBuffer, MOST_A_CHARACTER, putFragment, putInteger, putJson, putSeconds, putTime } from './line-buffer.ts';
import {
	ADDRESS,
	AGENT,
	ATTEMPTS,
	CACHE,
	DURATION,
	ERROR,
	METHOD,
	PATH,
	PROTOCOL,
	QUERY,
	QUEUE,
	REQUEST_BYTES,
	RESPONSE_BYTES,
	ROUTE,
	SERVICE,
	SEVERITY,
	SPAN_ID,
	STATUS,
	TIMESTAMP,
	TRACE_ID,
	UPSTREAM,
	UPSTREAM_DURATION,
	WEIGHT,
} from './line-keys.ts';

/** Text of one field is cut here, in characters. */
const MOST_TEXT = 8192;
/** What all keys, numbers and ids of a line take at most. */
const FIXED_BYTES = 2048;

/** Errors of Ballast or of instances, and answers that broke off; `notable` without one is slow. */
export function accessSeverity({ status, error, notable }: AccessEntry): Extract<Severity, 'info' | 'warn' | 'error'> {
	if (status >= 500 || (error !== '' && ERRORS[error]?.fault !== 'client')) return 'error';
	return notable ? 'warn' : 'info';
}

/** Writes a line with its end. `query` and `path` stand there as they are in the entry: redact before. */
export function writeAccessLine(entry: AccessEntry, out: LineBuffer): void {
	out.reserve(FIXED_BYTES + MOST_A_CHARACTER * charactersOf(entry));
	const { bytes } = out;
	let at = putFragment(bytes, out.length, TIMESTAMP);
	at = putTime(bytes, at, entry.timeMs);
	at = putFragment(bytes, at, SEVERITY[accessSeverity(entry)]);
	at = putText(bytes, at, TRACE_ID, entry.traceId);
	at = putText(bytes, at, SPAN_ID, entry.spanId);
	at = putText(bytes, at, SERVICE, entry.service);
	at = putText(bytes, at, METHOD, entry.method);
	at = putText(bytes, at, PATH, entry.path);
	at = putText(bytes, at, QUERY, entry.query);
	at = putText(bytes, at, ROUTE, entry.route);
	if (entry.status !== 0) at = putInteger(bytes, putFragment(bytes, at, STATUS), entry.status);
	at = putText(bytes, at, ERROR, entry.error);
	at = putText(bytes, at, ADDRESS, entry.address);
	at = putText(bytes, at, PROTOCOL, entry.protocol);
	at = putText(bytes, at, AGENT, entry.userAgent);
	at = putInteger(bytes, putFragment(bytes, at, REQUEST_BYTES), entry.requestBytes);
	at = putInteger(bytes, putFragment(bytes, at, RESPONSE_BYTES), entry.responseBytes);
	at = putSeconds(bytes, putFragment(bytes, at, DURATION), entry.durationUs);
	at = putUpstream(bytes, at, entry);
	at = putText(bytes, at, CACHE, entry.cache);
	if (entry.queueUs > 0) at = putSeconds(bytes, putFragment(bytes, at, QUEUE), entry.queueUs);
	if (entry.weight !== 1) at = putInteger(bytes, putFragment(bytes, at, WEIGHT), Math.round(entry.weight));
	bytes[at++] = 125;
	bytes[at++] = 10;
	out.length = at;
}

function putUpstream(bytes: Buffer, from: number, entry: AccessEntry): number {
	let at = putText(bytes, from, UPSTREAM, entry.instance);
	const { attempts } = entry;
	if (attempts.length === 0) return at;
	at = putInteger(bytes, putFragment(bytes, at, ATTEMPTS), attempts.length);
	const { endUs } = attempts[attempts.length - 1] as AccessEntry['attempts'][number];
	return endUs < 0 ? at : putSeconds(bytes, putFragment(bytes, at, UPSTREAM_DURATION), endUs);
}

/** A field that is empty is left out. */
function putText(bytes: Buffer, from: number, name: Uint8Array, text: string): number {
	if (text === '') return from;
	const at = putJson(bytes, putFragment(bytes, from, name), text.length > MOST_TEXT ? text.slice(0, MOST_TEXT) : text);
	bytes[at] = 34;
	return at + 1;
}

function charactersOf(entry: AccessEntry): number {
	return (
		Math.min(entry.path.length, MOST_TEXT) +
		Math.min(entry.query.length, MOST_TEXT) +
		Math.min(entry.userAgent.length, MOST_TEXT) +
		Math.min(entry.route.length, MOST_TEXT) +
		Math.min(entry.service.length, MOST_TEXT) +
		Math.min(entry.instance.length, MOST_TEXT) +
		Math.min(entry.address.length, MOST_TEXT) +
		Math.min(entry.method.length, MOST_TEXT) +
		entry.protocol.length +
		entry.traceId.length +
		entry.spanId.length +
		entry.error.length +
		entry.cache.length
	);
}

/** A line without its end. */
export function accessLine(entry: AccessEntry): string {
	const out = new LineBuffer(4096);
	writeAccessLine(entry, out);
	return out.bytes.toString('utf8', 0, out.length - 1);
}
