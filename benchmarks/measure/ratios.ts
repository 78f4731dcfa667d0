/** Medians, and medians of ratios: a slow second of the machine hits both sides of a round alike. */

/** The median; NaN of nothing. */
export function median(values: readonly number[]): number {
	const sorted = values.toSorted((a, b) => a - b);
	const middle = sorted.length >> 1;
	if (sorted.length % 2 === 1) return sorted[middle] as number;
	return sorted.length === 0 ? Number.NaN : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** The median over the rounds of `values[round] / base[round]`; rounds that one side lacks are left out; NaN of none. */
export function medianRatio(values: readonly number[], base: readonly number[]): number {
	const ratios: number[] = [];
	for (let round = 0; round < Math.min(values.length, base.length); round++) {
		const ratio = (values[round] as number) / (base[round] as number);
		if (Number.isFinite(ratio)) ratios.push(ratio);
	}
	return median(ratios);
}
