/** What a route promises, and whether it keeps it: counted as it happens, so that sums over routes and time are exact. */
import { cellsWithin } from './cells.ts';
import type { CounterSeries, HistogramSeries } from './series.ts';

/** Adds the score of what a histogram's last reading added: 1 up to T, a half up to 4 T. */
export function addApdex(score: CounterSeries, durations: HistogramSeries, thresholdMs: number): void {
	const { cells, counts } = durations.added;
	if (cells.length === 0) return;
	const [satisfied, tolerable] = [cellsWithin(thresholdMs / 1000), cellsWithin(thresholdMs / 250)];
	let sum = 0;
	for (const [at, cell] of cells.entries())
		sum += (counts[at] as number) * (cell < satisfied ? 1 : cell < tolerable ? 0.5 : 0);
	score.add(sum);
}

/** How many of those that the last reading added took longer. */
export function slowerThan(durations: HistogramSeries, targetMs: number): number {
	const within = cellsWithin(targetMs / 1000);
	const { cells, counts } = durations.added;
	let sum = 0;
	for (const [at, cell] of cells.entries()) if (cell >= within) sum += counts[at] as number;
	return sum;
}

/** The two counters of an objective. */
export interface Budget {
	missed: CounterSeries;
	allowed: CounterSeries;
}

/** So many requests more, of which some missed, where a share must not. */
export function spend(budget: Budget, more: { requests: number; missed: number; share: number }): void {
	budget.missed.add(more.missed);
	budget.allowed.add(more.requests * (1 - more.share));
}
