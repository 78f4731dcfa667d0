import { mixBits } from '../core/hash.ts';

const PERCENT = 0x25;
const SLASH = 0x2f;
const FNV = 0x01000193;
/** Numbers of one edge: from node, hash, where its bytes start, how many they are, to node. */
const EDGE = 5;

/** 1 for the characters that mean the same escaped or not (RFC 3986 §2.3). */
const UNRESERVED = new Uint8Array(256);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~') {
	UNRESERVED[character.charCodeAt(0)] = 1;
}

/**
 * The literal segments of all patterns as edges of a tree, in one hash table over bytes: `scan` reads a
 * segment of a path, `child` follows it from a node. A segment with escapes is first written in the
 * one spelling that patterns have.
 */
export class SegmentTable {
	/** Behind the segment that was scanned last. */
	end = 0;
	#hash = 0;
	#source: Uint8Array = new Uint8Array(0);
	#from = 0;
	#length = 0;
	readonly #table: Int32Array;
	readonly #edges: Int32Array;
	readonly #bytes: Uint8Array;
	readonly #scratch: Uint8Array;

	/** Edges as [from node, segment, to node]. */
	constructor(edges: readonly (readonly [number, string, number])[]) {
		const texts = edges.map(([, segment]) => Buffer.from(segment, 'latin1'));
		let size = 4;
		while (size < edges.length * 2) size *= 2;
		this.#table = new Int32Array(size).fill(-1);
		this.#edges = new Int32Array(edges.length * EDGE);
		this.#bytes = Buffer.concat(texts);
		// Two bytes more than the longest: a longer segment is not written to its end.
		this.#scratch = new Uint8Array(texts.reduce((longest, text) => Math.max(longest, text.length), 0) + 3);
		let start = 0;
		for (const [index, [from, , to]] of edges.entries()) {
			const { length } = texts[index] as Buffer;
			this.scan(this.#bytes, start, start + length);
			this.#edges.set([from, this.#hash, start, length, to], index * EDGE);
			let place = this.#place(from);
			while ((this.#table[place] as number) >= 0) place = (place + 1) & (size - 1);
			this.#table[place] = index * EDGE;
			start += length;
		}
	}

	#place(node: number): number {
		return mixBits(Math.imul(node + 1, 0x9e3779b1) ^ this.#hash) & (this.#table.length - 1);
	}

	/** Reads the segment from `start` to the next `/` or `limit`. */
	scan(buffer: Uint8Array, start: number, limit: number): void {
		let hash = 0;
		let at = start;
		for (; at < limit; at++) {
			const byte = buffer[at] as number;
			if (byte === SLASH) break;
			if (byte === PERCENT) {
				this.#scanEscaped(buffer, start, limit);
				return;
			}
			hash = Math.imul(hash ^ byte, FNV);
		}
		this.#hash = hash;
		this.#source = buffer;
		this.#from = start;
		this.#length = at - start;
		this.end = at;
	}

	#scanEscaped(buffer: Uint8Array, start: number, limit: number): void {
		const room = this.#scratch.length - 3;
		let length = 0;
		let at = start;
		for (; at < limit && buffer[at] !== SLASH; at++) {
			if (length > room) continue;
			const byte = buffer[at] as number;
			const value = byte === PERCENT && at + 2 < limit ? escapeAt(buffer, at + 1) : -1;
			if (value < 0) {
				this.#scratch[length++] = byte;
				continue;
			}
			at += 2;
			if (UNRESERVED[value] === 1) {
				this.#scratch[length++] = value;
			} else {
				this.#scratch[length++] = PERCENT;
				this.#scratch[length++] = upper(buffer[at - 1] as number);
				this.#scratch[length++] = upper(buffer[at] as number);
			}
		}
		let hash = 0;
		for (let each = 0; each < length; each++) hash = Math.imul(hash ^ (this.#scratch[each] as number), FNV);
		this.#hash = hash;
		this.#source = this.#scratch;
		this.#from = 0;
		this.#length = length;
		this.end = at;
	}

	/** The node that the scanned segment leads to from here, or -1. */
	child(node: number): number {
		const mask = this.#table.length - 1;
		for (let place = this.#place(node); ; place = (place + 1) & mask) {
			const edge = this.#table[place] as number;
			if (edge < 0) return -1;
			if (this.#edges[edge] === node && this.#edges[edge + 1] === this.#hash && this.#isScanned(edge)) {
				return this.#edges[edge + 4] as number;
			}
		}
	}

	#isScanned(edge: number): boolean {
		const length = this.#length;
		if (this.#edges[edge + 3] !== length) return false;
		const start = this.#edges[edge + 2] as number;
		for (let at = 0; at < length; at++) {
			if (this.#bytes[start + at] !== this.#source[this.#from + at]) return false;
		}
		return true;
	}
}

/** The byte that two hexadecimal digits here stand for, or -1. */
function escapeAt(buffer: Uint8Array, at: number): number {
	const high = digit(buffer[at] as number);
	const low = digit(buffer[at + 1] as number);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function digit(byte: number): number {
	if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
	const letter = byte | 0x20;
	return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function upper(byte: number): number {
	return byte >= 0x61 ? byte & 0xdf : byte;
}
