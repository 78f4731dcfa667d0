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
	const counts = new Map<number, number>();
	let zeroCount = 0;
	let first = Number.POSITIVE_INFINITY;
	let last = Number.NEGATIVE_INFINITY;
	for (let cell = 0; cell < cells.length; cell++) {
		const count = cells[cell] as number;
		if (count === 0) continue;
		const middle = middleOf(cell);
		if (!(middle > 0)) {
			zeroCount += count;
			continue;
		}
		const index = Math.ceil(Math.log2(middle) * 2 ** FINEST) - 1;
		counts.set(index, (counts.get(index) ?? 0) + count);
		first = Math.min(first, index);
		last = Math.max(last, index);
	}
	if (counts.size === 0) return { scale: FINEST, zeroCount, positive: { offset: 0, bucketCounts: [] } };
	let coarser = 0;
	while ((last >> coarser) - (first >> coarser) >= MOST_BUCKETS) coarser++;
	const offset = first >> coarser;
	const bucketCounts = new Array<number>((last >> coarser) - offset + 1).fill(0);
	for (const [index, count] of counts) {
		const at = (index >> coarser) - offset;
		bucketCounts[at] = (bucketCounts[at] as number) + count;
	}
	return { scale: FINEST - coarser, zeroCount, positive: { offset, bucketCounts } };
}
