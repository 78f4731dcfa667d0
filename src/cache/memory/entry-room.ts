/**
 * Room for entries: runs of the arena are given out, others evicted for them, and what an entry held taken back. All of
 * it under the memory's lock.
 */
import { type AnswerMemory, Control, UNIT } from './answer-memory.ts';
import { Cell, MORE_BYTES, More, READERS_UNITS, TRAILERS_AT } from './entry-record.ts';
import type { Eviction } from './eviction.ts';
import { FreeRuns } from './free-runs.ts';

/** Victims for one allocation at most, so that the lock is not held for long. */
const VICTIMS_MOST = 512;
/** Victims for a run in one piece, where there is room enough in pieces. */
const VICTIMS_FOR_ONE = 8;

/** The table of those who have room. */
export interface Evicting {
	readonly eviction: Eviction;
	/** Takes an entry out; false: it cannot be now. */
	unlink(unit: number): boolean;
}

export class EntryRoom {
	readonly runs: FreeRuns;
	/** Units that the last `allocate` gave. */
	granted = 0;
	readonly memory: AnswerMemory;
	readonly #cells: Int32Array;
	readonly #table: Evicting;

	constructor(memory: AnswerMemory, table: Evicting) {
		this.memory = memory;
		this.#cells = memory.cells;
		this.#table = table;
		this.runs = new FreeRuns(memory);
	}

	/**
	 * A run of `units`, or else the largest that is there and not below `least`; evicts for it. 0: there is
	 * none. `granted` says how many.
	 */
	allocate(units: number, least: number): number {
		this.granted = units;
		const there = this.runs.take(units);
		if (there !== 0) return there;
		this.runs.keepLast(true);
		const made = this.#makeRoom(units, least);
		this.runs.keepLast(false);
		if (made !== 0) return made;
		this.granted = Math.min(this.runs.largest(), units);
		return this.granted < least ? 0 : this.runs.take(this.granted);
	}

	/** 0: there is no run of so many. */
	#makeRoom(units: number, least: number): number {
		for (let victims = 0; ; victims++) {
			// There is room enough, but in pieces: a few victims more may join them, or not.
			const inPieces = victims >= VICTIMS_FOR_ONE && this.#unused() >= units && this.runs.largest() >= least;
			if (inPieces || victims >= VICTIMS_MOST || !this.#evict()) return 0;
			const unit = this.runs.take(units);
			if (unit !== 0) return unit;
		}
	}

	#evict(): boolean {
		const unit = this.#table.eviction.victim();
		if (unit === 0) return false;
		this.#cells[Control.evicted] = ((this.#cells[Control.evicted] as number) + 1) | 0;
		if (this.#table.unlink(unit)) return true;
		this.#table.eviction.enter(unit);
		return false;
	}

	/** Gives back all that an entry holds. */
	free(entry: number): void {
		const cells = this.#cells;
		for (let unit = entry; unit !== 0; ) {
			const at = this.memory.cell(unit);
			const bodyOf = cells[at + Cell.bodyOf] as number;
			const more = cells[at + Cell.more] as number;
			if (more > 0) this.freeMore(more);
			const trailers = cells[at + Cell.trailers] as number;
			if (trailers !== 0)
				this.runs.give(trailers, unitsOf(TRAILERS_AT + (cells[this.memory.cell(trailers)] as number)));
			const readers = cells[at + Cell.readers] as number;
			if (readers > 0) this.runs.give(readers, READERS_UNITS);
			const content = cells[at + Cell.content] as number;
			if (content !== 0 && content !== unit) this.runs.give(content, cells[at + Cell.contentUnits] as number);
			this.runs.give(unit, cells[at + Cell.own] as number);
			if (bodyOf === 0 || Atomics.sub(cells, this.memory.cell(bodyOf) + Cell.refs, 1) !== 1) return;
			unit = bodyOf;
		}
	}

	freeMore(first: number): void {
		for (let unit = first; unit !== 0; ) {
			const at = this.memory.cell(unit);
			const next = this.#cells[at + More.next] as number;
			this.runs.give(unit, this.#cells[at + More.units] as number);
			unit = next;
		}
	}

	/** Units that nobody has. */
	#unused(): number {
		return this.memory.units - 1 - (this.#cells[Control.usedUnits] as number);
	}
}

/** Units that so many bytes take. */
export function unitsOf(bytes: number): number {
	return Math.ceil(bytes / UNIT);
}

/** Bytes of a body that a run of so many units has room for, behind its header. */
export function roomOf(units: number): number {
	return units * UNIT - MORE_BYTES;
}
