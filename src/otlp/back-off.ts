const FIRST_MS = 1000;
const MOST_MS = 60_000;

/** How long to wait after failures in a row: twice as long each time, a half of it by chance, and as long as was asked for. */
export class BackOff {
	#failures = 0;
	readonly #random: () => number;

	/** `random`: 0…1. */
	constructor(random: () => number = Math.random) {
		this.#random = random;
	}

	/** Times that it failed in a row. */
	get failures(): number {
		return this.#failures;
	}

	succeeded(): void {
		this.#failures = 0;
	}

	/** It failed once more; ms to wait, at least `leastMs`. */
	failed(leastMs: number): number {
		const ms = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(this.#failures++, 10));
		return Math.max(leastMs, ms * (0.5 + this.#random() / 2));
	}
}
