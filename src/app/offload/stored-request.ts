import type { Exchange } from '../../gateway/exchange.ts';
import { parsePrefer } from '../../jobs/prefer.ts';
import { Field } from '../../wire/field-names.ts';
import { lineEnd, STRIDE, text } from '../../wire/head.ts';
import { bufferOf } from './stored-answer.ts';

/** What a job has to say of the request that it was, beside the head. */
export interface RequestNotes {
	version: 1;
	service: string;
	/** Name of the route. */
	route: string;
	method: string;
	/** Whether its client may speak for others, and how it is told by them. */
	trusted: boolean;
	secure: boolean;
	address: string;
	addressField: string;
	/** Its place in a trace. */
	trace: { words: number[]; flags: number };
}

/** RFC 9110 §9.2.2. */
export const isIdempotent = (method: string): boolean => IDEMPOTENT.has(method);

const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']);
const NAMED_HERE = new Set(['prefer', 'cancel-after', 'x-ballast-job', 'x-ballast-attempt']);
const LENGTHS = new Set([...NAMED_HERE].map((name) => name.length));

/** The request as a job keeps it: notes, and a head that the parser reads again. `bytes` of its body; -1: it has none. `unsent`: a field that is not for the API. */
export function storeRequest(exchange: Exchange, bytes: number, unsent = ''): Uint8Array {
	const before = notesBefore(exchange);
	const { words, flags } = exchange.trace;
	const trace = `${words.join(',')}],"flags":${flags}}}`;
	const head = headText(exchange, bytes, unsent);
	const stored = Buffer.allocUnsafe(4 + before.length + trace.length + head.length);
	stored.writeUInt32LE(before.length + trace.length);
	before.copy(stored, 4);
	stored.write(trace, 4 + before.length, 'latin1');
	// A character a byte.
	stored.write(head, 4 + before.length + trace.length, 'latin1');
	return stored;
}

type Told = Omit<RequestNotes, 'version' | 'trace'>;

/** Where the place in a trace begins, which each request has of its own: all else is as in the one before, of most. */
const TRACE = '"trace":{"words":[';

let lastWritten: { told: Told; before: Buffer } | null = null;

/** Notes up to the place in a trace, as JSON. */
function notesBefore({ route, client, method }: Exchange): Buffer {
	const told: Told = {
		service: route?.service.name ?? '',
		route: route?.name ?? '',
		method,
		trusted: client.trusted,
		secure: client.secure,
		address: client.address,
		addressField: client.addressField,
	};
	if (lastWritten !== null && isSame(lastWritten.told, told)) return lastWritten.before;
	const before = Buffer.from(`${JSON.stringify({ version: 1, ...told }).slice(0, -1)},${TRACE}`);
	lastWritten = { told, before };
	return before;
}

const isSame = (a: Told, b: Told): boolean =>
	a.service === b.service &&
	a.route === b.route &&
	a.method === b.method &&
	a.trusted === b.trusted &&
	a.secure === b.secure &&
	a.address === b.address &&
	a.addressField === b.addressField;

let lastRead: { notes: RequestNotes; before: Buffer } | null = null;

/** @throws where it is not what `storeRequest` wrote */
export function readStoredRequest(stored: Uint8Array): { notes: RequestNotes; head: Buffer } {
	const bytes = bufferOf(stored);
	const end = 4 + bytes.readUInt32LE(0);
	return { notes: readNotes(bytes, end), head: bytes.subarray(end) };
}

/** Those of most requests differ from the ones before in their place in a trace alone: all of it is JSON, and takes ten times as long to read. */
function readNotes(bytes: Buffer, end: number): RequestNotes {
	if (lastRead !== null) {
		const { before, notes } = lastRead;
		const at = 4 + before.length;
		const trace = at < end && bytes.compare(before, 0, before.length, 4, at) === 0 ? readTrace(bytes, at, end) : null;
		if (trace !== null) return { ...notes, trace };
	}
	const text = bytes.toString('utf8', 4, end);
	const notes = JSON.parse(text) as RequestNotes;
	// Within a string of JSON no quote stands without a backslash before it.
	const at = text.indexOf(TRACE);
	lastRead = at < 0 ? null : { notes, before: Buffer.from(text.slice(0, at + TRACE.length)) };
	return notes;
}

const TRACE_TEXT = /^(\d+(?:,\d+)*)\],"flags":(\d+)\}\}$/;

/** null: it is written in another way. */
function readTrace(bytes: Buffer, start: number, end: number): RequestNotes['trace'] | null {
	const found = TRACE_TEXT.exec(bytes.toString('latin1', start, end));
	if (found === null) return null;
	return { words: (found[1] as string).split(',').map(Number), flags: Number(found[2]) };
}

/** Of the notes what is the same for all requests of a route and method, and how those of no others begin. */
export function routeNotes(stored: Uint8Array): Buffer {
	const bytes = bufferOf(stored);
	const notes = bytes.subarray(4, 4 + bytes.readUInt32LE(0));
	// Within a string of JSON no quote stands without a backslash before it.
	const end = notes.indexOf(',"trusted":');
	return end < 0 ? notes : notes.subarray(0, end + 1);
}

/** Whether its notes begin so. */
export const hasNotes = (stored: Uint8Array, notes: Buffer): boolean =>
	stored.length >= 4 + notes.length && notes.compare(stored, 4, 4 + notes.length) === 0;

/** End-to-end fields as received; framing anew, conditions of the client's own cache and preferences left out. */
function headText(exchange: Exchange, bytes: number, unsent: string): string {
	const { buffer, head, targetStart, targetEnd, hostStart, hostEnd } = exchange;
	const { table, count } = head.fields;
	let written = `${exchange.method} ${text(buffer, targetStart, targetEnd)} HTTP/1.1\r\n`;
	if (hostEnd > hostStart) written += `Host: ${text(buffer, hostStart, hostEnd)}\r\n`;
	// What stands side by side is copied at once.
	let from = -1;
	let to = -1;
	for (let row = 0; row < count * STRIDE; row += STRIDE) {
		const start = table[row] as number;
		if (!isKept(table[row + 4] as number) || isLeftOut(buffer, { start, end: table[row + 1] as number }, unsent))
			continue;
		if (start !== to) {
			if (from >= 0) written += text(buffer, from, to);
			from = start;
		}
		to = lineEnd(buffer, table[row + 3] as number);
	}
	if (from >= 0) written += text(buffer, from, to);
	const { rest } = parsePrefer(head.fields.list(buffer, 'prefer') ?? '');
	if (rest !== '') written += `Prefer: ${rest}\r\n`;
	return bytes >= 0 ? `${written}Content-Length: ${bytes}\r\n\r\n` : `${written}\r\n`;
}

/** Told here, or not for the API. */
function isLeftOut(buffer: Buffer, { start, end }: { start: number; end: number }, unsent: string): boolean {
	if (!LENGTHS.has(end - start) && end - start !== unsent.length) return false;
	const name = text(buffer, start, end).toLowerCase();
	return NAMED_HERE.has(name) || name === unsent;
}

function isKept(field: number): boolean {
	switch (field) {
		case Field.host:
		case Field.expect:
		case Field.trailer:
		case Field.named:
		case Field.ifNoneMatch:
		case Field.ifModifiedSince:
		case Field.ifRange:
		case Field.range:
			return false;
		default:
			return field === Field.other || field > Field.lastHop;
	}
}
