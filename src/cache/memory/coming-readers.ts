/**
 * Who of one worker reads bodies of unknown length while they come. That they do is said in shared memory; and, once a
 * body proved too long to be stored, how far all of them are: its writer gives back what nobody needs any more.
 */
import { type ComingBody, FillState } from '../answer-store.ts';
import { type AnswerMemory, Control } from './answer-memory.ts';
import { BodyReader } from './entry-body.ts';
import { Cell, READERS_UNITS, Readers } from './entry-record.ts';
import type { EntryTable } from './entry-table.ts';
import type { Watchers } from './watchers.ts';

/** Workers of a node at most. */
export const WORKERS = 32;

/** Those of one body. It holds the entry. */
interface Group {
	readonly unit: number;
	/** Cell of the run that says of them. */
	readonly block: number;
	readonly readings: Set<BodyReading>;
	/** What was last said that all of them, and the first of them, have taken. */
	passed: number;
	furthest: number;
}

/** Who is told that readers, of whichever worker, are further. */
export interface WindowOwner {
	advance(): void;
}

export class ComingReaders {
	/** Bodies that proved too long, and this worker fills, by unit. */
	readonly windows: Map<number, WindowOwner> = new Map();
	readonly #table: EntryTable;
	readonly #memory: AnswerMemory;
	readonly #worker: number;
	readonly #watchers: Watchers;
	readonly #groups = new Map<number, Group>();
	readonly #changed = new Set<Group>();
	readonly #say = (): void => this.#sayAll();
	readonly #cut = (): void => {
		for (const unit of [...this.#groups.keys()]) this.cutLate(unit);
	};

	constructor(table: EntryTable, watchers: Watchers, worker: number) {
		this.#table = table;
		this.#watchers = watchers;
		this.#memory = table.memory;
		this.#worker = worker;
	}

	/**
	 * One who reads it from `at` on, of an entry that is held. `isAll`: all of it is there still, though it proved too
	 * long. null: it is not any more, or there is no room.
	 */
	open(unit: number, at: number, isAll: boolean): ComingBody | null {
		const known = this.#groups.get(unit);
		// As long as these did not say that they have the beginning, nobody gives that back.
		if (known !== undefined && known.passed > 0) return null;
		const group = known ?? (isAll || !this.#isOver(unit) ? this.#enter(unit, isAll) : null);
		if (group === null) return null;
		if (this.#groups.size === 0) this.#watchers.attend(this.#cut);
		this.#groups.set(unit, group);
		const reading = new BodyReading(this.#memory, unit, { at, group, readers: this });
		group.readings.add(reading);
		return reading;
	}

	/** From now on nobody begins to read it; false: somebody does already, or that is not to be known. */
	shut(unit: number): boolean {
		const { cells } = this.#memory;
		if (!this.#table.lock()) return false;
		const at = this.#memory.cell(unit);
		const run = cells[at + Cell.readers] as number;
		const block = this.#memory.cell(run);
		const done = run <= 0 || !isRead(cells, block);
		if (done && run > 0) Atomics.store(cells, block + Readers.shut, 1);
		else if (done) Atomics.store(cells, at + Cell.readers, 0);
		this.#table.unlock();
		return done;
	}

	/** Those of one body that hold up others for too long are told. */
	cutLate(unit: number): void {
		const group = this.#groups.get(unit);
		const { cells } = this.#memory;
		if (group === undefined || Atomics.load(cells, group.block + Readers.cut) === 0) return;
		const cutAt = Atomics.load(cells, group.block + Readers.cutAt);
		for (const reading of [...group.readings]) if (((reading.at - cutAt) | 0) <= 0) reading.whenCut?.();
	}

	/** Said in a later turn, once for all that came meanwhile. */
	moved(group: Group): void {
		if (this.#changed.size === 0) setImmediate(this.#say);
		this.#changed.add(group);
	}

	#enter(unit: number, isAll: boolean): Group | null {
		const table = this.#table;
		const { cells } = this.#memory;
		if (!table.lock()) return null;
		const at = this.#memory.cell(unit);
		const there = cells[at + Cell.readers] as number;
		const mayRead = isAll || (cells[at + Cell.state] === FillState.filling && !this.#isOver(unit));
		const run = !mayRead || there === 0 ? 0 : there > 0 ? there : this.#newRun(at);
		const block = this.#memory.cell(run);
		if (run !== 0) {
			Atomics.store(cells, block + Readers.passed + this.#worker, 0);
			Atomics.store(cells, block + Readers.reads + this.#worker, 1);
			table.pin(unit);
		}
		table.unlock();
		return run === 0 ? null : { unit, block, readings: new Set(), passed: 0, furthest: 0 };
	}

	/** Nobody begins to read it any more. Without the lock it may be so a moment later. */
	#isOver(unit: number): boolean {
		const { cells } = this.#memory;
		const run = Atomics.load(cells, this.#memory.cell(unit) + Cell.readers);
		const block = this.#memory.cell(run);
		return run > 0 && (Atomics.load(cells, block + Readers.outgrown) | Atomics.load(cells, block + Readers.shut)) === 1;
	}

	/** Under the lock; 0: there is no room. */
	#newRun(record: number): number {
		const run = this.#table.room.allocate(READERS_UNITS, READERS_UNITS);
		const block = this.#memory.cell(run);
		const { cells } = this.#memory;
		if (run === 0) return 0;
		cells.fill(0, block, block + Readers.cells);
		Atomics.store(cells, record + Cell.readers, run);
		return run;
	}

	#sayAll(): void {
		const { cells } = this.#memory;
		const changed = [...this.#changed];
		this.#changed.clear();
		for (const group of changed) {
			const { unit, block, readings } = group;
			// The last may leave below, of which is told once more.
			const isEmpty = readings.size === 0;
			if (isEmpty) {
				this.#groups.delete(unit);
				if (this.#groups.size === 0) this.#watchers.leave(this.#cut);
				Atomics.store(cells, block + Readers.reads + this.#worker, 0);
			}
			// Only now: who fills it says that, and looks then who reads.
			const isOutgrown = Atomics.load(cells, block + Readers.outgrown) === 1;
			if (!isEmpty) {
				if (!isOutgrown) continue;
				let [passed, furthest] = [Number.POSITIVE_INFINITY, 0];
				for (const { at } of readings) {
					passed = Math.min(passed, at);
					furthest = Math.max(furthest, at);
				}
				if (passed === group.passed && furthest === group.furthest) continue;
				group.passed = passed;
				group.furthest = furthest;
				Atomics.store(cells, block + Readers.furthest + this.#worker, furthest);
				Atomics.store(cells, block + Readers.passed + this.#worker, passed);
			}
			if (isOutgrown) this.#wake(unit);
			if (isEmpty) this.#table.release(unit);
		}
	}

	/** Who fills it. */
	#wake(unit: number): void {
		const { cells } = this.#memory;
		const filler = (cells[this.#memory.cell(unit) + Cell.filler] as number) - 1;
		if (filler === this.#worker) this.windows.get(unit)?.advance();
		else {
			Atomics.add(cells, Control.wake + filler, 1);
			Atomics.notify(cells, Control.wake + filler);
		}
	}
}

interface ReadingParts {
	readonly at: number;
	readonly group: Group;
	readonly readers: ComingReaders;
}

/** One who reads. He goes through its runs one after the other, and never comes back to one that was given back. */
class BodyReading implements ComingBody {
	/** All before is not read any more. */
	at: number;
	whenCut: (() => void) | null = null;
	readonly #memory: AnswerMemory;
	readonly #record: number;
	readonly #parts: ReadingParts;
	readonly #reader: BodyReader;
	/** Bytes that were there when it looked last. */
	#received = 0;

	constructor(memory: AnswerMemory, unit: number, parts: ReadingParts) {
		this.#memory = memory;
		this.#record = memory.cell(unit);
		this.#parts = parts;
		this.#reader = new BodyReader(memory, this.#record);
		this.at = parts.at;
		// From here on it needs none of the runs before.
		if (parts.at > 0) this.#reader.read(parts.at - 1, this.received);
	}

	get ended(): boolean {
		return Atomics.load(this.#memory.cells, this.#parts.group.block + Readers.ended) === 1;
	}

	get received(): number {
		// It wraps, but nobody is so far behind.
		const cell = Atomics.load(this.#memory.cells, this.#record + Cell.received);
		this.#received += (cell - (this.#received | 0)) | 0;
		return this.#received;
	}

	read(at: number): Buffer {
		return this.#reader.read(at, this.received);
	}

	passed(at: number): void {
		if (at === this.at) return;
		this.at = at;
		const { group, readers } = this.#parts;
		if (Atomics.load(this.#memory.cells, group.block + Readers.outgrown) === 1) readers.moved(group);
	}

	close(): void {
		const { group, readers } = this.#parts;
		if (group.readings.delete(this)) readers.moved(group);
	}
}

/** Whether some worker has readers. `block`: cell of the run that says so. */
export function isRead(cells: Int32Array, block: number): boolean {
	for (let worker = 0; worker < WORKERS; worker++)
		if (Atomics.load(cells, block + Readers.reads + worker) === 1) return true;
	return false;
}
