/** A body in the arena: behind its head, and in further runs that are chained as it grows. */
import { type AnswerMemory, CHUNK, UNIT } from './answer-memory.ts';
import { Cell, MORE_BYTES, More } from './entry-record.ts';
import { roomOf, unitsOf } from './entry-room.ts';
import type { EntryTable } from './entry-table.ts';

/** First run of a body whose length is not known, bytes; each further one is as large as all before it. */
const GROWTH_LEAST = 4096;

/** Reads it; what lies together is found again without a search. */
export class BodyReader {
	readonly #memory: AnswerMemory;
	/** The piece that was read last: bytes [from, end) of the body lie at `place`, and the next begins at unit `next`. */
	#from = 0;
	#end = 0;
	#place = 0;
	#nextAt = 0;
	#buffer: Buffer | null = null;
	readonly #record: number;

	/** `record`: cell of the record of the entry that has the body. */
	constructor(memory: AnswerMemory, record: number) {
		this.#memory = memory;
		this.#record = record;
		this.#rewind();
	}

	/** Bytes from `at`, of `received` ones, of which there is one more at least. */
	read(at: number, received: number): Buffer {
		if (at < this.#from) this.#rewind();
		while (at >= this.#end) this.#forward();
		const end = Math.min(this.#end, received);
		const cached = this.#buffer;
		if (cached !== null && at === this.#from && cached.length === end - at) return cached;
		const from = this.#place + at - this.#from;
		const buffer = this.#memory.bytes.subarray(from, from + end - at);
		if (at === this.#from) this.#buffer = buffer;
		return buffer;
	}

	#rewind(): void {
		const { cells } = this.#memory;
		const at = this.#record;
		this.#from = 0;
		this.#end = cells[at + Cell.room] as number;
		this.#place = this.#memory.content(at) + headBytes(cells, at);
		this.#nextAt = at + Cell.more;
		this.#buffer = null;
	}

	#forward(): void {
		const { cells } = this.#memory;
		const unit = cells[this.#nextAt] as number;
		const at = this.#memory.cell(unit);
		this.#from = this.#end;
		this.#end += cells[at + More.room] as number;
		this.#place = this.#memory.byte(unit) + MORE_BYTES;
		this.#nextAt = at + More.next;
		this.#buffer = null;
	}
}

/** Bytes in front of the body in the content's run. */
export function headBytes(cells: Int32Array, record: number): number {
	return (cells[record + Cell.aboutLength] as number) + (cells[record + Cell.headLength] as number) + 2;
}

/** Gives the runs that a body goes on in, in the place of the arena. */
export interface RunSource {
	/** Its header says how many units; 0: there is none now. */
	next(): number;
}

/** Writes it, in the one worker that fills it. */
export class BodyWriter {
	received = 0;
	/** Of these the last, which nobody sees yet. */
	unsaid = 0;
	/** null: the arena. */
	source: RunSource | null = null;
	readonly #table: EntryTable;
	readonly #record: number;
	/** Bytes of it at last; -1: not known. */
	readonly #length: number;
	readonly #unitsMost: number;
	#place: number;
	#left: number;
	/** Cell that the next run is written to. */
	#nextAt: number;
	/** The run that is written to; 0: the content's. */
	#unit = 0;

	constructor(table: EntryTable, record: number, { length, unitsMost }: { length: number; unitsMost: number }) {
		const { cells } = table.memory;
		this.#table = table;
		this.#record = record;
		this.#length = length;
		this.#unitsMost = unitsMost;
		this.#place = table.memory.content(record) + headBytes(cells, record);
		this.#left = cells[record + Cell.room] as number;
		this.#nextAt = record + Cell.more;
	}

	/** False: there is no room, or it is more than was said. */
	append(bytes: Uint8Array, start: number, end: number): boolean {
		if (this.#length >= 0 && this.received + end - start > this.#length) return false;
		if (this.take(bytes, start, end) < end) return false;
		this.say();
		return true;
	}

	/** Up to where there is room for it; nobody sees that before `say`. */
	take(bytes: Uint8Array, start: number, end: number): number {
		const { memory } = this.#table;
		for (let at = start; at < end; ) {
			if (this.#left === 0 && !this.#grow(end - at)) return at;
			const count = Math.min(this.#left, end - at);
			(bytes as Buffer).copy(memory.bytes, this.#place, at, at + count);
			this.#place += count;
			this.#left -= count;
			this.received += count;
			this.unsaid += count;
			at += count;
		}
		return end;
	}

	/** So much is there for who reads it; modulo 2³², which a body that is not stored may pass. */
	say(): void {
		this.unsaid = 0;
		Atomics.store(this.#table.memory.cells, this.#record + Cell.received, this.received);
	}

	get isWhole(): boolean {
		return this.#length < 0 || this.received === this.#length;
	}

	/** Gives back what the last run has too much. Under the memory's lock. */
	trim(): void {
		const { cells } = this.#table.memory;
		const unused = Math.floor(this.#left / UNIT);
		if (unused === 0) return;
		const inContent = this.#unit === 0;
		const at = inContent ? this.#record + Cell.contentUnits : this.#table.memory.cell(this.#unit) + More.units;
		const room = inContent ? this.#record + Cell.room : this.#table.memory.cell(this.#unit) + More.room;
		const first = inContent ? (cells[this.#record + Cell.content] as number) : this.#unit;
		const kept = (cells[at] as number) - unused;
		cells[at] = kept;
		cells[room] = (cells[room] as number) - unused * UNIT;
		cells[this.#record + Cell.units] = (cells[this.#record + Cell.units] as number) - unused;
		this.#table.room.runs.give(first + kept, unused);
		this.#left -= unused * UNIT;
	}

	#grow(wanted: number): boolean {
		const unit = this.source === null ? this.#allocated(wanted) : this.source.next();
		if (unit === 0) return false;
		const { memory } = this.#table;
		const { cells } = memory;
		const at = memory.cell(unit);
		const units = cells[at + More.units] as number;
		cells[at + More.next] = 0;
		cells[at + More.room] = roomOf(units);
		// Readers go by `received`, which is only said when this stands.
		Atomics.store(cells, this.#nextAt, unit);
		this.#nextAt = at + More.next;
		this.#unit = unit;
		this.#place = memory.byte(unit) + MORE_BYTES;
		this.#left = roomOf(units);
		return true;
	}

	/** A run of the arena; 0: there is none. */
	#allocated(wanted: number): number {
		const table = this.#table;
		const { cells } = table.memory;
		const more = this.#length < 0 ? Math.max(wanted, this.received, GROWTH_LEAST) : this.#length - this.received;
		const all = cells[this.#record + Cell.units] as number;
		const units = Math.min(unitsOf(more + MORE_BYTES), CHUNK, this.#unitsMost - all);
		if (units < 1 || !table.lock()) return 0;
		const unit = table.room.allocate(units, 1);
		const { granted } = table.room;
		table.unlock();
		if (unit === 0) return 0;
		cells[table.memory.cell(unit) + More.units] = granted;
		cells[this.#record + Cell.units] = all + granted;
		return unit;
	}
}
