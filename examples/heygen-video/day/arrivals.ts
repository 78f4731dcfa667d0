/** A day of wishes for videos: few at night, many around noon, and one burst. */

export const DAY_S = 86_400;
/** How much of the day's steady work is whose. */
const TENANTS = [
	['acme', 5],
	['birch', 3],
	['cedar', 2],
] as const;
export const TENANT_NAMES: readonly string[] = TENANTS.map(([name]) => name);
/** Relative to one another, from midnight. */
const HOURS = [1, 1, 1, 1, 1, 2, 3, 5, 8, 10, 11, 11, 9, 10, 11, 11, 10, 8, 6, 5, 4, 3, 2, 1];
/** Of all; somebody posts them within minutes. */
const BURST = { tenant: 'cedar', share: 0.15, atS: 14 * 3600, lengthS: 300 };
/** Of all, those whose client posts a second time because it was impatient. */
const REPEATED = 0.1;
const SENTENCES = [
	'Hello and welcome.',
	'Today we show you around the new office, and what has changed since last spring.',
	'Your order is on its way.',
	'Thank you for a good year; here is what comes next.',
];

export interface Wish {
	/** Seconds after midnight. */
	atS: number;
	tenant: string;
	/** The client's Idempotency-Key. */
	key: string;
	script: string;
	/** Posted twice, as the same one. */
	repeated: boolean;
}

/** `random` gives numbers from 0 to below 1. In order of time. */
export function arrivals(videos: number, random: () => number): Wish[] {
	const inBurst = Math.round(videos * BURST.share);
	const wishes = Array.from({ length: videos }, (_, at): Wish => {
		const burst = at < inBurst;
		return {
			atS: burst ? BURST.atS + random() * BURST.lengthS : steadySecond(random),
			tenant: burst ? BURST.tenant : steadyTenant(random),
			key: `day-${at}`,
			script: SENTENCES[Math.floor(random() * SENTENCES.length)] as string,
			repeated: random() < REPEATED,
		};
	});
	return wishes.sort((one, other) => one.atS - other.atS);
}

function steadySecond(random: () => number): number {
	const hour = chosen(HOURS, random);
	return (hour + random()) * 3600;
}

function steadyTenant(random: () => number): string {
	const weights = TENANTS.map(([, weight]) => weight);
	return TENANT_NAMES[chosen(weights, random)] as string;
}

function chosen(weights: readonly number[], random: () => number): number {
	let left = random() * weights.reduce((sum, weight) => sum + weight, 0);
	const at = weights.findIndex((weight) => (left -= weight) < 0);
	return at === -1 ? weights.length - 1 : at;
}

/** The same numbers for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}
