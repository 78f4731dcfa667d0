/** A buffer that lines are written into one after the other, and emptied in one write. */
export class LineBuffer {
	bytes: Buffer;
	length = 0;

	constructor(firstBytes = 65_536) {
		this.bytes = Buffer.allocUnsafeSlow(firstBytes);
	}

	/** Makes room for so many bytes more. */
	reserve(more: number): void {
		if (this.length + more <= this.bytes.length) return;
		const bigger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + more));
		this.bytes.copy(bigger, 0, 0, this.length);
		this.bytes = bigger;
	}

	/** What was written so far; holds until the next write. */
	view(): Buffer {
		return this.bytes.subarray(0, this.length);
	}

	/** A buffer that grew for a burst is given back. */
	clear(): void {
		this.length = 0;
		if (this.bytes.length > KEPT_BYTES) this.bytes = Buffer.allocUnsafeSlow(KEPT_BYTES);
	}
}

const KEPT_BYTES = 4_194_304;

/**
 * Writing into bytes that have room: each function returns where it goes on. Text that is longer than
 * `most` is cut.
 */
export function putFragment(bytes: Buffer, at: number, fragment: Uint8Array): number {
	for (let i = 0; i < fragment.length; i++) bytes[at + i] = fragment[i] as number;
	return at + fragment.length;
}

const HEX: Uint8Array = Buffer.from('0123456789abcdef');
/** For ASCII: 0 stands for itself, 1 is written `\u00xx`, else the letter behind the backslash. */
const ESCAPE: Uint8Array = new Uint8Array(128);
ESCAPE.fill(1, 0, 32);
ESCAPE[127] = 1;
for (const [char, letter] of ['""', '\\\\', '\nn', '\rr', '\tt', '\bb', '\ff'])
	ESCAPE[(char as string).charCodeAt(0)] = (letter as string).charCodeAt(0);

/** Bytes that a character of text takes at most, escaped. */
export const MOST_A_CHARACTER = 6;

/** As the inside of a JSON string. What is active on a terminal is escaped too, and so are halves of characters. */
export function putJson(bytes: Buffer, from: number, text: string): number {
	let at = from;
	for (let i = 0; i < text.length; i++) {
		const code = text.charCodeAt(i);
		if (code < 128) {
			const letter = ESCAPE[code] as number;
			if (letter === 0) bytes[at++] = code;
			else if (letter === 1) at = putEscape(bytes, at, code);
			else {
				bytes[at++] = 92;
				bytes[at++] = letter;
			}
		} else at = putWide(bytes, at, code, text.charCodeAt(i + 1));
		// The second half went with the first.
		if (code >= 0xd800 && code < 0xdc00 && isLowHalf(text.charCodeAt(i + 1))) i++;
	}
	return at;
}

/** The same of bytes, one character each. */
export function putJsonBytes(bytes: Buffer, from: number, source: Uint8Array, start: number, length: number): number {
	let at = from;
	for (let i = start; i < start + length; i++) {
		const code = source[i] as number;
		const letter = code < 128 ? (ESCAPE[code] as number) : 1;
		if (letter === 0) bytes[at++] = code;
		else if (code >= 128) at = putWide(bytes, at, code, 0);
		else if (letter === 1) at = putEscape(bytes, at, code);
		else {
			bytes[at++] = 92;
			bytes[at++] = letter;
		}
	}
	return at;
}

/** So many words of 32 bits as lower-case hex. */
export function putHexWords(bytes: Buffer, from: number, words: Int32Array, start: number, count: number): number {
	let at = from;
	for (let i = start; i < start + count; i++) {
		const word = words[i] as number;
		for (let shift = 28; shift >= 0; shift -= 4) bytes[at++] = HEX[(word >>> shift) & 15] as number;
	}
	return at;
}

const isLowHalf = (code: number) => code >= 0xdc00 && code < 0xe000;

function putWide(bytes: Buffer, from: number, code: number, next: number): number {
	let at = from;
	if (code >= 0xd800 && code < 0xdc00 && isLowHalf(next)) {
		const point = 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00);
		bytes[at++] = 0xf0 | (point >> 18);
		bytes[at++] = 0x80 | ((point >> 12) & 63);
		bytes[at++] = 0x80 | ((point >> 6) & 63);
		bytes[at++] = 0x80 | (point & 63);
		return at;
	}
	if (isActive(code)) return putEscape(bytes, at, code);
	if (code < 0x800) bytes[at++] = 0xc0 | (code >> 6);
	else {
		bytes[at++] = 0xe0 | (code >> 12);
		bytes[at++] = 0x80 | ((code >> 6) & 63);
	}
	bytes[at++] = 0x80 | (code & 63);
	return at;
}

/** See `core/inert.ts`. */
function isActive(code: number): boolean {
	return (
		code < 0xa0 ||
		code === 0x61c ||
		(code >= 0x200b && code <= 0x200f) ||
		(code >= 0x2028 && code <= 0x202e) ||
		(code >= 0x2060 && code <= 0x206f) ||
		(code >= 0xd800 && code < 0xe000) ||
		code === 0xfeff
	);
}

function putEscape(bytes: Buffer, at: number, code: number): number {
	bytes[at] = 92;
	bytes[at + 1] = 117;
	bytes[at + 2] = HEX[code >> 12] as number;
	bytes[at + 3] = HEX[(code >> 8) & 15] as number;
	bytes[at + 4] = HEX[(code >> 4) & 15] as number;
	bytes[at + 5] = HEX[code & 15] as number;
	return at + 6;
}

/** A whole number ≥ 0 and below 2^53. */
export function putInteger(bytes: Buffer, at: number, value: number): number {
	let rest = Number.isFinite(value) && value > 0 ? Math.floor(value) : 0;
	let digits = 1;
	for (let bound = 10; rest >= bound && digits < 16; bound *= 10) digits++;
	for (let i = at + digits - 1; i >= at; i--) {
		const next = Math.floor(rest / 10);
		bytes[i] = 48 + (rest - next * 10);
		rest = next;
	}
	return at + digits;
}

/** Microseconds as seconds with six digits. */
export function putSeconds(bytes: Buffer, from: number, us: number): number {
	const whole = Number.isFinite(us) && us > 0 ? Math.round(us) : 0;
	const seconds = Math.floor(whole / 1e6);
	const at = putInteger(bytes, from, seconds);
	bytes[at] = 46;
	let rest = (whole - seconds * 1e6) | 0;
	for (let i = at + 6; i > at; i--) {
		const next = (rest / 10) | 0;
		bytes[i] = 48 + (rest - next * 10);
		rest = next;
	}
	return at + 7;
}

let cachedSecond = Number.NaN;
let cachedText: Uint8Array = new Uint8Array();

/** `2026-06-10T12:00:00.123Z`. */
export function putTime(bytes: Buffer, from: number, timeMs: number): number {
	const ms = timeMs >= 0 && timeMs < 253_402_300_800_000 ? Math.floor(timeMs) : 0;
	const second = Math.floor(ms / 1000);
	if (second !== cachedSecond) {
		cachedSecond = second;
		cachedText = Buffer.from(new Date(second * 1000).toISOString().slice(0, 20), 'latin1');
	}
	const at = putFragment(bytes, from, cachedText);
	const rest = ms - second * 1000;
	bytes[at] = 48 + ((rest / 100) | 0);
	bytes[at + 1] = 48 + (((rest / 10) | 0) % 10);
	bytes[at + 2] = 48 + (rest % 10);
	bytes[at + 3] = 90;
	return at + 4;
}
