import { sharedNow } from '../../wire/timer-wheel.ts';

/** Purges that nobody heard of for so long may have been missed, ms. */
const HEARD_MS = 5000;

const Cell = { low: 0, uncertain: 1, heard: 2, floor: 3 } as const;

/**
 * What time it is at the Redis that nodes share, and since when all purges are known; in memory that all threads of the
 * node share. The control plane writes it. Nodes whose clocks differ agree by it.
 */
export class SharedClock {
	readonly #cells: Float64Array;

	constructor(buffer: SharedArrayBuffer) {
		this.#cells = new Float64Array(buffer);
	}

	static create(): SharedArrayBuffer {
		const buffer = new SharedArrayBuffer(64);
		new Float64Array(buffer).fill(Number.NaN);
		return buffer;
	}

	/**
	 * Redis said that it is `redisMs`; it was asked and answered then, by `sharedNow`. What was known before makes it more
	 * exact, unless the two cannot both be true: its clock was set, or it is another Redis.
	 */
	measured(redisMs: number, askedMs: number, answeredMs: number): void {
		const [low, high] = [redisMs - answeredMs, redisMs - askedMs];
		const before = this.#cells[Cell.low] as number;
		const least = Math.max(low, before);
		const most = Math.min(high, before + (this.#cells[Cell.uncertain] as number));
		const agree = least <= most;
		this.#cells[Cell.low] = agree ? least : low;
		this.#cells[Cell.uncertain] = agree ? most - least : high - low;
	}

	/** Epoch ms at the Redis, at least; NaN: not known. */
	lowMs(nowMs: number = sharedNow()): number {
		return nowMs + (this.#cells[Cell.low] as number);
	}

	/** At most. */
	highMs(nowMs: number = sharedNow()): number {
		return this.lowMs(nowMs) + (this.#cells[Cell.uncertain] as number);
	}

	/** All purges up to now are known. */
	heard(nowMs: number = sharedNow()): void {
		this.#cells[Cell.heard] = nowMs;
	}

	/** What came before is not trusted: purges of then may not be known. By the clock of Redis. */
	set floorMs(ms: number) {
		this.#cells[Cell.floor] = ms;
	}

	get floorMs(): number {
		return this.#cells[Cell.floor] as number;
	}

	/** The time is known, and no purge can have been missed. */
	usable(nowMs: number = sharedNow()): boolean {
		return nowMs - (this.#cells[Cell.heard] as number) < HEARD_MS && !Number.isNaN(this.highMs(nowMs) + this.floorMs);
	}
}
