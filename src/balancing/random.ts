import { mixBits } from '../core/hash.ts';

/** Random numbers that are cheap, and the same in each run of a test (xorshift32). */
export class Random {
	#state: number;

	constructor(seed: number) {
		this.#state = mixBits(seed + 0x9e3779b9) || 1;
	}

	/** From 0 to n − 1; n ≥ 1. */
	below(n: number): number {
		let bits = this.#state;
		bits ^= bits << 13;
		bits ^= bits >>> 17;
		bits ^= bits << 5;
		this.#state = bits;
		return ((bits >>> 0) * n * 2 ** -32) | 0;
	}
}
