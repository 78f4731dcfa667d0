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
	const { route, client, trace } = exchange;
	const notes: RequestNotes = {
		version: 1,
		service: route?.service.name ?? '',
		route: route?.name ?? '',
		method: exchange.method,
		trusted: client.trusted,
		secure: client.secure,
		address: client.address,
		addressField: client.addressField,
		trace: { words: [...trace.words], flags: trace.flags },
	};
	return join(JSON.stringify(notes), headText(exchange, bytes, unsent));
}

/** `head`: a character a byte. */
function join(notes: string, head: string): Buffer {
	const length = Buffer.byteLength(notes);
	const stored = Buffer.allocUnsafe(4 + length + head.length);
	stored.writeUInt32LE(length);
	stored.write(notes, 4);
	stored.write(head, 4 + length, 'latin1');
	return stored;
}

/** @throws where it is not what `storeRequest` wrote */
export function readStoredRequest(stored: Uint8Array): { notes: RequestNotes; head: Buffer } {
	const bytes = bufferOf(stored);
	const length = bytes.readUInt32LE(0);
	const notes = JSON.parse(bytes.toString('utf8', 4, 4 + length)) as RequestNotes;
	return { notes, head: bytes.subarray(4 + length) };
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
