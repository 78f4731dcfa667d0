/**
 * A file with one stored answer: a header (lengths, the node that wrote it, key, coded answer, head; with a check sum),
 * the body, and a footer (trailers, a check sum of each block of the body) that is written last: without it, or where
 * anything else does not fit, the file is none. Numbers are little-endian, lengths are bytes.
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** What a body is read and checked in. */
export const BLOCK: number = 128 * 1024;
export const PAGE = 4096;

const MAGIC = 0x31_42_42_42;
const END = 0x31_45_42_42;
/** Magic, length of all of the header; of key, coded answer, its variant and head; the node; check sum of all but itself. */
const HEADER = 6 * 4 + 8 + 4;
const SUM = HEADER - 4;
/** Length of the body as a float, of the trailers; check sum of the footer; magic. */
const TAIL = 8 + 4 + 4 + 4;
const PART_MOST = 2 * 1024 * 1024;
const NAME = /^([0-9a-f]{8})\.body$/;

/** How the cache's files are named: nothing that a client sent is part of it. */
export function bodyPath(folder: string, file: number): string {
	return join(folder, `${file.toString(16).padStart(8, '0')}.body`);
}

/** Its number; null: it is none of the cache's. */
export function bodyNumber(name: string): number | null {
	const digits = NAME.exec(name)?.[1];
	return digits === undefined ? null : Number.parseInt(digits, 16);
}

/** What stands in front of a body. */
export interface BodyHeader {
	readonly key: Buffer;
	/** Coded answer, of which the variant ends at `varyEnd`, and head. */
	readonly about: Buffer;
	readonly varyEnd: number;
	readonly head: Buffer;
	/** Of the key that this node hashes secrets with: the answers of another one's clients are not found here. 8 bytes. */
	readonly node: Buffer;
}

export function encodeHeader({ key, about, varyEnd, head, node }: BodyHeader): Buffer {
	const fixed = Buffer.alloc(HEADER);
	const all = HEADER + key.length + about.length + head.length;
	for (const [index, number] of [MAGIC, all, key.length, about.length, varyEnd, head.length].entries())
		fixed.writeUInt32LE(number, index * 4);
	node.copy(fixed, 24, 0, 8);
	const parts = [key, about, head];
	fixed.writeUInt32LE(sumOf([fixed.subarray(0, SUM), ...parts]), SUM);
	return Buffer.concat([fixed, ...parts], all);
}

/** Where the body begins, of the first `HEADER_FIXED` bytes of a file; null: it is none of ours. */
export function bodyStart(fixed: Buffer): number | null {
	if (fixed.length < HEADER || fixed.readUInt32LE(0) !== MAGIC) return null;
	const all = fixed.readUInt32LE(4);
	const parts = fixed.readUInt32LE(8) + fixed.readUInt32LE(12) + fixed.readUInt32LE(20);
	return all === HEADER + parts && parts <= PART_MOST ? all : null;
}

/** null: it is damaged, or another node's. `bytes`: as many as `bodyStart` says. */
export function decodeHeader(bytes: Buffer, node: Buffer): BodyHeader | null {
	if (bodyStart(bytes) !== bytes.length || bytes.compare(node, 0, 8, 24, 32) !== 0) return null;
	if (sumOf([bytes.subarray(0, SUM), bytes.subarray(HEADER)]) !== bytes.readUInt32LE(SUM)) return null;
	const about = HEADER + bytes.readUInt32LE(8);
	const head = about + bytes.readUInt32LE(12);
	return {
		key: bytes.subarray(HEADER, about),
		about: bytes.subarray(about, head),
		varyEnd: bytes.readUInt32LE(16),
		head: bytes.subarray(head),
		node,
	};
}

/** Check sums of a body's blocks, as it comes. */
export class BlockSums {
	#sums: number[] = [];
	#sum = 0;
	#length = 0;

	add(bytes: Uint8Array): void {
		for (let at = 0; at < bytes.length; ) {
			const count = Math.min(bytes.length - at, BLOCK - (this.#length % BLOCK));
			this.#sum = crc32(bytes.subarray(at, at + count), this.#sum);
			this.#length += count;
			at += count;
			if (this.#length % BLOCK === 0) this.#close();
		}
	}

	#close(): void {
		this.#sums.push(this.#sum);
		this.#sum = 0;
	}

	/** What follows the body. */
	footer(trailers: Buffer | null): Buffer {
		if (this.#length % BLOCK !== 0) this.#close();
		const sums = Buffer.alloc(this.#sums.length * 4);
		for (const [index, sum] of this.#sums.entries()) sums.writeUInt32LE(sum, index * 4);
		const tail = Buffer.alloc(TAIL);
		tail.writeDoubleLE(this.#length, 0);
		tail.writeUInt32LE(trailers?.length ?? 0, 8);
		const parts = [trailers ?? Buffer.alloc(0), sums];
		tail.writeUInt32LE(sumOf([...parts, tail.subarray(0, 12)]), 12);
		tail.writeUInt32LE(END, 16);
		return Buffer.concat([...parts, tail]);
	}
}

export interface BodyFooter {
	/** Of the body. */
	readonly length: number;
	/** null: none. */
	readonly trailers: Buffer | null;
	/** Of each block. */
	readonly sums: Uint32Array;
}

/** Bytes of the footer of a file of so many, of which the last `FOOTER_FIXED` are given; null: it has none. */
export function footerLength(tail: Buffer): number | null {
	if (tail.length !== TAIL || tail.readUInt32LE(16) !== END) return null;
	const length = tail.readDoubleLE(0);
	const trailers = tail.readUInt32LE(8);
	if (!Number.isSafeInteger(length) || length < 0 || trailers > PART_MOST) return null;
	return trailers + Math.ceil(length / BLOCK) * 4 + TAIL;
}

/** null: it is damaged. `bytes`: as many as `footerLength` says. */
export function decodeFooter(bytes: Buffer): BodyFooter | null {
	const tail = bytes.subarray(bytes.length - TAIL);
	if (footerLength(tail) !== bytes.length) return null;
	if (sumOf([bytes.subarray(0, bytes.length - 8)]) !== tail.readUInt32LE(12)) return null;
	const trailers = tail.readUInt32LE(8);
	const count = (bytes.length - TAIL - trailers) / 4;
	return {
		length: tail.readDoubleLE(0),
		trailers: trailers === 0 ? null : bytes.subarray(0, trailers),
		sums: Uint32Array.from({ length: count }, (_, index) => bytes.readUInt32LE(trailers + index * 4)),
	};
}

export const HEADER_FIXED: number = HEADER;
export const FOOTER_FIXED: number = TAIL;

/** Pages of the disk that a file takes. */
export function pagesOf({ header, body, trailers }: { header: number; body: number; trailers: number }): number {
	return Math.ceil((header + body + trailers + Math.ceil(body / BLOCK) * 4 + TAIL) / PAGE);
}

function sumOf(parts: readonly Uint8Array[]): number {
	return parts.reduce((sum, part) => crc32(part, sum), 0);
}
