import type { Malformed } from '../core/malformed.ts';
import { CR, LF, misplaced, SPACE, TAB, TARGET, TOKEN } from './bytes.ts';
import { Fields, HeadFault, parseFields, STRIDE, text } from './head.ts';

const HASH = 35;
/** The most bytes of a method; the longest registered one has 17. */
const METHOD_MOST = 32;

/** A request head as offsets into the received bytes (RFC 9112 §3). One object serves many requests. */
export class RequestHead {
	readonly fields: Fields;
	/** Where the head begins: behind empty lines, which are skipped (RFC 9112 §2.2). Known of an incomplete head too. */
	start = 0;
	methodEnd = 0;
	targetStart = 0;
	targetEnd = 0;
	/** Minor version of HTTP/1: 0 or 1. */
	minor = 1;
	/** Where the request line with its end is over. */
	lineEnd = 0;
	end = 0;
	/** The target holds a `.` or `%`, so its path may need a closer look. */
	special = false;
	/** The target's first `?`, or where it ends. */
	queryAt = 0;

	constructor(mostFields: number) {
		this.fields = new Fields(mostFields);
	}

	/** Nothing stands anywhere. */
	clear(): void {
		this.start = 0;
		this.methodEnd = 0;
		this.targetStart = 0;
		this.targetEnd = 0;
		this.queryAt = 0;
		this.lineEnd = 0;
		this.end = 0;
		this.minor = 1;
		this.special = false;
		this.fields.count = 0;
	}

	method(buffer: Uint8Array): string {
		return text(buffer, this.start, this.methodEnd);
	}

	target(buffer: Uint8Array): string {
		return text(buffer, this.targetStart, this.targetEnd);
	}

	/** The head was copied, so that what stood at `from` now stands at `to`. */
	shift(by: number): void {
		this.start += by;
		this.methodEnd += by;
		this.targetStart += by;
		this.targetEnd += by;
		this.queryAt += by;
		this.lineEnd += by;
		this.end += by;
		this.fields.shift(by);
	}

	/**
	 * Reads a head from buffer[start, end). Returns the offset behind it or a `HeadFault`.
	 * `targetMost` in bytes; the size of the whole head is the caller's to bound.
	 */
	parse(buffer: Uint8Array, start: number, end: number, targetMost: number): number {
		let at = start;
		this.start = at;
		while (at < end && buffer[at] === CR) {
			if (at + 1 >= end) return HeadFault.incomplete;
			if (buffer[at + 1] !== LF) return this.fields.bad('bare_cr');
			at += 2;
			this.start = at;
		}
		while (at < end && TOKEN[buffer[at] as number] === 1) at++;
		if (at - this.start > METHOD_MOST) return this.fields.bad('bad_method');
		if (at >= end) return HeadFault.incomplete;
		if (buffer[at] !== SPACE || at === this.start) return this.#bad(buffer[at] as number, 'bad_method');
		this.methodEnd = at++;
		at = this.#parseTarget(buffer, at, end, targetMost);
		if (at <= 0) return at;
		const after = this.#parseVersion(buffer, at + 1, end);
		if (after <= 0) return after;
		this.lineEnd = after;
		const head = parseFields(buffer, after, end, this.fields);
		this.end = head;
		return head;
	}

	#parseTarget(buffer: Uint8Array, start: number, end: number, most: number): number {
		let at = start;
		let special = false;
		let query = -1;
		let byte = 0;
		while (at < end && TARGET[(byte = buffer[at] as number)] === 1) {
			if (byte === 46 || byte === 37) special = true;
			else if (byte === 63 && query < 0) query = at;
			at++;
		}
		if (at - start > most) return HeadFault.targetTooLong;
		if (at >= end) return HeadFault.incomplete;
		if (byte !== SPACE || at === start) return this.#bad(byte, byte === HASH ? 'fragment_in_target' : 'bad_target');
		this.targetStart = start;
		this.targetEnd = at;
		this.queryAt = query < 0 ? at : query;
		this.special = special;
		return at;
	}

	#parseVersion(buffer: Uint8Array, start: number, end: number): number {
		const have = end - start;
		for (let i = 0; i < 5 && i < have; i++) {
			if (buffer[start + i] !== 'HTTP/'.charCodeAt(i)) return this.#bad(buffer[start + i] as number, 'bad_version');
		}
		if (have < 10) return HeadFault.incomplete;
		const major = (buffer[start + 5] as number) - 48;
		const minor = (buffer[start + 7] as number) - 48;
		if (buffer[start + 6] !== 46 || major < 0 || major > 9 || minor < 0 || minor > 9)
			return this.fields.bad('bad_version');
		if (buffer[start + 8] !== CR) return this.#bad(buffer[start + 8] as number, 'bad_request_line');
		if (buffer[start + 9] !== LF) return this.fields.bad('bare_cr');
		if (major !== 1) return HeadFault.version;
		// A later minor version is treated as the highest that is known (RFC 9110 §2.5).
		this.minor = minor === 0 ? 0 : 1;
		return start + 10;
	}

	/** White space and a line's end are no part of what they cut short. */
	#bad(byte: number, otherwise: Malformed): number {
		const cut = byte === SPACE || byte === TAB || byte === CR;
		return this.fields.bad(cut ? 'bad_request_line' : misplaced(byte, otherwise));
	}

	/** Offset of the value of field i and of its end, as a pair of getters: no object is made. */
	valueStart(i: number): number {
		return this.fields.table[i * STRIDE + 2] as number;
	}

	valueEnd(i: number): number {
		return this.fields.table[i * STRIDE + 3] as number;
	}
}
