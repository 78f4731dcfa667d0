/**
 * Keys that some worker asks the origin for, in the line of the lock that guards their bucket: a place each, as long as
 * nobody else wants the answer. Most are asked for once at a time, so only who comes second makes an entry for it, which
 * both follow. A place is taken and changed under the bucket's lock, and given back without one.
 */
import type { CacheKey } from '../answer-store.ts';
import { type RecentPurges, Spoil } from '../purges/recent-purges.ts';
import { type AnswerMemory, Control } from './answer-memory.ts';

/** Cells of a place. */
const Place = {
	/** 0: it is free; below: less its worker's number, counted from 1; above: the entry that others made to follow. */
	state: 0,
	high: 1,
	low: 2,
	/** What `Control.purges` was when it was taken. */
	purges: 3,
	cells: 4,
} as const;

/** Cells of a bucket's line: its lock, how many entries were put in behind it (wraps), and the places. */
export const LINKS_AT = 1;
const FIRST = 2;
const LAST: number = FIRST + 2 * Place.cells;

/** What comes of an announcement beside a place. */
export const Announced = { none: -1, others: 0 } as const;

export class AskedKeys {
	readonly #cells: Int32Array;
	readonly #owner: number;
	readonly #recent: RecentPurges | null;

	/** `owner`: number of the worker, counted from 1. `recent`: null: whatever was purged, what was asked for before is taken to be of it. */
	constructor({ cells }: Pick<AnswerMemory, 'cells'>, owner: number, recent: RecentPurges | null) {
		this.#cells = cells;
		this.#owner = owner;
		this.#recent = recent;
	}

	/** A place for it; `others`: somebody asks already, `none`: all are taken. Under the lock `line`. */
	take(line: number, key: CacheKey): number {
		const cells = this.#cells;
		const { high, low } = key;
		const { purges } = this;
		let free: number = Announced.none;
		for (let at = line + FIRST; at <= line + LAST; at += Place.cells) {
			if (Atomics.load(cells, at) === 0) free = at;
			else if (this.isOf(at, high, low) && this.#isOfNow(at, key)) return Announced.others;
		}
		if (free < 0) return free;
		cells[free + Place.high] = high;
		cells[free + Place.low] = low;
		cells[free + Place.purges] = purges;
		Atomics.store(cells, free, -this.#owner);
		return free;
	}

	/** The place of who asks for it, and has no entry for others; 0: nobody does. Under the lock `line`. */
	find(line: number, key: CacheKey): number {
		for (let at = line + FIRST; at <= line + LAST; at += Place.cells) {
			const asks = Atomics.load(this.#cells, at) < 0 && this.isOf(at, key.high, key.low);
			if (asks && this.#isOfNow(at, key)) return at;
		}
		return 0;
	}

	/** Its key was not purged since it was asked for. Its tags nobody knows yet. */
	#isOfNow(at: number, { bytes, length }: CacheKey): boolean {
		const since = this.#cells[at + Place.purges] as number;
		return since === this.purges || this.#recent?.of(since, bytes.subarray(0, length), []) === Spoil.none;
	}

	/** Worker's number of who has a place, counted from 1. */
	asker(at: number): number {
		return -Atomics.load(this.#cells, at);
	}

	/** Both follow this entry from now on; false: the place was given back. */
	attach(at: number, asker: number, unit: number): boolean {
		return Atomics.compareExchange(this.#cells, at, -asker, unit) === -asker;
	}

	/** What is asked for now is not to be stored; how many there are. Under the lock `line`. */
	spoil(line: number, { high, low }: CacheKey): number {
		let count = 0;
		for (let at = line + FIRST; at <= line + LAST; at += Place.cells) {
			const state = Atomics.load(this.#cells, at);
			if (state === 0 || !this.isOf(at, high, low)) continue;
			// It is nobody's from now on: who has the place finds that out.
			this.#cells[at + Place.high] = ~high;
			// Where there is an entry that one counts.
			if (state < 0) count++;
		}
		return count;
	}

	/** How many times something was purged (wraps). */
	get purges(): number {
		return Atomics.load(this.#cells, Control.purges);
	}

	/** The entry that others made; 0: none. */
	followed(at: number): number {
		return Math.max(0, Atomics.load(this.#cells, at));
	}

	/** Gives a place back; the entry that others made, 0: none. */
	leave(at: number): number {
		return Math.max(0, Atomics.exchange(this.#cells, at, 0));
	}

	/** A place is for this hash; one that was spoilt is for none. */
	isOf(at: number, high: number, low: number): boolean {
		return this.#cells[at + Place.low] === (low | 0) && this.#cells[at + Place.high] === (high | 0);
	}
}
