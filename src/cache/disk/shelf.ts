/**
 * What of the stored bodies lies on disk: its pages are counted, and reserved before a file is begun, so that the bound
 * holds at any time. What is given up is chosen by SIEVE: a hand goes from the oldest to the newest; who was given since
 * it last came by stays. Of large bodies a few thousand are there at most, so no more is needed. All of it under the
 * memory's lock.
 *
 * Source: Y. Zhang and others: SIEVE is simpler than LRU (NSDI 2024).
 */
import { type AnswerMemory, Control } from '../memory/answer-memory.ts';
import { Cell } from '../memory/entry-record.ts';

/** What the shelf asks of the table. */
export interface ShelfTable {
	readonly memory: AnswerMemory;
	/** Takes an entry out; the shelf hears of it by `leaves`. */
	unlink(unit: number): boolean;
}

/** Victims for one body at most, so that the lock is not held for long. */
const VICTIMS_MOST = 256;
/** Entries that are looked at for one victim at most. */
const LOOKS_MOST = 1024;
/** Share of the memory that the heads of bodies on disk may take. */
const HEADS_SHARE = 0.25;

const FIRST = 0;
const LAST = 1;
const UNITS = 2;

export class Shelf {
	/** A file is nobody's any more. */
	dropped: (file: number) => void = () => {};
	readonly #table: ShelfTable;
	readonly #cells: Int32Array;
	readonly #headsMost: number;

	constructor(table: ShelfTable) {
		this.#table = table;
		this.#cells = table.memory.cells;
		this.#headsMost = Math.floor(table.memory.units * HEADS_SHARE);
	}

	/** Room for a file of so many pages, others are given up for it; false: there is none. */
	reserve(pages: number): boolean {
		const cells = this.#cells;
		const most = Atomics.load(cells, Control.diskMost);
		if (pages > most) return false;
		for (let victims = 0; this.#isFull(pages, most); victims++) {
			const unit = victims < VICTIMS_MOST ? this.#victim() : 0;
			if (unit === 0 || !this.#table.unlink(unit)) return false;
			cells[Control.diskEvicted] = ((cells[Control.diskEvicted] as number) + 1) | 0;
		}
		cells[Control.diskPages] = (cells[Control.diskPages] as number) + pages;
		return true;
	}

	/** What was reserved, for a file that is not there. */
	giveBack(pages: number): void {
		this.#cells[Control.diskPages] = (this.#cells[Control.diskPages] as number) - pages;
	}

	/** An entry is taken out of the table: it leaves the queue too, and its file goes. */
	leaves(unit: number): void {
		const cells = this.#cells;
		const { memory } = this.#table;
		const at = memory.cell(unit);
		if (cells[Control.diskHand] === unit) cells[Control.diskHand] = cells[at + Cell.newer] as number;
		const root = memory.cell((cells[at + Cell.bodyOf] as number) || unit);
		this.giveBack(cells[root + Cell.room] as number);
		cells[Control.diskEntries] = (cells[Control.diskEntries] as number) - 1;
		this.dropped(-(cells[root + Cell.more] as number));
	}

	#isFull(pages: number, most: number): boolean {
		const cells = this.#cells;
		return (
			(cells[Control.diskPages] as number) + pages > most || (cells[Control.disk + UNITS] as number) > this.#headsMost
		);
	}

	#victim(): number {
		const cells = this.#cells;
		const { memory } = this.#table;
		let unit = (cells[Control.diskHand] as number) || (cells[Control.disk + LAST] as number);
		for (let looks = 0; unit !== 0 && looks < LOOKS_MOST; looks++) {
			const at = memory.cell(unit);
			if (cells[at + Cell.frequency] === 0) break;
			cells[at + Cell.frequency] = 0;
			// From the newest on it begins again with the oldest.
			unit = (cells[at + Cell.newer] as number) || (cells[Control.disk + LAST] as number);
		}
		cells[Control.diskHand] = unit;
		return unit;
	}

	get isEmpty(): boolean {
		return this.#cells[Control.disk + FIRST] === 0;
	}
}
