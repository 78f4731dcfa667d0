import { rangeSpecs, resolveRanges } from '../../wire/byte-ranges.ts';

/** Bytes [start, end). */
export interface ByteSpan {
	start: number;
	end: number;
}

/**
 * What a Range field asks of so many bytes (RFC 9110 §14.2): one range; `unsatisfiable`: 416; null: the whole, since
 * the field is of another unit, not valid, or asks for parts that do not lie beside one another. (Several in one answer
 * would be `multipart/byteranges`, which hardly a client reads, and which others use to ask for more than there is.)
 */
export function byteRange(value: string, size: number): ByteSpan | 'unsatisfiable' | null {
	const specs = rangeSpecs(value);
	if (specs === null) return null;
	const [first, ...more] = resolveRanges(specs, size, 1);
	if (first === undefined) return 'unsatisfiable';
	return more.length > 0 ? null : { start: first.first, end: first.last + 1 };
}
