/** The largest or smallest size of a time, in a list that stays short. */
import type { Sizes } from './decision.ts';

const MOST_KEPT = 64;

/**
 * With a size added, and without those that are over or can never be the extreme again. Where too many remain,
 * the more extreme of two neighbours stands for both until the later one is over: at worst it counts for longer.
 */
export function addSize(
	sizes: Sizes,
	entry: readonly [number, number],
	span: { windowMs: number; highest: boolean },
): Sizes {
	const { windowMs, highest } = span;
	if (windowMs === 0) return sizes.length === 0 ? sizes : [];
	const [nowMs, size] = entry;
	let from = 0;
	while (from < sizes.length && (sizes[from] as Sizes[number])[0] <= nowMs - windowMs) from++;
	let to = sizes.length;
	while (to > from) {
		const last = (sizes[to - 1] as Sizes[number])[1];
		if (highest ? last > size : last < size) break;
		to--;
	}
	const kept = sizes.slice(from, to);
	kept.push(entry);
	return kept.length > MOST_KEPT ? halved(kept) : kept;
}

/** The extreme of the window, which is its oldest entry; `otherwise` when it is empty. */
export function extremeOf(sizes: Sizes, sinceMs: number, otherwise: number): number {
	for (const entry of sizes) if (entry[0] > sinceMs) return entry[1];
	return otherwise;
}

function halved(sizes: Sizes): Sizes {
	const kept: (readonly [number, number])[] = [];
	for (let at = 0; at + 1 < sizes.length; at += 2) {
		const [, size] = sizes[at] as Sizes[number];
		const [atMs] = sizes[at + 1] as Sizes[number];
		kept.push([atMs, size]);
	}
	if (sizes.length % 2 === 1) kept.push(sizes.at(-1) as Sizes[number]);
	return kept;
}
