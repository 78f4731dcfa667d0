/**
 * A limit's keys in memory that all threads share, each with the one number that GCRA needs: the
 * theoretical arrival time (TAT), up to which what it may send is used up. A request moves it on by
 * one interval, if that leaves it no further ahead than a full burst.
 *
 * Open addressing over a window of eight entries of two cells: fingerprint, TAT in ticks that wrap.
 * Everything is compare-and-swap; nothing is ever locked, so a thread may end at any moment. An
 * entry whose TAT has passed says nothing any more and may become another key's. Since that takes
 * two cells, whoever moved a TAT looks whether the entry is still its own, and puts back what it
 * took if not. What is left: a key that comes back between two operations of another thread, which
 * takes its entry over, may send one request too many.
 */
import { type GcraScale, gcraScale } from './gcra-scale.ts';
import type { RateLimiter, RateLimiterOptions } from './rate-limiter.ts';

/** Cells in front of the entries. */
const REFUSED = 0;
const FULL = 1;
const HEAD = 16;
/** Entries that a key can be in. */
const WINDOW = 8;
/** A TAT further ahead than any can be (a clock that is a little off included) is one from long ago, come round. */
const AHEAD_MOST = 2 ** 29;
/** Tries to get an entry before it is given up: each is lost only to another thread that got one. */
const TRIES = 16;

const NONE = -1;

export class GcraTable implements RateLimiter {
	readonly #cells: Int32Array;
	readonly #entries: number;
	readonly #scale: GcraScale;
	readonly #admitsWhenFull: boolean;

	/** The memory of a table with so many entries; empty. */
	static memory(entries: number): SharedArrayBuffer {
		return new SharedArrayBuffer((HEAD + 2 * entries) * 4);
	}

	constructor(buffer: SharedArrayBuffer, { count, perMs, burst, full }: RateLimiterOptions) {
		this.#cells = new Int32Array(buffer);
		this.#entries = (this.#cells.length - HEAD) / 2;
		this.#scale = gcraScale(count, perMs, burst);
		this.#admitsWhenFull = full === 'admit';
	}

	/** Requests that were refused; wraps at 2³². */
	get refused(): number {
		return Atomics.load(this.#cells, REFUSED) >>> 0;
	}

	/** Requests whose key found no room; wraps at 2³². */
	get full(): number {
		return Atomics.load(this.#cells, FULL) >>> 0;
	}

	take(a: number, b: number, nowMs: number): number {
		const cells = this.#cells;
		const { ticksPerMs, intervalTicks, burstTicks } = this.#scale;
		const now = (nowMs * ticksPerMs) | 0;
		const mark = a === 0 ? 1 : a;
		const start = this.#start(b);
		for (let tries = 0; tries < TRIES; tries++) {
			const at = this.#entryFor(mark, start, now);
			if (at === NONE) break;
			const tat = Atomics.load(cells, at + 1);
			const next = ((isAhead(tat, now) ? tat : now) + intervalTicks) | 0;
			const over = ((next - now) | 0) - burstTicks;
			if (over > 0) {
				if (Atomics.load(cells, at) !== mark) continue;
				Atomics.add(cells, REFUSED, 1);
				return over / ticksPerMs;
			}
			if (Atomics.compareExchange(cells, at + 1, tat, next) !== tat) {
				// Another thread was quicker; that is no lost try.
				tries--;
				continue;
			}
			if (Atomics.load(cells, at) === mark) return 0;
			Atomics.sub(cells, at + 1, intervalTicks);
		}
		return this.#noRoom(start, now);
	}

	give(a: number, b: number, nowMs: number): void {
		const cells = this.#cells;
		const { ticksPerMs, intervalTicks } = this.#scale;
		const now = (nowMs * ticksPerMs) | 0;
		const mark = a === 0 ? 1 : a;
		const start = this.#start(b);
		for (let i = 0; i < WINDOW; i++) {
			const at = this.#at(start, i);
			if (Atomics.load(cells, at) !== mark) continue;
			for (;;) {
				const tat = Atomics.load(cells, at + 1);
				// What was taken is over by now: there is nothing to put back.
				if (!isAhead(tat, now)) return;
				if (Atomics.compareExchange(cells, at + 1, tat, (tat - intervalTicks) | 0) === tat) return;
			}
		}
	}

	/**
	 * Keeps times that have passed near to now, so that none comes round the wrap and lies ahead again.
	 * Looks at `count` entries from `from` on; each must be looked at at least once in half an hour.
	 */
	sweep(nowMs: number, from: number, count: number): void {
		const cells = this.#cells;
		const now = (nowMs * this.#scale.ticksPerMs) | 0;
		const end = Math.min(from + count, this.#entries);
		for (let at = HEAD + 2 * from; at < HEAD + 2 * end; at += 2) {
			// Of an entry that was never used nothing is believed; left alone it costs no memory.
			if (cells[at] === 0) continue;
			const tat = Atomics.load(cells, at + 1);
			if (!isAhead(tat, now)) Atomics.compareExchange(cells, at + 1, tat, now);
		}
	}

	/** Entries in use. */
	used(nowMs: number): number {
		const cells = this.#cells;
		const now = (nowMs * this.#scale.ticksPerMs) | 0;
		let used = 0;
		for (let at = HEAD; at < cells.length; at += 2)
			if (cells[at] !== 0 && isAhead(cells[at + 1] as number, now)) used++;
		return used;
	}

	get entries(): number {
		return this.#entries;
	}

	#start(b: number): number {
		return Math.floor(((b >>> 0) * this.#entries) / 0x100000000);
	}

	/** The cell of the i-th entry of a window. */
	#at(start: number, i: number): number {
		const entry = start + i;
		return HEAD + 2 * (entry < this.#entries ? entry : entry - this.#entries);
	}

	/** The key's entry; one that says nothing becomes it. */
	#entryFor(mark: number, start: number, now: number): number {
		const cells = this.#cells;
		for (let tries = 0; tries < TRIES; tries++) {
			let free = NONE;
			let before = 0;
			for (let i = 0; i < WINDOW; i++) {
				const at = this.#at(start, i);
				const found = Atomics.load(cells, at);
				if (found === mark) return at;
				if (free === NONE && (found === 0 || !isAhead(Atomics.load(cells, at + 1), now))) {
					free = at;
					before = found;
				}
			}
			if (free === NONE) return NONE;
			if (this.#claim(free, before, mark, now)) {
				if (!this.#hasTwin(mark, start, free)) return free;
				// Two threads took an entry each for the same key. Who sees it steps back.
				Atomics.compareExchange(cells, free, mark, 0);
			}
		}
		return NONE;
	}

	#claim(at: number, before: number, mark: number, now: number): boolean {
		const cells = this.#cells;
		const tat = Atomics.load(cells, at + 1);
		if (before !== 0) {
			// Its key may have come back since the look.
			if (isAhead(tat, now)) return false;
		} else {
			// The time of an entry that was never used, or given up, is no time at all. It was read before this look
			// whether the entry is still nobody's, so that what another thread has taken by then is not undone.
			if (Atomics.load(cells, at) !== 0) return false;
			if (tat !== now) Atomics.compareExchange(cells, at + 1, tat, now);
		}
		return Atomics.compareExchange(cells, at, before, mark) === before;
	}

	#hasTwin(mark: number, start: number, own: number): boolean {
		for (let i = 0; i < WINDOW; i++) {
			const at = this.#at(start, i);
			if (at !== own && Atomics.load(this.#cells, at) === mark) return true;
		}
		return false;
	}

	#noRoom(start: number, now: number): number {
		Atomics.add(this.#cells, FULL, 1);
		if (this.#admitsWhenFull) return 0;
		Atomics.add(this.#cells, REFUSED, 1);
		let least = AHEAD_MOST;
		for (let i = 0; i < WINDOW; i++) {
			const ahead = (Atomics.load(this.#cells, this.#at(start, i) + 1) - now) | 0;
			if (ahead > 0 && ahead < least) least = ahead;
		}
		return (least === AHEAD_MOST ? this.#scale.intervalTicks : least) / this.#scale.ticksPerMs;
	}
}

/** Whether a TAT lies ahead of now. Signed differences do not mind the wrap. */
function isAhead(tat: number, now: number): boolean {
	const ahead = (tat - now) | 0;
	return ahead > 0 && ahead < AHEAD_MOST;
}
