import type { Fields } from '../../wire/head.ts';

/** Bytes of a representation, both ends included; `total`: of all of it, -1: not said. */
export interface ContentRange {
	readonly first: number;
	readonly last: number;
	readonly total: number;
}

/** What a 206 brings (RFC 9110 §14.4); null: not said, or not of one piece. */
export function contentRangeOf(fields: Fields, bytes: Buffer): ContentRange | null {
	const match = /^bytes ([0-9]{1,15})-([0-9]{1,15})\/(\*|[0-9]{1,15})$/i.exec(
		fields.list(bytes, 'content-range') ?? '',
	);
	if (match === null) return null;
	const [first, last] = [Number(match[1]), Number(match[2])];
	const total = match[3] === '*' ? -1 : Number(match[3]);
	return first > last || (total >= 0 && last >= total) ? null : { first, last, total };
}
