/**
 * Whether an instance is slow where the others of its pool are not. Pure.
 *
 * An answer is *slow* above a time that the others' usual one gives. Slow answers of one instance speak
 * against it, fast ones for it, each by how likely it is for a good instance and for a slow one (a
 * cumulative sum of log-likelihood ratios: Page, "Continuous inspection schemes", 1954). So three
 * slow answers in a row are enough where slow ones are rare, which is soon even for an instance that
 * gets few requests because it is slow; and where one answer in ten is slow anyway it takes more.
 */
import type { Tally } from './evidence.ts';
import type { LatencyConfig } from './outlier-config.ts';

/** Above it chance is ruled out, at 1 in 100,000. */
export const CERTAIN = Math.log(100_000);
/** How many answers of a slow instance are slow. */
const SLOW_SHARE = 0.8;
/** Slow answers of the others are taken to be at least this frequent. */
const LEAST_USUAL = 0.01;
/** From here on slow answers are usual. */
const MOST_USUAL = 0.5;
/** Heads of answers that an instance must have had to be compared with. */
const LEAST_HEADS = 3;
/** And all others of the pool together. */
const LEAST_HEADS_ALL = 10;

/**
 * From how many µs on an answer is slow, for each instance; 0: that cannot be told. The median of the others'
 * means, times the factor and more by the least difference. In a pool of two there is no majority
 * that could be right, so both are doubled.
 */
export function slowFrom(tallies: readonly Tally[], { factor, leastMs }: LatencyConfig): number[] {
	const means = tallies.map(({ heads, headUs }) => (heads < LEAST_HEADS ? Number.NaN : headUs / heads));
	const sorted = means.filter((mean) => !Number.isNaN(mean)).sort((a, b) => a - b);
	const times = tallies.length === 2 ? 2 : 1;
	return means.map((mean) => {
		const usual = medianWithout(sorted, mean);
		if (usual === undefined) return 0;
		return Math.round(Math.max(usual * factor * times, usual + leastMs * 1000 * times));
	});
}

/** The lower median of sorted numbers, one of them (if it is among them) left out. */
function medianWithout(sorted: readonly number[], left: number): number | undefined {
	const own = Number.isNaN(left) ? -1 : placeOf(sorted, left);
	const count = sorted.length - (own < 0 ? 0 : 1);
	if (count === 0) return undefined;
	const middle = (count - 1) >> 1;
	return sorted[own >= 0 && middle >= own ? middle + 1 : middle];
}

/** Where a number stands among sorted ones. */
function placeOf(sorted: readonly number[], wanted: number): number {
	let low = 0;
	for (let high = sorted.length - 1; low < high; ) {
		const middle = (low + high) >> 1;
		if ((sorted[middle] as number) < wanted) low = middle + 1;
		else high = middle;
	}
	return low;
}

interface Told {
	/** Over the window, and between the last two looks. */
	recent: Readonly<Tally>;
	latest: Readonly<Tally>;
	suspicion: number;
}

/** How much speaks against each instance after a look, 0 (nothing) to twice `CERTAIN`. */
export function suspicions(all: readonly Told[]): number[] {
	const recent = sumOf(all.map((one) => one.recent));
	const latest = sumOf(all.map((one) => one.latest));
	return all.map((one) => {
		const others = { heads: recent.heads - one.recent.heads, slow: recent.slow - one.recent.slow };
		if (others.heads < LEAST_HEADS_ALL) return one.suspicion;
		const now = { heads: latest.heads - one.latest.heads, slow: latest.slow - one.latest.slow };
		// What became slow just now must not look like the fault of whoever is looked at first.
		return weigh(one.suspicion, one.latest, Math.max(shareOf(others), shareOf(now)));
	});
}

interface Heads {
	heads: number;
	slow: number;
}

const shareOf = ({ heads, slow }: Heads): number => (heads === 0 ? 0 : slow / heads);

function sumOf(tallies: readonly Heads[]): Heads {
	const sum = { heads: 0, slow: 0 };
	for (const { heads, slow } of tallies) {
		sum.heads += heads;
		sum.slow += slow;
	}
	return sum;
}

/** `usual`: the share of slow answers at the others. */
function weigh(suspicion: number, { heads, slow }: Heads, usual: number): number {
	if (usual >= MOST_USUAL) return 0;
	const expected = Math.max(usual, LEAST_USUAL);
	const against = slow * Math.log(SLOW_SHARE / expected);
	const inFavour = (heads - slow) * Math.log((1 - expected) / (1 - SLOW_SHARE));
	return Math.max(0, Math.min(2 * CERTAIN, suspicion + against - inFavour));
}
