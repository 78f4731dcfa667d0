/** "Did you mean": the nearest of the words that are accepted. */

/**
 * Edits (insert, delete, replace, swap of two neighbours) from one word to the other: the
 * optimal-string-alignment form of the Damerau–Levenshtein distance.
 */
export function distance(from: string, to: string): number {
	let before: number[] = [];
	let last: number[] = Array.from({ length: to.length + 1 }, (_, at) => at);
	for (let i = 1; i <= from.length; i++) {
		const row = [i];
		for (let j = 1; j <= to.length; j++) {
			const cost = from[i - 1] === to[j - 1] ? 0 : 1;
			let best = Math.min((last[j] as number) + 1, (row[j - 1] as number) + 1, (last[j - 1] as number) + cost);
			if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
				best = Math.min(best, (before[j - 2] as number) + 1);
			}
			row.push(best);
		}
		before = last;
		last = row;
	}
	return last[to.length] as number;
}

const plain = (word: string) => word.toLowerCase().replaceAll(/[-_ ]/g, '');

/** The word that was most likely meant: at most a third of it differs, case and `-_` do not count. Undefined: none is near. */
export function closest(word: string, words: readonly string[]): string | undefined {
	if (word.length > 64) return undefined;
	let best: string | undefined;
	let bestDistance = Number.POSITIVE_INFINITY;
	for (const candidate of words) {
		const found = distance(plain(word), plain(candidate));
		const most = Math.max(1, Math.floor(Math.max(candidate.length, word.length) / 3));
		if (found <= most && found < Math.min(bestDistance, candidate.length)) {
			best = candidate;
			bestDistance = found;
		}
	}
	return best;
}
