/** Ranges that are read at most; who asks for more gets the whole. */
const MOST = 16;

/** Bytes [start, end). */
export interface ByteRange {
	start: number;
	end: number;
}

/**
 * What a Range field asks of so many bytes (RFC 9110 §14.2): one range; `unsatisfiable`: 416; null: the whole, since
 * the field is of another unit, not valid, or asks for parts that do not lie beside one another. (Several in one answer
 * would be `multipart/byteranges`, which hardly a client reads, and which others use to ask for more than there is.)
 */
export function byteRange(value: string, size: number): ByteRange | 'unsatisfiable' | null {
	const found = /^bytes=(.*)$/i.exec(value);
	const specs = (found?.[1] ?? '').split(',', MOST + 1);
	if (found === null || specs.length > MOST) return null;
	const ranges: ByteRange[] = [];
	for (const spec of specs) {
		const range = oneRange(spec.trim(), size);
		if (range === null) return null;
		if (range.start < range.end) ranges.push(range);
	}
	if (ranges.length === 0) return 'unsatisfiable';
	ranges.sort((a, b) => a.start - b.start);
	const all = { ...(ranges[0] as ByteRange) };
	for (const { start, end } of ranges) {
		if (start > all.end) return null;
		all.end = Math.max(all.end, end);
	}
	return all;
}

/** Empty: valid, and nothing of it is there. */
function oneRange(spec: string, size: number): ByteRange | null {
	const found = /^(\d{0,16})-(\d{0,16})$/.exec(spec);
	if (found === null) return null;
	const [, first = '', last = ''] = found;
	if (first === '') return last === '' ? null : { start: Math.max(0, size - Number(last)), end: size };
	const start = Number(first);
	const end = last === '' ? size : Number(last) + 1;
	if (end <= start && last !== '') return null;
	return start >= size ? { start: 0, end: 0 } : { start, end: Math.min(end, size) };
}
