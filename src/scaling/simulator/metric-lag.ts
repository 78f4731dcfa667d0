/** Figures that are known only some time after they were measured. */
import type { SeededRandom } from './seeded-random.ts';

export interface Lag {
	/** Measured each so many ms. */
	everyMs: number;
	/** Then known after a time between these. */
	fromMs: number;
	toMs: number;
}

/** Ballast counts itself, and looks each second. */
export const NO_LAG: Lag = { everyMs: 1000, fromMs: 0, toMs: 0 };

export class LateFigures<T> {
	readonly #lag: Lag;
	readonly #random: SeededRandom;
	readonly #onTheirWay: { knownMs: number; figures: T }[] = [];
	#nextMs = Number.NEGATIVE_INFINITY;

	constructor(lag: Lag, random: SeededRandom) {
		this.#lag = lag;
		this.#random = random;
	}

	/** Whether it is time to measure. */
	isDue(nowMs: number): boolean {
		return nowMs >= this.#nextMs;
	}

	measured(figures: T, nowMs: number): void {
		const { everyMs, fromMs, toMs } = this.#lag;
		this.#nextMs = nowMs + everyMs;
		const lateMs = toMs > fromMs ? fromMs + (toMs - fromMs) * this.#random.next() : fromMs;
		const last = this.#onTheirWay.at(-1)?.knownMs ?? 0;
		this.#onTheirWay.push({ knownMs: Math.max(last, nowMs + lateMs), figures });
	}

	/** The next one that is known by now; undefined: there is none. */
	take(nowMs: number): T | undefined {
		const first = this.#onTheirWay[0];
		return first !== undefined && first.knownMs <= nowMs ? this.#onTheirWay.shift()?.figures : undefined;
	}
}
