/**
 * How likely chance alone is to give so many, or more: exact tails, so that they hold for the few
 * failures that there are in the first seconds of a roll-out as well as for thousands.
 */

/**
 * Fisher's exact test, one-sided. Of `old.of + fresh.of` requests `old.hit + fresh.hit` were hit; the
 * chance that at least `fresh.hit` of them fell on the fresh ones when it made no difference who
 * answers. It asks only how the hits were dealt out, so it holds however many there were and
 * however they came in bursts, as long as who answers is chosen without regard to the outcome.
 */
export function dealtTail(old: Hits, fresh: Hits): number {
	const hits = old.hit + fresh.hit;
	const all = old.of + fresh.of;
	const most = Math.min(hits, fresh.of);
	if (hits === 0 || all === 0 || fresh.hit <= Math.max(0, hits - old.of)) return 1;
	if (fresh.hit * all <= hits * fresh.of) return 1;
	const first = Math.exp(logChoose(fresh.of, fresh.hit) + logChoose(old.of, hits - fresh.hit) - logChoose(all, hits));
	let sum = first;
	let term = first;
	for (let hit = fresh.hit; hit < most && term > sum * 1e-12; hit++) {
		// P(hit + 1) / P(hit) of the hypergeometric distribution.
		term *= ((fresh.of - hit) * (hits - hit)) / ((hit + 1) * (old.of - hits + hit + 1));
		sum += term;
	}
	return Math.min(1, sum);
}

/** The chance of at least `hit` of `of` when each is hit with this probability (0 < p < 1). */
export function binomialTail({ hit, of }: Hits, probability: number): number {
	if (hit <= of * probability) return 1;
	const odds = probability / (1 - probability);
	const first = Math.exp(logChoose(of, hit) + hit * Math.log(probability) + (of - hit) * Math.log1p(-probability));
	let sum = first;
	let term = first;
	for (let at = hit; at < of && term > sum * 1e-12; at++) {
		term *= ((of - at) / (at + 1)) * odds;
		sum += term;
	}
	return Math.min(1, sum);
}

/** `hit` of `of` requests had what is counted. */
export interface Hits {
	readonly hit: number;
	readonly of: number;
}

function logChoose(n: number, k: number): number {
	return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

const EXACT = 256;
const FACTORIALS = new Float64Array(EXACT);
for (let n = 2; n < EXACT; n++) FACTORIALS[n] = (FACTORIALS[n - 1] as number) + Math.log(n);

/** ln n!; beyond 255 by Stirling's series, which is good to 15 digits there. */
function logFactorial(n: number): number {
	if (n < EXACT) return FACTORIALS[n] as number;
	return (n + 0.5) * Math.log(n) - n + 0.918_938_533_204_672_8 + 1 / (12 * n) - 1 / (360 * n ** 3);
}
