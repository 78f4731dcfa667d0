/** Random numbers that are the same for the same seed, on every machine. */

/** xoshiro128** (Blackman and Vigna, 2018), seeded by splitmix32. */
export class SeededRandom {
	#a: number;
	#b: number;
	#c: number;
	#d: number;

	/** Any whole number. */
	constructor(seed: number) {
		let state = seed | 0;
		const next = () => {
			state = (state + 0x9e3779b9) | 0;
			let mixed = state ^ (state >>> 16);
			mixed = Math.imul(mixed, 0x21f0aaad);
			mixed ^= mixed >>> 15;
			mixed = Math.imul(mixed, 0x735a2d97);
			return mixed ^ (mixed >>> 15);
		};
		this.#a = next();
		this.#b = next();
		this.#c = next();
		this.#d = next();
	}

	/** 32 bits, unsigned. */
	bits(): number {
		const multiplied = Math.imul(this.#b, 5);
		const result = Math.imul((multiplied << 7) | (multiplied >>> 25), 9);
		const shifted = this.#b << 9;
		this.#c ^= this.#a;
		this.#d ^= this.#b;
		this.#b ^= this.#c;
		this.#a ^= this.#d;
		this.#c ^= shifted;
		this.#d = (this.#d << 11) | (this.#d >>> 21);
		return result >>> 0;
	}

	/** 0 ≤ x < 1. */
	next(): number {
		return this.bits() / 4_294_967_296;
	}

	/** Mean 1. */
	exponential(): number {
		return -Math.log(1 - this.next());
	}

	/** Mean 0, standard deviation 1 (Box and Muller). */
	normal(): number {
		return Math.sqrt(2 * this.exponential()) * Math.cos(2 * Math.PI * this.next());
	}

	/** How many of a Poisson process come where `mean` are expected. */
	poisson(mean: number): number {
		if (!(mean > 0)) return 0;
		if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.normal()));
		const limit = Math.exp(-mean);
		let count = 0;
		for (let product = this.next(); product > limit; product *= this.next()) count++;
		return count;
	}
}
