/** How long something takes, as a table of equally likely times: a draw is one look-up, whatever the form. */
import type { SeededRandom } from './seeded-random.ts';

/** A power of two, so that a draw needs no division. */
const ENTRIES = 16_384;
const SHIFT = 32 - Math.log2(ENTRIES);

export class Distribution {
	/** Rising, ms. */
	readonly #table: Float64Array;
	readonly meanMs: number;
	/** Variance by the square of the mean: 0 for a constant, 1 for an exponential one. */
	readonly variation: number;
	/** As it was asked for: `lognormal, mean 80 ms, p99 400 ms`. */
	readonly text: string;

	/** `quantile` gives ms for a share of 0…1, rising. With `meanMs` the table is scaled so that its mean is exact. */
	constructor(text: string, quantile: (share: number) => number, meanMs?: number) {
		const table = Float64Array.from({ length: ENTRIES }, (_, at) => Math.max(0, quantile((at + 0.5) / ENTRIES)));
		const found = table.reduce((sum, ms) => sum + ms, 0) / ENTRIES;
		const scale = meanMs !== undefined && found > 0 ? meanMs / found : 1;
		for (let at = 0; at < ENTRIES; at++) table[at] = (table[at] as number) * scale;
		this.#table = table;
		this.text = text;
		this.meanMs = found * scale;
		const variance = table.reduce((sum, ms) => sum + (ms - this.meanMs) ** 2, 0) / ENTRIES;
		this.variation = this.meanMs > 0 ? variance / this.meanMs ** 2 : 0;
	}

	draw(random: SeededRandom): number {
		return this.#table[random.bits() >>> SHIFT] as number;
	}

	/** ms; `share` 0…1. */
	quantile(share: number): number {
		return this.#table[Math.min(ENTRIES - 1, Math.floor(share * ENTRIES))] as number;
	}
}

/** `80 ms`, `1.5 s`. */
export function timeText(ms: number): string {
	return ms < 1000 ? `${+ms.toPrecision(3)} ms` : `${+(ms / 1000).toPrecision(3)} s`;
}

export function constant(ms: number): Distribution {
	return new Distribution(timeText(ms), () => ms, ms);
}

export function exponential(meanMs: number): Distribution {
	return new Distribution(`exponential, mean ${timeText(meanMs)}`, (share) => -Math.log(1 - share), meanMs);
}

export function uniform(fromMs: number, toMs: number): Distribution {
	return new Distribution(`${timeText(fromMs)} to ${timeText(toMs)}`, (share) => fromMs + share * (toMs - fromMs));
}

/** The lognormal distribution with this mean and 99th percentile; of the two that fit the one with the shorter tail. */
export function lognormal(meanMs: number, p99Ms: number): Distribution | undefined {
	const z99 = 2.326347874;
	// p99 / mean = exp(z·s − s²/2), which is highest at s = z.
	const root = z99 * z99 - 2 * Math.log(p99Ms / meanMs);
	if (!(meanMs > 0) || p99Ms < meanMs || root < 0) return undefined;
	const sigma = z99 - Math.sqrt(root);
	const text = `lognormal, mean ${timeText(meanMs)}, p99 ${timeText(p99Ms)}`;
	return new Distribution(text, (share) => Math.exp(sigma * standardNormal(share)), meanMs);
}

/** From some of its quantiles, shares and ms rising; between them times grow by the same factor. */
export function fromQuantiles(text: string, known: readonly (readonly [share: number, ms: number])[]): Distribution {
	return new Distribution(text, (share) => {
		const above = known.findIndex(([at]) => at >= share);
		if (above < 0) return known.at(-1)?.[1] ?? 0;
		const [[from, low], [to, high]] = [known[Math.max(0, above - 1)] ?? [0, 0], known[above] ?? [1, 0]];
		if (above === 0 || to === from) return high;
		const part = (share - from) / (to - from);
		return low > 0 ? low * (high / low) ** part : low + (high - low) * part;
	});
}

/** The value that a standard normal one does not exceed with this probability (Acklam; within 1.2e-9 of it, relatively). */
export function standardNormal(share: number): number {
	const tail = Math.min(share, 1 - share);
	if (tail < 0.02425) {
		const q = Math.sqrt(-2 * Math.log(tail));
		const value =
			(((((-7.784894002430293e-3 * q - 3.223964580411365e-1) * q - 2.400758277161838) * q - 2.549732539343734) * q +
				4.374664141464968) *
				q +
				2.938163982698783) /
			((((7.784695709041462e-3 * q + 3.224671290700398e-1) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1);
		return share < 0.5 ? value : -value;
	}
	const q = share - 0.5;
	const r = q * q;
	return (
		((((((-3.969683028665376e1 * r + 2.209460984245205e2) * r - 2.759285104469687e2) * r + 1.38357751867269e2) * r -
			3.066479806614716e1) *
			r +
			2.506628277459239) *
			q) /
		(((((-5.447609879822406e1 * r + 1.615858368580409e2) * r - 1.556989798598866e2) * r + 6.680131188771972e1) * r -
			1.328068155288572e1) *
			r +
			1)
	);
}
