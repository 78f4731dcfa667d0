/**
 * What is given up when there is no room: S3-FIFO, weighed by size. New entries pass a small queue of a twentieth of the
 * memory; who was given more than once meanwhile goes on to the main queue, others go and leave a ghost (half of their
 * hash); who comes back while its ghost is remembered enters the main queue at once. There, who was given since goes
 * round again. Staying costs an entry as many of the times that it was given as it is larger than others: so more of
 * them are kept, and more requests answered. A hit changes one counter and no queue. All of it under the memory's lock.
 *
 * Measured on Zipf(0.9) with a memory for 1 % and 10 % of the objects: 1.8 and 2.8 points below the best that can be
 * done without knowing the future, with all alike; of sizes that vary widely the weighing brings 3 to 5 points of the
 * requests, for 2 of the bytes. W-TinyLFU and sampled LFU were no better where the popular ones change, and cost a
 * sketch, or cold looks, where this costs a queue.
 *
 * Source: J. Yang and others: FIFO queues are all you need for cache eviction (SOSP 2023).
 */
import { type AnswerMemory, Control, SHARE_ONE } from './answer-memory.ts';
import { Cell, GIVEN, GIVEN_MOST } from './entry-record.ts';

/** Share of the memory that the small queue has before it is the one to give up. */
const SMALL_SHARE = 0.05;
/** What staying costs the smallest and the largest, in times given. */
const COST_LEAST: number = GIVEN / 4;
const COST_MOST: number = GIVEN * 8;

/** Below this share of entries that are given while they are new most of what is asked for is asked for once: a scan. */
const SCAN_MOST: number = SHARE_ONE / 64;
/** How much of that share one entry makes, as a power of two. */
const SHARE_SHIFT = 7;
/** Of a scan one in so many is stored all the same, a power of two: by them its end is seen. */
const SAMPLE = 32;
/** Below this share of the memory in use there is room for all. */
const FULL_SHARE = 7 / 8;

/** Entries that are looked at for one victim at most, so that the lock is not held for long. */
const LOOKS_MOST = 256;

const FIRST = 0;
const LAST = 1;
const UNITS = 2;

export class Eviction {
	readonly #memory: AnswerMemory;
	readonly #cells: Int32Array;
	readonly #smallMost: number;
	readonly #fullFrom: number;
	#turn = 0;

	constructor(memory: AnswerMemory) {
		this.#memory = memory;
		this.#cells = memory.cells;
		this.#smallMost = Math.ceil(memory.units * SMALL_SHARE);
		this.#fullFrom = memory.units * FULL_SHARE;
	}

	/** From now on it may be evicted. */
	enter(unit: number): void {
		this.#push(unit, this.#wasGhost(unit) ? Control.main : Control.small);
	}

	/**
	 * Whether a new answer of this key is worth its place. Only in a scan most are not: those that come again while they
	 * are remembered are. It needs no lock: what two do at once may be lost, and costs one of them its place.
	 */
	admits(high: number, low: number): boolean {
		const cells = this.#cells;
		if ((cells[Control.smallGiven] as number) >= SCAN_MOST) return true;
		if ((cells[Control.usedUnits] as number) < this.#fullFrom || this.#isGhost(high | 0, low)) return true;
		if ((++this.#turn & (SAMPLE - 1)) === 0) return true;
		this.#remember(high, low);
		return false;
	}

	/** Its body lies on disk: only when there is no room it goes. */
	shelve(unit: number): void {
		this.#push(unit, Control.disk);
	}

	/** In the place of another, with its standing. */
	replace(unit: number, other: number): void {
		const at = this.#memory.cell(unit);
		const from = this.#memory.cell(other);
		const queue = this.#cells[from + Cell.queue] as number;
		this.#cells[at + Cell.frequency] = this.#cells[from + Cell.frequency] as number;
		this.#push(unit, queue === 0 ? Control.small : queue);
	}

	leave(unit: number): void {
		const cells = this.#cells;
		const at = this.#memory.cell(unit);
		const queue = cells[at + Cell.queue] as number;
		if (queue === 0) return;
		const newer = cells[at + Cell.newer] as number;
		const older = cells[at + Cell.older] as number;
		if (newer === 0) cells[queue + FIRST] = older;
		else cells[this.#memory.cell(newer) + Cell.older] = older;
		if (older === 0) cells[queue + LAST] = newer;
		else cells[this.#memory.cell(older) + Cell.newer] = newer;
		cells[queue + UNITS] = (cells[queue + UNITS] as number) - (cells[at + Cell.units] as number);
		cells[at + Cell.queue] = 0;
	}

	/** The next one to give up; it is in no queue any more. 0: there is none. */
	victim(): number {
		const cells = this.#cells;
		for (let looks = 1; ; looks++) {
			const small = cells[Control.small + LAST] as number;
			const main = cells[Control.main + LAST] as number;
			if (small === 0 && main === 0) return 0;
			const fromSmall = small !== 0 && (main === 0 || (cells[Control.small + UNITS] as number) > this.#smallMost);
			const unit = fromSmall ? small : main;
			const at = this.#memory.cell(unit);
			const given = cells[at + Cell.frequency] as number;
			const cost = this.#cost(cells[at + Cell.units] as number);
			this.leave(unit);
			const goes = fromSmall ? given <= cost : given === 0 || given < Math.min(cost, GIVEN_MOST);
			if (fromSmall) this.#learn(given > 0);
			if (goes || looks === LOOKS_MOST) {
				if (fromSmall) this.#remember(cells[at + Cell.high] as number, cells[at + Cell.low] as number);
				return unit;
			}
			cells[at + Cell.frequency] = fromSmall ? 0 : Math.max(0, given - cost);
			this.#push(unit, Control.main);
		}
	}

	/** What staying costs an entry of so many units: once given, if it is as large as others. */
	#cost(units: number): number {
		const cells = this.#cells;
		const all = (cells[Control.small + UNITS] as number) + (cells[Control.main + UNITS] as number);
		const cost = Math.round((GIVEN * units * (cells[Control.entries] as number)) / all);
		return Math.min(Math.max(cost, COST_LEAST), COST_MOST);
	}

	#push(unit: number, queue: number): void {
		const cells = this.#cells;
		const at = this.#memory.cell(unit);
		const first = cells[queue + FIRST] as number;
		cells[at + Cell.queue] = queue;
		cells[at + Cell.newer] = 0;
		cells[at + Cell.older] = first;
		if (first === 0) cells[queue + LAST] = unit;
		else cells[this.#memory.cell(first) + Cell.newer] = unit;
		cells[queue + FIRST] = unit;
		cells[queue + UNITS] = (cells[queue + UNITS] as number) + (cells[at + Cell.units] as number);
	}

	#learn(given: boolean): void {
		const share = this.#cells[Control.smallGiven] as number;
		const change = (given ? SHARE_ONE : 0) - share;
		this.#cells[Control.smallGiven] = share + (change >> SHARE_SHIFT);
	}

	#remember(high: number, low: number): void {
		const cells = this.#cells;
		const time = ((cells[Control.ghosts] as number) + 1) | 0;
		cells[Control.ghosts] = time;
		const ghost = this.#memory.ghost(low);
		cells[ghost] = high;
		cells[ghost + 1] = time;
	}

	/** As many are remembered as there are entries. */
	#isGhost(high: number, low: number): boolean {
		const cells = this.#cells;
		const ghost = this.#memory.ghost(low);
		if (cells[ghost] !== high || cells[ghost + 1] === 0) return false;
		const age = ((cells[Control.ghosts] as number) - (cells[ghost + 1] as number)) | 0;
		return age >= 0 && age <= (cells[Control.entries] as number);
	}

	/** It is one no more. */
	#wasGhost(unit: number): boolean {
		const cells = this.#cells;
		const at = this.#memory.cell(unit);
		const low = cells[at + Cell.low] as number;
		const was = this.#isGhost(cells[at + Cell.high] as number, low);
		if (was) cells[this.#memory.ghost(low) + 1] = 0;
		return was;
	}
}
