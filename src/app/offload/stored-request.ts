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
const CRLF = Buffer.from('\r\n');

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
	const json = Buffer.from(JSON.stringify(notes));
	const length = Buffer.alloc(4);
	length.writeUInt32LE(json.length);
	return Buffer.concat([length, json, ...headParts(exchange, bytes, unsent)]);
}

/** @throws where it is not what `storeRequest` wrote */
export function readStoredRequest(stored: Uint8Array): { notes: RequestNotes; head: Buffer } {
	const bytes = bufferOf(stored);
	const length = bytes.readUInt32LE(0);
	const notes = JSON.parse(bytes.toString('utf8', 4, 4 + length)) as RequestNotes;
	return { notes, head: bytes.subarray(4 + length) };
}

/** End-to-end fields as received; framing anew, conditions of the client's own cache and preferences left out. */
function headParts(exchange: Exchange, bytes: number, unsent: string): Buffer[] {
	const { buffer, head, targetStart, targetEnd, hostStart, hostEnd } = exchange;
	const { table, count } = head.fields;
	const target = text(buffer, targetStart, targetEnd);
	const parts = [Buffer.from(`${exchange.method} ${target} HTTP/1.1\r\n`, 'latin1')];
	if (hostEnd > hostStart) parts.push(Buffer.from(`Host: ${text(buffer, hostStart, hostEnd)}\r\n`, 'latin1'));
	for (let row = 0; row < count * STRIDE; row += STRIDE) {
		const start = table[row] as number;
		if (!isKept(table[row + 4] as number)) continue;
		const name = text(buffer, start, table[row + 1] as number).toLowerCase();
		if (NAMED_HERE.has(name) || name === unsent) continue;
		// Copied: the exchange serves another request by the time that this is stored.
		parts.push(Buffer.from(buffer.subarray(start, lineEnd(buffer, table[row + 3] as number))));
	}
	const { rest } = parsePrefer(head.fields.list(buffer, 'prefer') ?? '');
	if (rest !== '') parts.push(Buffer.from(`Prefer: ${rest}\r\n`, 'latin1'));
	if (bytes >= 0) parts.push(Buffer.from(`Content-Length: ${bytes}\r\n`));
	parts.push(CRLF);
	return parts;
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
