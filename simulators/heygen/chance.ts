/**
 * Chance that repeats: each draw is a function of the seed and of what it is for, not of how many were made before it.
 */

type Part = string | number;

/** A number in [0, 1), always the same for the same parts. */
export function draw(...parts: Part[]): number {
	const [high, low] = hash(parts.join('\u0000'));
	return ((high >>> 5) * 0x4000000 + (low >>> 6)) / 2 ** 53;
}

/** Hexadecimal digits, at most 64 of them, always the same for the same parts. */
export function hex(length: number, ...parts: Part[]): string {
	let digits = '';
	for (let round = 0; digits.length < length; round++) {
		for (const word of hash(`${parts.join('\u0000')}\u0000${round}`)) digits += word.toString(16).padStart(8, '0');
	}
	return digits.slice(0, length);
}

/** Whether something that happens in `rate` of all cases happens in this one. */
export function happens(rate: number, ...parts: Part[]): boolean {
	return rate > 0 && draw(...parts) < rate;
}

/** The value of a log-normal distribution at `at` (0 to 1), given its median and its 99th percentile; 0 median: 0. */
export function logNormal(at: number, { p50, p99 }: { p50: number; p99: number }): number {
	if (p50 <= 0) return 0;
	const spread = Math.max(0, Math.log(Math.max(p99, p50) / p50)) / 2.3263;
	return p50 * Math.exp(spread * normal(at));
}

/** Quantile of the standard normal distribution (Abramowitz and Stegun 26.2.23, error below 0.0005). */
function normal(at: number): number {
	const tail = Math.min(Math.max(at < 0.5 ? at : 1 - at, 1e-9), 0.5);
	const t = Math.sqrt(-2 * Math.log(tail));
	const above = 2.515517 + t * (0.802853 + t * 0.010328);
	const below = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
	const distance = t - above / below;
	return at < 0.5 ? -distance : distance;
}

/** Two mixed words of 32 bits. */
function hash(text: string): [number, number] {
	let one = 0x9e3779b9;
	let other = 0x85ebca6b;
	for (let at = 0; at < text.length; at++) {
		const code = text.charCodeAt(at);
		one = Math.imul(one ^ code, 0x01000193);
		other = Math.imul(other ^ code, 0x5bd1e995);
		other ^= other >>> 15;
	}
	return [mix(one ^ (other >>> 7)), mix(other ^ mix(one))];
}

function mix(word: number): number {
	let mixed = word;
	mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
	mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
	return (mixed ^ (mixed >>> 16)) >>> 0;
}
