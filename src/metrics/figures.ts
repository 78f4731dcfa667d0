import { BUCKETS, COUNTERS, SeriesSum } from './meter.ts';

/** What was counted for a series, as JSON. */
export interface Figures {
	/** By `Counter`, up to the last that is not 0: so a version that knows fewer understands it. */
	readonly counters: readonly number[];
	/** Of those that are not empty: bucket, count, bucket, count … */
	readonly buckets: readonly number[];
}

/** What a series counted since `earlier`; null: nothing. One that has less now began anew since. */
export function figuresSince(now: SeriesSum, earlier: SeriesSum | undefined): Figures | null {
	const before = earlier?.counters.every((count, i) => count <= (now.counters[i] as number)) ? earlier : undefined;
	const counters = Array.from(now.counters, (count, i) => count - (before?.counters[i] ?? 0));
	if (counters.every((count) => count === 0)) return null;
	while (counters.at(-1) === 0) counters.pop();
	const buckets: number[] = [];
	for (let i = 0; i < BUCKETS; i++) {
		const count = (now.buckets[i] as number) - (before?.buckets[i] ?? 0);
		if (count !== 0) buckets.push(i, count);
	}
	return { counters, buckets };
}

/** Reads what another core wrote; null: it is none. */
export function readFigures(value: unknown): SeriesSum | null {
	const { counters, buckets } = (value ?? {}) as Partial<Record<keyof Figures, unknown>>;
	if (!isCounts(counters) || !isCounts(buckets) || counters.length > COUNTERS) return null;
	const sum = new SeriesSum();
	sum.counters.set(counters);
	for (let i = 0; i + 1 < buckets.length; i += 2) {
		const bucket = buckets[i] as number;
		if (Number.isInteger(bucket) && bucket < BUCKETS) sum.buckets[bucket] = buckets[i + 1] as number;
	}
	return sum;
}

const isCounts = (value: unknown): value is number[] =>
	Array.isArray(value) && value.every((count) => typeof count === 'number' && count >= 0 && Number.isFinite(count));
