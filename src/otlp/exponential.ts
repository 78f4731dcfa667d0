import type { Buckets } from './metric-messages.ts';

/** The finest scale: 32 buckets an octave, as many as our cells have. */
const FINEST = 5;
/** What receivers take, and OpenTelemetry's own default. */
const MOST_BUCKETS = 160;

export interface Exponential {
	scale: number;
	zeroCount: number;
	positive: Buckets;
}

/**
 * Counts in any cells as an exponential histogram: bucket i of scale s holds what is above 2^(i/2^s) and at most
 * 2^((i+1)/2^s). Each cell goes where its middle lies; the scale is the finest at which 160 buckets are enough.
 */
export function exponentialOf(cells: ArrayLike<number>, middleOf: (cell: number) => number): Exponential {
	const indices = indicesOf(cells.length, middleOf);
	let zeroCount = 0;
	let first = Number.POSITIVE_INFINITY;
	let last = Number.NEGATIVE_INFINITY;
	for (let cell = 0; cell < cells.length; cell++) {
		const count = cells[cell] as number;
		if (count === 0) continue;
		const index = indices[cell] as number;
		if (index === ZERO) {
			zeroCount += count;
			continue;
		}
		if (index < first) first = index;
		if (index > last) last = index;
	}
	if (last < first) return { scale: FINEST, zeroCount, positive: { offset: 0, bucketCounts: [] } };
	let coarser = 0;
	while ((last >> coarser) - (first >> coarser) >= MOST_BUCKETS) coarser++;
	const offset = first >> coarser;
	const bucketCounts = new Array<number>((last >> coarser) - offset + 1).fill(0);
	for (let cell = 0; cell < cells.length; cell++) {
		const count = cells[cell] as number;
		const index = indices[cell] as number;
		if (count === 0 || index === ZERO) continue;
		const at = (index >> coarser) - offset;
		bucketCounts[at] = (bucketCounts[at] as number) + count;
	}
	return { scale: FINEST - coarser, zeroCount, positive: { offset, bucketCounts } };
}

/** Of a cell whose middle is 0. */
const ZERO = -(2 ** 31);

const known = new WeakMap<(cell: number) => number, Int32Array>();

/** The bucket of each cell at the finest scale, worked out once for a shape. */
function indicesOf(length: number, middleOf: (cell: number) => number): Int32Array {
	const found = known.get(middleOf);
	if (found !== undefined && found.length >= length) return found;
	const made = Int32Array.from({ length }, (_, cell) => {
		const middle = middleOf(cell);
		return middle > 0 ? Math.ceil(Math.log2(middle) * 2 ** FINEST) - 1 : ZERO;
	});
	known.set(middleOf, made);
	return made;
}
