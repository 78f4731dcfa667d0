/**
 * A fast 32-bit hash (MurmurHash3 x86_32) for spreading: consistent hashing, tables, tokens. It is no
 * protection against someone who wants a collision. Results are signed, so that they stay small
 * integers and cost no allocation.
 */

/** Mixes 32 bits so that each bit of the input changes half of those of the output (murmur3's finaliser). */
export function mixBits(bits: number): number {
	let h = bits | 0;
	h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
	h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
	return h ^ (h >>> 16);
}

/** The hash of the bytes in [start, end); with seed 0 it is 0 for an empty range and for no other. */
export function hashBytes(buffer: Uint8Array, start: number, end: number, seed = 0): number {
	let h = seed | 0;
	let at = start;
	for (const whole = end - 3; at < whole; at += 4) {
		let word =
			(buffer[at] as number) |
			((buffer[at + 1] as number) << 8) |
			((buffer[at + 2] as number) << 16) |
			((buffer[at + 3] as number) << 24);
		word = Math.imul(word, 0xcc9e2d51);
		h ^= Math.imul((word << 15) | (word >>> 17), 0x1b873593);
		h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
	}
	if (at < end) {
		let word = buffer[at] as number;
		if (at + 1 < end) word |= (buffer[at + 1] as number) << 8;
		if (at + 2 < end) word |= (buffer[at + 2] as number) << 16;
		word = Math.imul(word, 0xcc9e2d51);
		h ^= Math.imul((word << 15) | (word >>> 17), 0x1b873593);
	}
	h = mixBits(h ^ (end - start));
	return h === 0 && end > start ? 1 : h;
}

const encoder = new TextEncoder();
const SCRATCH = new Uint8Array(1024);

/** `hashBytes` of the text as UTF-8. */
export function hashText(text: string, seed = 0): number {
	if (text.length * 3 > SCRATCH.length) {
		const bytes = encoder.encode(text);
		return hashBytes(bytes, 0, bytes.length, seed);
	}
	for (let at = 0; at < text.length; at++) {
		const unit = text.charCodeAt(at);
		if (unit > 0x7f) return hashBytes(SCRATCH, 0, encoder.encodeInto(text, SCRATCH).written, seed);
		SCRATCH[at] = unit;
	}
	return hashBytes(SCRATCH, 0, text.length, seed);
}
