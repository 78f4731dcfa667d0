/** Latencies as they are recorded of real services, made the same each time. */

/** Numbers in 0…1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

function normal(random: () => number): number {
	return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** µs. Two thirds are hits of some 2 ms, the others renders of some 800 ms. */
export function bimodal(random: () => number): number {
	const hit = random() < 2 / 3;
	return (hit ? 2000 : 800_000) * Math.exp(normal(random) * (hit ? 0.3 : 0.15));
}

/** µs. Pareto: from 5 ms, the slowest of ten thousand a hundred times as slow. */
export function heavyTailed(random: () => number): number {
	return Math.min(4e9, 5000 / (1 - random()) ** (1 / 1.3));
}

/** µs. Log-normal around 40 ms. */
export function logNormal(random: () => number): number {
	return 40_000 * Math.exp(normal(random) * 0.9);
}
