import type { Malformed } from '../core/malformed.ts';
import { equalsLower, LOWER, SPACE, TAB } from './bytes.ts';
import { Field } from './field-names.ts';
import { type Fields, STRIDE, text } from './head.ts';

/** What `Connection` says (RFC 9110 §7.6.1), as bits. */
export const ConnectionOption = { close: 1, keepAlive: 2, upgrade: 4 } as const;

const CHUNKED = Buffer.from('chunked');
const CLOSE = Buffer.from('close');
const KEEP_ALIVE = Buffer.from('keep-alive');
const UPGRADE = Buffer.from('upgrade');
const COMMA = 44;

/** Most options of a message's Connection fields: each is compared with all field names. */
const OPTIONS_MOST = 64;

/** Framing that the fields of one message declare. Used again for the next. */
export class Framing {
	/** -1: no Content-Length. */
	contentLength = -1;
	chunked = false;
	/** An answer's body has a transfer coding that nobody knows: it ends with the connection (RFC 9112 §6.3 rule 4). */
	foreign = false;
	/** Bits of `ConnectionOption`. */
	connection = 0;
	hasTe = false;
	upgradeAt = -1;
	hostAt = -1;
	expectAt = -1;
	traceparentAt = -1;
	userAgentAt = -1;
	hasDate = false;
	/** How many fields have `_` in their name. */
	underscores = 0;
	readonly #ofAnswers: boolean;
	#options = 0;
	#fault: Malformed = 'bad_content_length';

	/** `answers`: it reads those of instances. A request with a coding that is not known has no end that all agree on, and is refused. */
	constructor(of: 'answers' | 'requests' = 'requests') {
		this.#ofAnswers = of === 'answers';
	}

	/** What was wrong, where `read` returned false; of no meaning otherwise. */
	get fault(): Malformed {
		return this.#fault;
	}

	/** Reads them. False: the framing is missing, ambiguous or malformed, and the message must be refused (RFC 9112 §6.3). */
	read(buffer: Uint8Array, fields: Fields): boolean {
		this.contentLength = -1;
		this.chunked = false;
		this.foreign = false;
		this.connection = 0;
		this.hasTe = false;
		this.upgradeAt = -1;
		this.hostAt = -1;
		this.expectAt = -1;
		this.traceparentAt = -1;
		this.userAgentAt = -1;
		this.hasDate = false;
		this.underscores = 0;
		this.#options = 0;
		const table = fields.table;
		for (let i = 0; i < fields.count; i++) {
			const row = i * STRIDE;
			const field = table[row + 4] as number;
			if (field === Field.other || field >= Field.firstCache) continue;
			if (!this.#take(field, i, buffer, fields)) return false;
		}
		return (
			!((this.chunked || this.foreign) && this.contentLength >= 0) || this.#bad('content_length_and_transfer_encoding')
		);
	}

	#bad(fault: Malformed): false {
		this.#fault = fault;
		return false;
	}

	#take(field: number, i: number, buffer: Uint8Array, fields: Fields): boolean {
		const start = fields.table[i * STRIDE + 2] as number;
		const end = fields.table[i * STRIDE + 3] as number;
		switch (field) {
			case Field.contentLength: {
				const length = parseLength(buffer, start, end);
				if (length < 0) return this.#bad('bad_content_length');
				if (this.contentLength >= 0 && this.contentLength !== length) return this.#bad('content_length_differs');
				this.contentLength = length;
				return true;
			}
			case Field.transferEncoding:
				return this.#readCoding(buffer, [fields.table[i * STRIDE + 1] as number, start, end]);
			case Field.connection:
				return this.#readConnection(buffer, start, end, fields);
			case Field.te:
				this.hasTe = true;
				return true;
			case Field.upgrade:
				this.upgradeAt = i;
				return true;
			case Field.host:
				if (this.hostAt >= 0) return this.#bad('host_twice');
				this.hostAt = i;
				return true;
			case Field.expect:
				if (this.expectAt >= 0) return this.#bad('expect_twice');
				this.expectAt = i;
				return true;
			case Field.date:
				this.hasDate = true;
				return true;
			// Two of them are no context (W3C Trace Context §3.2.1); which is left out is then of no meaning.
			case Field.traceparent:
				this.traceparentAt = this.traceparentAt === -1 ? i : -2;
				return true;
			case Field.userAgent:
				this.userAgentAt = i;
				return true;
			case Field.underscore:
				this.underscores++;
				return true;
			default:
				return true;
		}
	}

	/** `chunked` alone; of answers also one name that no server means `chunked` by. */
	#readCoding(buffer: Uint8Array, [nameEnd, start, end]: readonly [number, number, number]): boolean {
		if (this.chunked || this.foreign) return this.#bad('bad_transfer_encoding');
		if (end - start !== 7 || !equalsLower(buffer, start, CHUNKED)) {
			this.foreign = this.#ofAnswers && isForeign(text(buffer, start, end));
			return this.foreign || this.#bad('bad_transfer_encoding');
		}
		if (hasTabBeside(buffer, nameEnd, start, end)) return this.#bad('bad_transfer_encoding');
		this.chunked = true;
		return true;
	}

	/** Options of one Connection field; fields that it names are marked so that they are not passed on. */
	#readConnection(buffer: Uint8Array, start: number, end: number, fields: Fields): boolean {
		let at = start;
		while (at < end) {
			while (at < end && isListGap(buffer[at] as number)) at++;
			const from = at;
			while (at < end && buffer[at] !== COMMA) at++;
			let to = at;
			while (to > from && isListGap(buffer[to - 1] as number)) to--;
			if (to === from) continue;
			if (++this.#options > OPTIONS_MOST) return this.#bad('too_many_connection_options');
			if (is(buffer, from, to, KEEP_ALIVE)) this.connection |= ConnectionOption.keepAlive;
			else if (is(buffer, from, to, CLOSE)) this.connection |= ConnectionOption.close;
			else if (is(buffer, from, to, UPGRADE)) this.connection |= ConnectionOption.upgrade;
			else markNamed(buffer, from, to, fields);
		}
		return true;
	}
}

/** A Content-Length: digits alone, at most 15 of them; -1 for anything else (`+1`, `1, 1`, empty). */
export function parseLength(buffer: Uint8Array, start: number, end: number): number {
	const digits = end - start;
	if (digits < 1 || digits > 15) return -1;
	let value = 0;
	for (let at = start; at < end; at++) {
		const digit = (buffer[at] as number) - 48;
		if (digit < 0 || digit > 9) return -1;
		value = value * 10 + digit;
	}
	return value;
}

/** The registered ones: a body in one of them would reach a client that does not know of it (RFC 9110 §18.6). */
const KNOWN: ReadonlySet<string> = new Set(['chunked', 'compress', 'deflate', 'gzip', 'identity', 'trailers']);

/** A token that is no registered coding, nor looks like one. */
function isForeign(coding: string): boolean {
	const name = coding.toLowerCase().replace(/^x-/, '');
	return /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) && !KNOWN.has(name) && !name.includes('chunk');
}

/** White space may be tabs, and some parsers do not know it: with one the coding is `chunked` for us and unknown to them. */
function hasTabBeside(buffer: Uint8Array, nameEnd: number, start: number, end: number): boolean {
	for (let at = nameEnd + 1; at < start; at++) if (buffer[at] === TAB) return true;
	let at = end;
	while (buffer[at] === SPACE) at++;
	return buffer[at] === TAB;
}

function is(buffer: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
	return end - start === name.length && equalsLower(buffer, start, name);
}

/** Marks the fields whose name stands in buffer[start, end), letter case ignored. */
function markNamed(buffer: Uint8Array, start: number, end: number, fields: Fields): void {
	const { table } = fields;
	const length = end - start;
	for (let row = 0, last = fields.count * STRIDE; row < last; row += STRIDE) {
		const name = table[row] as number;
		if ((table[row + 1] as number) - name !== length) continue;
		const field = table[row + 4] as number;
		// A client may not name Host or the framing away: what they mean does not depend on the next hop.
		if (field === Field.named || (field !== Field.other && field <= Field.host)) continue;
		let same = 0;
		while (same < length && LOWER[buffer[name + same] as number] === LOWER[buffer[start + same] as number]) same++;
		if (same === length) table[row + 4] = Field.named;
	}
}

/** Whether a comma-separated list holds this lower-case token. */
export function listHas(buffer: Uint8Array, start: number, end: number, token: string): boolean {
	let at = start;
	while (at < end) {
		while (at < end && isListGap(buffer[at] as number)) at++;
		const from = at;
		while (at < end && buffer[at] !== COMMA) at++;
		let to = at;
		while (to > from && isListGap(buffer[to - 1] as number)) to--;
		if (to - from === token.length) {
			let same = 0;
			while (same < token.length && LOWER[buffer[from + same] as number] === token.charCodeAt(same)) same++;
			if (same === token.length) return true;
		}
	}
	return false;
}

const isListGap = (byte: number): boolean => byte === SPACE || byte === TAB || byte === COMMA;
