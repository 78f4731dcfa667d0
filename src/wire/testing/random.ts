/** Numbers that look random and are the same for the same seed. */
export class Random {
	#state: number;

	constructor(seed: number) {
		this.#state = seed >>> 0;
	}

	/** In [0, 1). mulberry32. */
	next(): number {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	}

	/** A whole number in [0, most). */
	int(most: number): number {
		return Math.floor(this.next() * most);
	}

	/** True in so many of all cases, 0 … 1. */
	chance(share: number): boolean {
		return this.next() < share;
	}

	pick<T>(from: ArrayLike<T>): T {
		return from[this.int(from.length)] as T;
	}
}
