/** The ranges of a `Range` field (RFC 9110 §14.1.2): what is asked for, and what that is of so many bytes. */

/** Bytes of a representation, both ends included. */
export interface ByteRange {
	readonly first: number;
	readonly last: number;
}

/** `first` null: the last `last` bytes; `last` null: to the end. */
export interface RangeSpec {
	readonly first: number | null;
	readonly last: number | null;
}

/** A longer list of ranges is an attack, not a reader (RFC 9110 §17.15): it gets the whole. */
const RANGES_MOST = 16;
const TEXT_MOST = 512;

/** null: not of bytes, malformed, or far too much; such a field is ignored (RFC 9110 §14.2). */
export function rangeSpecs(text: string): RangeSpec[] | null {
	if (text.length > TEXT_MOST || !/^bytes=/i.test(text)) return null;
	const specs: RangeSpec[] = [];
	for (const part of text.slice(6).split(',')) {
		const match = /^[ \t]*(?:([0-9]+)-([0-9]*)|-([0-9]+))[ \t]*$/.exec(part);
		if (match === null) {
			if (part.trim() === '') continue;
			return null;
		}
		if (specs.length === RANGES_MOST) return null;
		const [, first, last, suffix] = match;
		const spec: RangeSpec =
			suffix === undefined
				? { first: Number(first), last: last === '' ? null : Number(last) }
				: { first: null, last: Number(suffix) };
		if (spec.first !== null && spec.last !== null && spec.last < spec.first) return null;
		specs.push(spec);
	}
	return specs.length === 0 ? null : specs;
}

/** Of `length` bytes; null: nothing of it exists. */
export function resolveRange({ first, last }: RangeSpec, length: number): ByteRange | null {
	if (first === null) {
		const suffix = Math.min(last as number, length);
		return suffix === 0 ? null : { first: length - suffix, last: length - 1 };
	}
	return first >= length ? null : { first, last: last === null ? length - 1 : Math.min(last, length - 1) };
}

/** All of `specs` that exist of `length` bytes, in order; those that overlap, or begin within `gap` bytes, as one. */
export function resolveRanges(specs: readonly RangeSpec[], length: number, gap: number): ByteRange[] {
	const ranges = specs.map((spec) => resolveRange(spec, length)).filter((range) => range !== null);
	if (ranges.length < 2) return ranges;
	ranges.sort((one, other) => one.first - other.first);
	const result: ByteRange[] = [];
	for (const range of ranges) {
		const before = result.at(-1);
		if (before === undefined || range.first > before.last + gap) result.push(range);
		else if (range.last > before.last) result[result.length - 1] = { first: before.first, last: range.last };
	}
	return result;
}
