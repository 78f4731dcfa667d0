/**
 * The `traceparent` field (W3C Trace Context, level 2), read and written as bytes: nothing is allocated
 * for a request. An id is held as numbers of 32 bits, its first bytes first, so that it can be copied
 * into a record as it is.
 */
import { mixBits } from '../core/hash.ts';

/** Bytes of a version 00 field: `00-` trace id `-` parent id `-` flags. */
export const TRACEPARENT_BYTES = 55;

/** Flag: the caller kept its part of the trace. */
export const SAMPLED = 1;
/** Flag: the last seven bytes of the trace's id are random. Handed on as it came. */
const RANDOM = 2;

const DASH = 45;
const LOWER_HEX = new Uint8Array(256).fill(255);
const DIGITS = new Uint8Array(16);
for (let digit = 0; digit < 16; digit++) {
	DIGITS[digit] = digit.toString(16).charCodeAt(0);
	LOWER_HEX[DIGITS[digit] as number] = digit;
}

/** Where a request stands in its trace. One is kept for each exchange and used again. */
export class TraceContext {
	/** Words 0–3: the trace's id; 4–5: our span's; 6–7: the caller's span, both 0: the trace began here. */
	readonly words: Uint32Array = new Uint32Array(8);
	/** `SAMPLED` and the random flag. */
	flags = 0;
}

/**
 * Reads the field's value in [start, end), white space around it removed by the caller, into `into`: the trace's
 * id, the caller's span and the flags; our own span stays as it was. False, and nothing written: it is invalid
 * (§3.2), which also a second field is; a new trace then begins, and `tracestate` must be dropped.
 */
export function parseTraceparent(bytes: Uint8Array, start: number, end: number, into: TraceContext): boolean {
	if (!hasForm(bytes, start, end)) return false;
	const high = LOWER_HEX[bytes[start + 53] as number] as number;
	const low = LOWER_HEX[bytes[start + 54] as number] as number;
	fault = high | low;
	const trace0 = wordAt(bytes, start + 3);
	const trace1 = wordAt(bytes, start + 11);
	const trace2 = wordAt(bytes, start + 19);
	const trace3 = wordAt(bytes, start + 27);
	const parent0 = wordAt(bytes, start + 36);
	const parent1 = wordAt(bytes, start + 44);
	if ((fault & 0xf0) !== 0) return false;
	if ((trace0 | trace1 | trace2 | trace3) === 0 || (parent0 | parent1) === 0) return false;
	const words = into.words;
	words[0] = trace0;
	words[1] = trace1;
	words[2] = trace2;
	words[3] = trace3;
	words[6] = parent0;
	words[7] = parent1;
	into.flags = low & (SAMPLED | RANDOM);
	return true;
}

/** Lengths, dashes and the version: 00 is whole, a later one may go on after a dash, `ff` is forbidden. */
function hasForm(bytes: Uint8Array, start: number, end: number): boolean {
	const length = end - start;
	if (length < TRACEPARENT_BYTES) return false;
	const high = LOWER_HEX[bytes[start] as number] as number;
	const low = LOWER_HEX[bytes[start + 1] as number] as number;
	if (((high | low) & 0xf0) !== 0 || (high === 15 && low === 15)) return false;
	if (bytes[start + 2] !== DASH || bytes[start + 35] !== DASH || bytes[start + 52] !== DASH) return false;
	if (length === TRACEPARENT_BYTES) return true;
	return (high | low) !== 0 && bytes[start + TRACEPARENT_BYTES] === DASH;
}

/** All digits that were read since it was 0: one that is none shows in the high bits, since it stands for 255. */
let fault = 0;

function wordAt(bytes: Uint8Array, at: number): number {
	const a = LOWER_HEX[bytes[at] as number] as number;
	const b = LOWER_HEX[bytes[at + 1] as number] as number;
	const c = LOWER_HEX[bytes[at + 2] as number] as number;
	const d = LOWER_HEX[bytes[at + 3] as number] as number;
	const e = LOWER_HEX[bytes[at + 4] as number] as number;
	const f = LOWER_HEX[bytes[at + 5] as number] as number;
	const g = LOWER_HEX[bytes[at + 6] as number] as number;
	const h = LOWER_HEX[bytes[at + 7] as number] as number;
	fault |= a | b | c | d | e | f | g | h;
	return (a << 28) | (b << 24) | (c << 20) | (d << 16) | (e << 12) | (f << 8) | (g << 4) | h;
}

/**
 * Writes the field's value for what comes after us at out[at…], 55 bytes; returns where it ends. `attempt` ≥ 1: the
 * parent that it names is the span of this attempt; 0: our own.
 */
export function writeTraceparent(out: Uint8Array, at: number, context: TraceContext, attempt = 0): number {
	const { words, flags } = context;
	const high = words[4] as number;
	const low = words[5] as number;
	out[at] = out[at + 1] = out[at + 53] = 48;
	out[at + 2] = out[at + 35] = out[at + 52] = DASH;
	for (let i = 0; i < 4; i++) writeWord(out, at + 3 + i * 8, words[i] as number);
	writeWord(out, at + 36, attempt === 0 ? high : derivedHigh(high, attempt));
	writeWord(out, at + 44, attempt === 0 ? low : derivedLow(low, attempt));
	out[at + 54] = 48 + (flags & (SAMPLED | RANDOM));
	return at + TRACEPARENT_BYTES;
}

function writeWord(out: Uint8Array, at: number, word: number): void {
	out[at] = DIGITS[word >>> 28] as number;
	out[at + 1] = DIGITS[(word >>> 24) & 15] as number;
	out[at + 2] = DIGITS[(word >>> 20) & 15] as number;
	out[at + 3] = DIGITS[(word >>> 16) & 15] as number;
	out[at + 4] = DIGITS[(word >>> 12) & 15] as number;
	out[at + 5] = DIGITS[(word >>> 8) & 15] as number;
	out[at + 6] = DIGITS[(word >>> 4) & 15] as number;
	out[at + 7] = DIGITS[word & 15] as number;
}

/*
 * The spans below ours have ids that follow from ours, so that the data plane and whoever makes spans of its records
 * later agree without a word being written down. Both halves are one-to-one for each n.
 */
const derivedHigh = (high: number, n: number): number => mixBits(high ^ mixBits(n));
const derivedLow = (low: number, n: number): number => mixBits((low + Math.imul(n, 0x9e3779b9)) | 0) || 1;

/** The id of the nth span below the one named (hex): of attempt n ≥ 1, as `writeTraceparent` wrote it. */
export function derivedSpanId(spanId: string, n: number): string {
	const high = Number.parseInt(spanId.slice(0, 8), 16);
	const low = Number.parseInt(spanId.slice(8), 16);
	return hexWord(derivedHigh(high, n)) + hexWord(derivedLow(low, n));
}

const hexWord = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');

/**
 * Whether a trace belongs to a share of all of them, 0…1, by the last 56 bits of its id: whoever decides by the same
 * bits, such as OpenTelemetry's consistent samplers, keeps the same traces.
 */
export function inSample(context: TraceContext, share: number): boolean {
	const random = (((context.words[2] as number) << 8) | ((context.words[3] as number) >>> 24)) >>> 0;
	return random >= (1 - share) * 2 ** 32;
}
