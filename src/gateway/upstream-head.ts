import { Field, fieldOf } from '../wire/field-names.ts';
import { type Framing, listHas } from '../wire/framing.ts';
import { lineEnd, STRIDE, text } from '../wire/head.ts';
import type { Output } from '../wire/output.ts';
import type { RequestHead } from '../wire/request-head.ts';
import type { Destination } from './attempt.ts';
import { addressTold } from './client-address.ts';
import type { NodeLimits } from './config.ts';
import type { TraceContext, Tracing } from './data-plane.ts';
import { forwardedNode } from './forwarded.ts';
import type { Route } from './route.ts';

const VERSION_LINE = Buffer.from(' HTTP/1.1\r\n');
const HOST = Buffer.from('Host: ');
const CONTENT_LENGTH = Buffer.from('Content-Length: ');
const CHUNKED = Buffer.from('Transfer-Encoding: chunked\r\n');
const UPGRADE = Buffer.from('Connection: upgrade\r\nUpgrade: ');
const TE_TRAILERS = Buffer.from('Connection: TE\r\nTE: trailers\r\n');
const FORWARDED_HOST = Buffer.from('X-Forwarded-Host: ');
const MAX_FORWARDS = Buffer.from('Max-Forwards: ');

/** What of an exchange its request's head is made of. */
export interface Requesting {
	readonly buffer: Buffer;
	readonly head: RequestHead;
	readonly framing: Framing;
	readonly method: string;
	readonly rewritten: boolean;
	readonly targetStart: number;
	readonly targetEnd: number;
	readonly hostStart: number;
	readonly hostEnd: number;
	readonly absolute: boolean;
	readonly mayUpgrade: boolean;
	readonly route: Route | null;
	readonly plane: {
		readonly limits: NodeLimits;
		readonly tracing: Tracing | null;
		readonly cdnLoop: { readonly line: Buffer } | null;
		readonly trust: { readonly guarded: ReadonlySet<string> | null };
	};
	readonly trace: TraceContext;
	/** In the place of the client's own conditions and `Range`; null: these go as they came. */
	readonly conditions: Buffer | null;
	readonly fetch: { readonly attempts: number };
	readonly client: {
		readonly trusted: boolean;
		readonly secure: boolean;
		readonly address: string;
		readonly addressField: string;
		readonly forwarded: Buffer;
	};
	field(name: string): string | undefined;
}

/** Writes the request's head for an instance: end-to-end fields as received, the rest anew (RFC 9110 §7.6). */
export function writeUpstreamHead(out: Output, exchange: Requesting, upstream: Destination): void {
	const { buffer, head } = exchange;
	if (!exchange.rewritten && head.minor === 1) out.copy(buffer, head.start, head.lineEnd);
	else {
		out.copy(buffer, head.start, head.methodEnd + 1);
		out.copy(buffer, exchange.targetStart, exchange.targetEnd);
		out.bytes(VERSION_LINE);
	}
	const hostKept = writeHost(out, exchange, upstream);
	copyFields(out, exchange, hostKept);
	const edits = exchange.route?.request ?? null;
	if (edits !== null) out.bytes(edits.added);
	if (exchange.conditions !== null) out.bytes(exchange.conditions);
	writeFraming(out, exchange);
	if (exchange.plane.cdnLoop !== null) out.bytes(exchange.plane.cdnLoop.line);
	exchange.plane.tracing?.write(out, exchange.trace, exchange.fetch.attempts);
	if (exchange.client.trusted) writeTrustedForwarded(out, exchange);
	else out.bytes(exchange.client.forwarded);
	out.crlf();
}

/** True: the client's own Host field is passed on as it came. */
function writeHost(out: Output, exchange: Requesting, upstream: Destination): boolean {
	const policy = exchange.route?.host;
	if (policy === undefined || policy.kind === 'preserve') {
		if (exchange.framing.hostAt >= 0 && !exchange.absolute) return true;
		out.bytes(HOST);
		if (exchange.hostEnd > exchange.hostStart) out.copy(exchange.buffer, exchange.hostStart, exchange.hostEnd);
		else out.text(upstream.authority);
		out.crlf();
		return false;
	}
	out.bytes(HOST);
	out.text(policy.kind === 'set' ? policy.value : upstream.authority);
	out.crlf();
	out.bytes(FORWARDED_HOST);
	out.copy(exchange.buffer, exchange.hostStart, exchange.hostEnd);
	out.crlf();
	return false;
}

function copyFields(out: Output, exchange: Requesting, hostKept: boolean): void {
	const { buffer } = exchange;
	const { table, count } = exchange.head.fields;
	const edits = exchange.route?.request ?? null;
	const underscores = exchange.plane.limits.underscores === 'pass';
	const { trusted } = exchange.client;
	const traces = exchange.plane.tracing !== null;
	const { guarded } = exchange.plane.trust;
	let from = -1;
	let to = -1;
	for (let row = 0, end = count * STRIDE; row < end; row += STRIDE) {
		const field = table[row + 4] as number;
		let keep = field === Field.other || passes(field, hostKept, underscores, trusted);
		if (exchange.conditions !== null) keep &&= !isCondition(field);
		if (traces && field >= Field.traceparent) keep &&= !isReplaced(field, exchange.trace);
		if (keep && field === Field.underscore)
			keep = mayBeDashed(buffer, [table[row], table[row + 1]] as [number, number], trusted);
		if (keep && guarded !== null && (field === Field.other || field === Field.underscore))
			keep = mayTell(exchange, guarded, row);
		if (keep && edits !== null && edits.removed.size > 0) {
			const name = text(buffer, table[row] as number, table[row + 1] as number).toLowerCase();
			keep = !edits.removed.has(name) && !(field === Field.underscore && edits.removed.has(name.replaceAll('_', '-')));
		}
		if (keep) {
			if (from < 0) from = table[row] as number;
			to = lineEnd(buffer, table[row + 3] as number);
		} else if (from >= 0) {
			out.copy(buffer, from, to);
			from = -1;
		}
		if (field === Field.maxForwards) writeMaxForwards(out, exchange, row);
	}
	if (from >= 0) out.copy(buffer, from, to);
}

/** A CDN's field with the client's address is passed on only from the CDN itself: anyone else could write anything there. */
function mayTell({ buffer, head, client }: Requesting, guarded: ReadonlySet<string>, row: number): boolean {
	const { table } = head.fields;
	const name = text(buffer, table[row] as number, table[row + 1] as number).toLowerCase();
	// Many programs take `_` for `-`.
	return name === client.addressField || !(guarded.has(name) || guarded.has(name.replaceAll('_', '-')));
}

/** Many programs take `_` for `-`: what would not pass in that spelling must not in this one. */
function mayBeDashed(buffer: Buffer, [start, end]: [number, number], trusted: boolean): boolean {
	const name = Buffer.from(text(buffer, start, end).replaceAll('_', '-'), 'latin1');
	const field = fieldOf(name, 0, name.length);
	// In the place of our own conditions a client's would say what a stored answer is worth.
	return field === Field.other || (!isCondition(field) && passes(field, false, false, trusted));
}

function passes(field: number, hostKept: boolean, underscores: boolean, trusted: boolean): boolean {
	switch (field) {
		case Field.host:
			return hostKept;
		case Field.underscore:
			return underscores;
		// Written anew, so that nobody can claim an address; with the sender trusted, continued.
		case Field.forwarded:
		case Field.xForwardedFor:
			return false;
		case Field.xForwardedHost:
		case Field.xForwardedProto:
		case Field.xForwardedPort:
		case Field.claim:
			return trusted;
		case Field.named:
		case Field.maxForwards:
			return false;
		default:
			return field > Field.lastHop;
	}
}

/** The context that we write ourselves; what others said of a trace that does not go on is not passed on (W3C Trace Context §3.3). */
function isReplaced(field: number, { words }: TraceContext): boolean {
	if (field === Field.traceparent) return true;
	return field === Field.tracestate && ((words[6] as number) | (words[7] as number)) === 0;
}

function isCondition(field: number): boolean {
	return field >= Field.ifNoneMatch && field <= Field.range;
}

/** Max-Forwards counts down for TRACE and OPTIONS (RFC 9110 §7.6.2); elsewhere it means nothing and is passed on. */
function writeMaxForwards(out: Output, exchange: Requesting, row: number): void {
	const { table } = exchange.head.fields;
	const value = text(exchange.buffer, table[row + 2] as number, table[row + 3] as number);
	const counts = (exchange.method === 'OPTIONS' || exchange.method === 'TRACE') && /^\d{1,9}$/.test(value);
	out.bytes(MAX_FORWARDS);
	out.text(counts ? String(Math.max(0, Number(value) - 1)) : value);
	out.crlf();
}

function writeFraming(out: Output, exchange: Requesting): void {
	const { framing, buffer, head } = exchange;
	if (framing.chunked) out.bytes(CHUNKED);
	else if (framing.contentLength >= 0) {
		out.bytes(CONTENT_LENGTH);
		out.decimal(framing.contentLength);
		out.crlf();
	}
	if (exchange.mayUpgrade) {
		out.bytes(UPGRADE);
		out.copy(buffer, head.valueStart(framing.upgradeAt), head.valueEnd(framing.upgradeAt));
		out.crlf();
	} else if (framing.hasTe && acceptsTrailers(exchange)) out.bytes(TE_TRAILERS);
}

function acceptsTrailers(exchange: Requesting): boolean {
	const { table, count } = exchange.head.fields;
	for (let row = 0; row < count * STRIDE; row += STRIDE) {
		if (
			table[row + 4] === Field.te &&
			listHas(exchange.buffer, table[row + 2] as number, table[row + 3] as number, 'trailers')
		)
			return true;
	}
	return false;
}

let lastKey = '';
let lastLines: Buffer = Buffer.alloc(0);

/** The fields that an untrusted client's requests carry: its address, protocol and our own mark. Clients tend to come again. */
export function forwardedLines(address: string, secure: boolean): Buffer {
	const key = secure ? `s${address}` : address;
	if (key === lastKey) return lastLines;
	lastKey = key;
	lastLines = Buffer.from(
		`X-Forwarded-For: ${address}\r\nX-Forwarded-Proto: ${secure ? 'https' : 'http'}\r\nVia: 1.1 ballast\r\n`,
		'latin1',
	);
	return lastLines;
}

/** Continues what a trusted proxy in front began. */
function writeTrustedForwarded(out: Output, exchange: Requesting): void {
	const { client } = exchange;
	const { fields } = exchange.head;
	// What a CDN says itself is more than a list that its client may have begun.
	const before = addressTold(exchange) ?? fields.list(exchange.buffer, 'x-forwarded-for') ?? '';
	const proto = client.secure ? 'https' : 'http';
	out.text(`X-Forwarded-For: ${before === '' ? '' : `${before}, `}${client.address}\r\n`);
	if (exchange.field('x-forwarded-proto') === undefined) out.text(`X-Forwarded-Proto: ${proto}\r\n`);
	const chain = fields.list(exchange.buffer, 'forwarded') ?? '';
	if (chain !== '') out.text(`Forwarded: ${chain}, for=${forwardedNode(client.address)};proto=${proto}\r\n`);
	out.text('Via: 1.1 ballast\r\n');
}
