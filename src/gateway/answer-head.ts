import { BodyKind } from '../wire/body.ts';
import { Field } from '../wire/field-names.ts';
import type { Framing } from '../wire/framing.ts';
import { type Fields, lineEnd, STRIDE, text } from '../wire/head.ts';
import type { Output } from '../wire/output.ts';
import type { ResponseHead } from '../wire/response-head.ts';
import type { PassedOn } from './compress/passed-on.ts';
import type { FieldEdits } from './field-edits.ts';
import type { AnswerEdits, Route } from './route.ts';

const VERSION = Buffer.from('HTTP/1.1 ');
const SPACE = Buffer.from(' ');
const STATUS_DIGITS = 3;
const CONTENT_LENGTH = Buffer.from('Content-Length: ');
export const CHUNKED: Buffer = Buffer.from('Transfer-Encoding: chunked\r\n');
const UPGRADE = Buffer.from('Connection: upgrade\r\nUpgrade: ');

/** How the answer's body reaches the client. */
export const AnswerMode = { none: 0, raw: 1, chunked: 2 } as const;

export const CONNECTION_CLOSE: Buffer = Buffer.from('Connection: close\r\n');
export const CONNECTION_KEEP_ALIVE: Buffer = Buffer.from('Connection: keep-alive\r\n');

/** What of an exchange its answer's head depends on. */
export interface Answering {
	readonly plane: { readonly date: Buffer };
	readonly route: Route | null;
	readonly fetch: { readonly slot: number; readonly key: number };
	readonly head: { readonly minor: number };
	readonly method: string;
	field(name: string): string | undefined;
	readonly answerMode: number;
	readonly closing: boolean;
	/** Lines to add. */
	readonly cache: { readonly extra: Buffer | null };
}

/** What of an exchange is decided when its answer begins. */
export interface Framed {
	readonly plane: { readonly draining: boolean };
	readonly body: { readonly done: boolean };
	readonly head: { readonly minor: number };
	answerMode: number;
	closing: boolean;
}

/** What of an exchange an answer of our own depends on. */
export interface Owning extends Pick<Answering, 'closing' | 'head'> {
	readonly plane: { readonly date: Buffer; readonly out: Output };
}

/** A head that is passed on: where to, for whom, and what came. */
export interface AnswerHead {
	out: Output;
	exchange: Answering;
	head: ResponseHead;
	bytes: Uint8Array;
	framing: Framing;
	/** How it is compressed, or might be; null: not at all. */
	passed: PassedOn | null;
}

/** Writes the answer's head for the client: end-to-end fields as received, framing and hop-by-hop ones anew. */
export function writeAnswerHead({ out, exchange, head, bytes, framing, passed }: AnswerHead): void {
	writeStatusLine(out, head, bytes);
	const route = exchange.route;
	const own = route === null ? null : route.cdn === null ? route.response : cdnEdits(exchange, route.cdn, head, bytes);
	const edits = passed === null ? own : passed.edits(own);
	copyFields(out, bytes, head.fields, edits);
	if (edits !== null) out.bytes(edits.added);
	if (exchange.cache.extra !== null) out.bytes(exchange.cache.extra);
	if (!framing.hasDate) out.bytes(exchange.plane.date);
	writeAffinity(out, exchange);
	if (head.status === 101) {
		writeUpgrade(out, head, bytes, framing);
		return;
	}
	if (exchange.answerMode === AnswerMode.chunked) out.bytes(CHUNKED);
	else if (framing.contentLength >= 0 && head.status !== 204 && !framing.chunked && passed?.coded !== true)
		writeLength(out, framing.contentLength);
	writeHeadEnd(out, exchange);
}

/** How the answer's body is framed for this client, and whether its connection goes on. */
export function frameAnswer(exchange: Framed, kind: number): void {
	// A client that still sends its body learns by the close that nobody reads it.
	if (!exchange.body.done || exchange.plane.draining) exchange.closing = true;
	if (kind === BodyKind.none) exchange.answerMode = AnswerMode.none;
	else if (kind === BodyKind.length) exchange.answerMode = AnswerMode.raw;
	else if (exchange.head.minor === 1) exchange.answerMode = AnswerMode.chunked;
	else {
		exchange.answerMode = AnswerMode.raw;
		exchange.closing = true;
	}
}

/** Whether the connection goes on, and the end of the head. */
export function writeHeadEnd(out: Output, { closing, head }: Pick<Answering, 'closing' | 'head'>): void {
	if (closing) out.bytes(CONNECTION_CLOSE);
	else if (head.minor === 0) out.bytes(CONNECTION_KEEP_ALIVE);
	out.crlf();
}

/** A whole answer of our own; how many bytes its body has. `head`: status line and fields but Date, Connection and the end. */
export function writeWhole(exchange: Owning, head: Buffer, body: Buffer | null): number {
	const { out } = exchange.plane;
	out.bytes(head);
	out.bytes(exchange.plane.date);
	writeHeadEnd(out, exchange);
	if (body !== null) out.bytes(body);
	return body?.length ?? 0;
}

export function writeLength(out: Output, length: number): void {
	out.bytes(CONTENT_LENGTH);
	out.decimal(length);
	out.crlf();
}

/** Writes an answer of 1xx. */
export function writeInterim(out: Output, head: ResponseHead, bytes: Uint8Array): void {
	writeStatusLine(out, head, bytes);
	copyFields(out, bytes, head.fields, null);
	out.crlf();
}

function writeStatusLine(out: Output, head: ResponseHead, bytes: Uint8Array): void {
	out.bytes(VERSION);
	out.copy(bytes, head.statusAt, head.reasonEnd);
	// The space is not left out where the reason is (RFC 9112 §4).
	if (head.reasonEnd === head.statusAt + STATUS_DIGITS) out.bytes(SPACE);
	out.crlf();
}

function writeUpgrade(out: Output, head: ResponseHead, bytes: Uint8Array, framing: Framing): void {
	out.bytes(UPGRADE);
	const row = framing.upgradeAt * STRIDE;
	out.copy(bytes, head.fields.table[row + 2] as number, head.fields.table[row + 3] as number);
	out.crlf();
	out.crlf();
}

function cdnEdits(exchange: Answering, cdn: AnswerEdits, head: ResponseHead, bytes: Uint8Array): FieldEdits {
	const credential = exchange.field('authorization') !== undefined;
	return cdn.edits({ method: exchange.method, credential, cookie: affinityToken(exchange) !== 0 }, head, bytes);
}

/** Cookie affinity: the client learns which instance it met. */
function writeAffinity(out: Output, exchange: Answering): void {
	const token = affinityToken(exchange);
	const cookie = exchange.route?.service.cookie;
	if (token === 0 || cookie == null) return;
	out.text(`Set-Cookie: ${cookie.name}=${(token >>> 0).toString(16)}${cookie.attributes}\r\n`);
}

/** What the client's cookie is to hold; 0: it has it already, or there is none. */
function affinityToken(exchange: Answering): number {
	const service = exchange.route?.service;
	if (service?.cookie == null || service.picker === null || exchange.fetch.slot < 0) return 0;
	const token = service.picker.token(exchange.fetch.slot);
	return token === exchange.fetch.key ? 0 : token;
}

/** Copies the fields that go from end to end, in as few pieces as they allow. */
function copyFields(out: Output, bytes: Uint8Array, fields: Fields, edits: FieldEdits | null): void {
	const { table, count } = fields;
	let from = -1;
	let to = -1;
	for (let row = 0, end = count * STRIDE; row < end; row += STRIDE) {
		const field = table[row + 4] as number;
		const keep =
			(field === Field.other || field === Field.underscore || (field > Field.lastHop && field !== Field.named)) &&
			(edits === null || !edits.removed.has(text(bytes, table[row] as number, table[row + 1] as number).toLowerCase()));
		if (keep) {
			// Kept lines that stand side by side are one range: from the first name to the last value and its CRLF.
			if (from < 0) from = table[row] as number;
			to = lineEnd(bytes, table[row + 3] as number);
		} else if (from >= 0) {
			out.copy(bytes, from, to);
			from = -1;
		}
	}
	if (from >= 0) out.copy(bytes, from, to);
}
