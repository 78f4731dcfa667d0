import type { ByteRange } from '../../wire/byte-ranges.ts';

/** Where the ranges of an answer come from. */
export interface RangeSource {
	/** Bytes of the representation; -1: not known. */
	readonly total: number;
	/** `Content-Type` of the whole; null: none. */
	readonly type: string | null;
	/** Stands between the parts; random, so that no body can hold it on purpose. */
	readonly boundary: string;
}

/** `Content-Range: bytes 0-99/1234` with its CRLF (RFC 9110 §14.4). */
export function contentRangeLine({ first, last }: ByteRange, total: number): string {
	return `Content-Range: bytes ${first}-${last}/${total < 0 ? '*' : total}\r\n`;
}

/** Of a 416: what there would have been. */
export function unsatisfiedRangeLine(total: number): string {
	return `Content-Range: bytes */${total}\r\n`;
}

/** What stands before the bytes of a range in a multipart/byteranges body (RFC 9110 §14.6). */
export function partHead(range: ByteRange, { total, type, boundary }: RangeSource): string {
	const typeLine = type === null ? '' : `Content-Type: ${type}\r\n`;
	return `\r\n--${boundary}\r\n${typeLine}${contentRangeLine(range, total)}\r\n`;
}

export function partsEnd(boundary: string): string {
	return `\r\n--${boundary}--\r\n`;
}

/** Bytes of the whole multipart body. */
export function partsLength(ranges: readonly ByteRange[], source: RangeSource): number {
	let length = partsEnd(source.boundary).length;
	for (const range of ranges) length += partHead(range, source).length + range.last - range.first + 1;
	return length;
}
