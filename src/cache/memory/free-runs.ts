/**
 * Gives out runs of units of any length, and takes them back. Free runs stand in lists by length (each up to 16 has
 * its own; above, eight to a power of two), and know their ends, so that neighbours join at once: two-level segregated
 * fit. Blocks of powers of two (buddies), tried first, held 45 % of what they might with answers of 0.5 to 5 KB: a run
 * of 18 units asks for 32 free ones at a multiple of 32. Pages for each size class would leave a class its pages for
 * good. The links of free runs lie in themselves. Only under the memory's lock.
 *
 * Source: M. Masmano and others: TLSF, a new dynamic memory allocator for real-time systems (2004).
 */
import { type AnswerMemory, CHUNK, Control } from './answer-memory.ts';

/** Marks in the map, at the first and the last unit of a free run. */
const FIRST = 1;
const LAST = 2;

/** Cells in the first unit of a free run; the last cell of its last unit says how long it is, too. */
const NEXT = 0;
const PREVIOUS = 1;
const LENGTH = 2;
const LENGTH_AT_END = 63;

const EXACT = 16;
const LISTS = EXACT + 8 * 8 + 1;

export class FreeRuns {
	readonly #memory: AnswerMemory;
	readonly #cells: Int32Array;
	readonly #bytes: Buffer;
	/** While something is evicted for one who wants a run: the last that was given back, in no list yet. 0: none. */
	#kept = 0;
	#keptUnits = 0;
	#keeps = false;

	constructor(memory: AnswerMemory) {
		this.#memory = memory;
		this.#cells = memory.cells;
		this.#bytes = memory.bytes;
	}

	/** A run of so many units, at most `CHUNK`; 0: there is none in one piece. */
	take(units: number): number {
		const kept = this.#kept;
		if (kept !== 0 && this.#keptUnits === units) {
			this.#kept = 0;
			this.#add(units);
			return kept;
		}
		if (kept !== 0) this.#giveKept();
		const unit = this.#fitting(units);
		if (unit === 0) return this.#carve() ? this.take(units) : 0;
		const length = this.#cells[this.#memory.cell(unit) + LENGTH] as number;
		this.#unlink(unit, length);
		if (length > units) this.#link(unit + units, length - units);
		this.#add(units);
		return unit;
	}

	/** Units that `take` surely gives now; 0: nothing is free. */
	largest(): number {
		const list = this.#listFrom(0, true);
		if (list < LISTS - 1 && this.#carve()) return this.largest();
		if (list < 0) return 0;
		const unit = this.#cells[Control.free + list] as number;
		return Math.min(CHUNK, this.#cells[this.#memory.cell(unit) + LENGTH] as number);
	}

	give(unit: number, units: number): void {
		this.#add(-units);
		if (!this.#keeps) {
			this.#giveRun(unit, units);
			return;
		}
		if (this.#kept !== 0) this.#giveKept();
		this.#kept = unit;
		this.#keptUnits = units;
	}

	/** From here on (or no more) the last run that is given back waits for the next `take`: among answers of one kind it fits. */
	keepLast(keeps: boolean): void {
		this.#keeps = keeps;
		if (!keeps && this.#kept !== 0) this.#giveKept();
	}

	#giveKept(): void {
		const unit = this.#kept;
		this.#kept = 0;
		this.#giveRun(unit, this.#keptUnits);
	}

	#add(units: number): void {
		this.#cells[Control.usedUnits] = (this.#cells[Control.usedUnits] as number) + units;
	}

	/** Makes the next of what was never used free; false: there is none. */
	#carve(): boolean {
		const from = this.#cells[Control.virgin] as number;
		const units = Math.min(this.#memory.units - from, CHUNK);
		if (units === 0) return false;
		this.#cells[Control.virgin] = from + units;
		this.#giveRun(from, units);
		return true;
	}

	#giveRun(from: number, units: number): void {
		const { map } = this.#memory;
		let unit = from;
		let length = units;
		const after = from + units;
		if (after < this.#memory.units && ((this.#bytes[map + after] as number) & FIRST) !== 0) {
			const more = this.#cells[this.#memory.cell(after) + LENGTH] as number;
			this.#unlink(after, more);
			length += more;
		}
		if (((this.#bytes[map + from - 1] as number) & LAST) !== 0) {
			const more = this.#cells[this.#memory.cell(from - 1) + LENGTH_AT_END] as number;
			unit -= more;
			this.#unlink(unit, more);
			length += more;
		}
		this.#link(unit, length);
	}

	/** A free run that is long enough, the shortest lists first. */
	#fitting(units: number): number {
		const own = listOf(units);
		// Of a list that has several lengths the first may be long enough, or not.
		const first = this.#cells[Control.free + own] as number;
		if (first !== 0 && (this.#cells[this.#memory.cell(first) + LENGTH] as number) >= units) return first;
		const list = this.#listFrom(own + 1, false);
		return list < 0 ? 0 : (this.#cells[Control.free + list] as number);
	}

	/** The first list (or the last) that has something, from one on; -1: none. */
	#listFrom(from: number, last: boolean): number {
		for (let i = 0; i < 3; i++) {
			const word = last ? 2 - i : i;
			let bits = this.#cells[Control.freeBits + word] as number;
			if (word * 32 + 31 < from) bits = 0;
			else if (word * 32 < from) bits &= -1 << (from & 31);
			if (bits !== 0) return word * 32 + 31 - Math.clz32(last ? bits : bits & -bits);
		}
		return -1;
	}

	#link(unit: number, length: number): void {
		const cells = this.#cells;
		const list = listOf(length);
		const first = cells[Control.free + list] as number;
		const at = this.#memory.cell(unit);
		cells[at + NEXT] = first;
		cells[at + PREVIOUS] = 0;
		cells[at + LENGTH] = length;
		cells[this.#memory.cell(unit + length - 1) + LENGTH_AT_END] = length;
		if (first !== 0) cells[this.#memory.cell(first) + PREVIOUS] = unit;
		cells[Control.free + list] = unit;
		const word = Control.freeBits + (list >>> 5);
		cells[word] = (cells[word] as number) | (1 << (list & 31));
		this.#mark(unit, length, FIRST, LAST);
	}

	#unlink(unit: number, length: number): void {
		const cells = this.#cells;
		const list = listOf(length);
		const at = this.#memory.cell(unit);
		const next = cells[at + NEXT] as number;
		const previous = cells[at + PREVIOUS] as number;
		if (next !== 0) cells[this.#memory.cell(next) + PREVIOUS] = previous;
		if (previous !== 0) cells[this.#memory.cell(previous) + NEXT] = next;
		else {
			cells[Control.free + list] = next;
			const word = Control.freeBits + (list >>> 5);
			if (next === 0) cells[word] = (cells[word] as number) & ~(1 << (list & 31));
		}
		this.#mark(unit, length, 0, 0);
	}

	#mark(unit: number, length: number, first: number, last: number): void {
		const at = this.#memory.map + unit;
		this.#bytes[at + length - 1] = last;
		this.#bytes[at] = length === 1 ? first | last : first;
	}
}

function listOf(units: number): number {
	if (units <= EXACT) return units - 1;
	const power = 31 - Math.clz32(units);
	return power >= 12 ? LISTS - 1 : EXACT + (power - 4) * 8 + ((units >>> (power - 3)) & 7);
}
