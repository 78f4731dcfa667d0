/** A direction of scaling that a platform refused: not tried again for a while, longer each time. */

export class Hold {
	readonly #firstMs: number;
	readonly #mostMs: number;
	#untilMs = 0;
	#times = 0;
	#why = '';

	constructor(firstMs: number, mostMs: number) {
		this.#firstMs = firstMs;
		this.#mostMs = mostMs;
	}

	/** Holds from now on. @returns for how long, ms */
	begin(why: string, nowMs: number): number {
		const forMs = Math.min(this.#mostMs, this.#firstMs * 2 ** Math.min(this.#times, 16));
		this.#times++;
		this.#untilMs = nowMs + forMs;
		this.#why = why;
		return forMs;
	}

	/** It worked: the next hold is short again. */
	clear(): void {
		this.#untilMs = 0;
		this.#times = 0;
		this.#why = '';
	}

	/** Why it is held back now; null: it is not. */
	at(nowMs: number): string | null {
		return nowMs < this.#untilMs ? this.#why : null;
	}

	/** What was refused last and has not worked since, held back or not; null: nothing. */
	get unsolved(): string | null {
		return this.#why === '' ? null : this.#why;
	}
}
