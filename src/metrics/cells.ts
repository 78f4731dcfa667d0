/** The two ways in which a histogram's cells lie, and what is read from them. */
import { BUCKETS, bucketValue } from './meter.ts';

/** `log-linear`: the 896 cells of `meter.ts`, of µs. `explicit`: the bounds of OpenTelemetry. */
export type CellLayout = 'log-linear' | 'explicit';

/** Upper bounds of the convention's cells, seconds, inclusive; one more cell holds what is above. */
export const OTEL_BOUNDS: readonly number[] = [
	0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];
export const EXPLICIT_CELLS: number = OTEL_BOUNDS.length + 1;

export function cellsOf(layout: CellLayout): number {
	return layout === 'explicit' ? EXPLICIT_CELLS : BUCKETS;
}

/** The explicit cell of a duration in seconds. */
export function explicitCellOf(seconds: number): number {
	let cell = 0;
	while (cell < OTEL_BOUNDS.length && seconds > (OTEL_BOUNDS[cell] as number)) cell++;
	return cell;
}

/** The explicit cell in which the middle of each log-linear cell lies. */
export const EXPLICIT_OF_CELL: Uint8Array = Uint8Array.from({ length: BUCKETS }, (_, cell) =>
	explicitCellOf(bucketValue(cell) / 1e6),
);

/** The duration in seconds that this share (0…1) of all did not exceed; NaN without any. */
export function quantileOf(layout: CellLayout, cells: ArrayLike<number>, share: number): number {
	let total = 0;
	for (let i = 0; i < cells.length; i++) total += cells[i] as number;
	if (total <= 0) return Number.NaN;
	return layout === 'explicit' ? interpolated(cells, total * share) : nearest(cells, Math.ceil(total * share));
}

function nearest(cells: ArrayLike<number>, rank: number): number {
	let rest = Math.max(1, rank);
	for (let i = 0; i < cells.length; i++) {
		rest -= cells[i] as number;
		if (rest <= 0) return bucketValue(i) / 1e6;
	}
	return bucketValue(cells.length - 1) / 1e6;
}

/** As Prometheus' `histogram_quantile` takes it: evenly within a cell; what is above the last bound is that bound. */
function interpolated(cells: ArrayLike<number>, rank: number): number {
	let below = 0;
	for (let i = 0; i < OTEL_BOUNDS.length; i++) {
		const count = cells[i] as number;
		if (count > 0 && below + count >= rank) {
			const low = i === 0 ? 0 : (OTEL_BOUNDS[i - 1] as number);
			return low + ((OTEL_BOUNDS[i] as number) - low) * Math.max(0, (rank - below) / count);
		}
		below += count;
	}
	return OTEL_BOUNDS[OTEL_BOUNDS.length - 1] as number;
}

/** How many of the log-linear cells are of at most so many seconds, each put by its middle. */
export function cellsWithin(seconds: number): number {
	let low = 0;
	let high = BUCKETS;
	while (low < high) {
		const middle = (low + high) >>> 1;
		if (bucketValue(middle) / 1e6 <= seconds) low = middle + 1;
		else high = middle;
	}
	return low;
}
