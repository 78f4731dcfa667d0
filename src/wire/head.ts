import type { Malformed } from '../core/malformed.ts';
import { COLON, CR, LF, LOWER, misplaced, SPACE, TAB, TOKEN, VALUE } from './bytes.ts';
import { Field, fieldOf } from './field-names.ts';

/** Numbers kept for each field: name start, name end, value start, value end, which known field. */
export const STRIDE = 5;

/** Four bytes each: their highest bits, ones, spaces. */
const HIGHEST = 0x80808080;
const ONES = 0x01010101;
const SPACES = 0x20202020;

/** What a parse returns when it did not read a whole head: more bytes are needed, or what is wrong. */
export const HeadFault = { incomplete: 0, bad: -1, tooLarge: -2, targetTooLong: -3, version: -4 } as const;

/**
 * The fields of one message head, as offsets into the received bytes. One object is used for many
 * messages; nothing here is a copy of what was received.
 */
export class Fields {
	/** How many fields there are. */
	count = 0;
	table: Int32Array;
	/** How many there may be. */
	most: number;
	/** What was wrong, where a parse into these returned `HeadFault.bad`; of no meaning otherwise. */
	fault: Malformed = 'bad_request_line';

	constructor(most: number) {
		this.most = most;
		this.table = new Int32Array(Math.min(most, 24) * STRIDE);
	}

	/** Room for more fields than most messages have is only made when one comes. */
	grow(): boolean {
		const room = this.table.length / STRIDE;
		if (room >= this.most) return false;
		const larger = new Int32Array(Math.min(this.most, room * 2) * STRIDE);
		larger.set(this.table);
		this.table = larger;
		return true;
	}

	/** Notes what is wrong. */
	bad(fault: Malformed): number {
		this.fault = fault;
		return HeadFault.bad;
	}

	/** Moves all offsets, for when the head was copied elsewhere. */
	shift(by: number): void {
		const table = this.table;
		const end = this.count * STRIDE;
		for (let at = 0; at < end; at += STRIDE) {
			table[at] = (table[at] as number) + by;
			table[at + 1] = (table[at + 1] as number) + by;
			table[at + 2] = (table[at + 2] as number) + by;
			table[at + 3] = (table[at + 3] as number) + by;
		}
	}

	/** Index of the first field with this lower-case name, or -1. For names that are not known ones. */
	find(buffer: Uint8Array, name: string, from = 0): number {
		for (let i = from; i < this.count; i++) {
			const start = this.table[i * STRIDE] as number;
			const end = this.table[i * STRIDE + 1] as number;
			if (end - start !== name.length) continue;
			let same = 0;
			while (same < name.length && LOWER[buffer[start + same] as number] === name.charCodeAt(same)) same++;
			if (same === name.length) return i;
		}
		return -1;
	}

	/** The value of the first field with this lower-case name. */
	value(buffer: Uint8Array, name: string): string | undefined {
		const i = this.find(buffer, name);
		return i < 0 ? undefined : this.valueAt(buffer, i);
	}

	/** All lines of a field as one list, in their order (RFC 9110 §5.3); undefined without any. */
	list(buffer: Uint8Array, name: string): string | undefined {
		let i = this.find(buffer, name);
		if (i < 0) return undefined;
		let list = this.valueAt(buffer, i);
		while ((i = this.find(buffer, name, i + 1)) >= 0) list += `, ${this.valueAt(buffer, i)}`;
		return list;
	}

	valueAt(buffer: Uint8Array, i: number): string {
		return text(buffer, this.table[i * STRIDE + 2] as number, this.table[i * STRIDE + 3] as number);
	}
}

/** The bytes as text, one character a byte. */
export function text(buffer: Uint8Array, start: number, end: number): string {
	return (buffer as Buffer).toString('latin1', start, end);
}

/** Behind the CRLF that follows a value and the white space after it. */
export function lineEnd(bytes: Uint8Array, valueEnd: number): number {
	let at = valueEnd;
	while (bytes[at] !== 10) at++;
	return at + 1;
}

const NO_WORDS: Int32Array = new Int32Array(0);
/** Heads in fewer bytes are read byte by byte: a view of them would cost more than it saves. */
const WORDS_FROM = 16 * 1024;
/** Most heads of a worker come into one buffer: that one, and the words in it. */
let wordsOf: Uint8Array | null = null;
let wordsThere = NO_WORDS;

function wordsIn(buffer: Uint8Array): Int32Array {
	if (buffer === wordsOf) return wordsThere;
	if (buffer.length < WORDS_FROM || (buffer.byteOffset & 3) !== 0) return NO_WORDS;
	wordsOf = buffer;
	wordsThere = new Int32Array(buffer.buffer, buffer.byteOffset, buffer.length >> 2);
	return wordsThere;
}

/**
 * Where a field value stops: at the first byte from `at` on that may not stand in one, or at `end`. Two words at a time
 * while all their bytes are visible ASCII or a space: no byte has its highest bit, nor gets it by one more (DEL) or by
 * 32 less (a control).
 */
function valueStop(buffer: Uint8Array, words: Int32Array, from: number, end: number): number {
	let at = from;
	while ((at & 3) !== 0 && at < end && VALUE[buffer[at] as number] === 1) at++;
	if ((at & 3) === 0) {
		const last = Math.min(end, words.length * 4) - 8;
		for (; at <= last; at += 8) {
			const a = words[at >> 2] as number;
			const b = words[(at >> 2) + 1] as number;
			const high = a | b | (a - SPACES) | (b - SPACES) | (a + ONES) | (b + ONES);
			if ((high & HIGHEST) !== 0) break;
		}
	}
	while (at < end && VALUE[buffer[at] as number] === 1) at++;
	return at;
}

/**
 * Reads field lines up to the empty line (RFC 9112 §5). Returns the offset behind it, or a
 * `HeadFault`. White space before the colon, obs-fold, bare CR, bare LF, NUL and every other control
 * are refused: each has been used to make two parsers read one message differently.
 */
export function parseFields(buffer: Uint8Array, start: number, end: number, fields: Fields): number {
	let table = fields.table;
	let at = start;
	let count = 0;
	const words = wordsIn(buffer);
	for (;;) {
		if (at >= end) return HeadFault.incomplete;
		let byte = buffer[at] as number;
		if (byte === CR) {
			if (at + 1 >= end) return HeadFault.incomplete;
			if (buffer[at + 1] !== LF) return fields.bad('bare_cr');
			fields.count = count;
			return at + 2;
		}
		const nameStart = at;
		let underscore = 0;
		while (at < end && TOKEN[(byte = buffer[at] as number)] === 1) {
			if (byte === 95) underscore = 1;
			at++;
		}
		if (at >= end) return HeadFault.incomplete;
		if (byte !== COLON || at === nameStart) return fields.bad(wrongName(byte, at === nameStart));
		const nameEnd = at++;
		while (at < end && ((byte = buffer[at] as number) === SPACE || byte === TAB)) at++;
		const valueStart = at;
		at = valueStop(buffer, words, at, end);
		if (at + 1 >= end && (at >= end || buffer[at] === CR)) return HeadFault.incomplete;
		if (buffer[at] !== CR || buffer[at + 1] !== LF) return fields.bad(misplaced(buffer[at] as number, 'bare_cr'));
		let valueEnd = at;
		while (valueEnd > valueStart && ((byte = buffer[valueEnd - 1] as number) === SPACE || byte === TAB)) valueEnd--;
		at += 2;
		const row = count * STRIDE;
		if (count >= fields.most) return HeadFault.tooLarge;
		if (row >= table.length) {
			if (!fields.grow()) return HeadFault.tooLarge;
			table = fields.table;
		}
		table[row] = nameStart;
		table[row + 1] = nameEnd;
		table[row + 2] = valueStart;
		table[row + 3] = valueEnd;
		table[row + 4] = underscore === 1 ? Field.underscore : fieldOf(buffer, nameStart, nameEnd);
		count++;
	}
}

/** What is wrong with a field line whose name is followed by this byte; `empty`: nothing stands before it. */
function wrongName(byte: number, empty: boolean): Malformed {
	if (byte === SPACE || byte === TAB) return empty ? 'obs_fold' : 'space_before_colon';
	return byte === CR ? 'field_without_colon' : misplaced(byte, 'bad_field_name');
}
