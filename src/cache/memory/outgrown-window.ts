import { FillState } from '../answer-store.ts';
import type { DistantFill, DistantFillListener } from '../distant-body.ts';
import { Control } from './answer-memory.ts';
import { type ComingReaders, isRead, type WindowOwner, WORKERS } from './coming-readers.ts';
import type { BodyWriter, RunSource } from './entry-body.ts';
import type { EntryFiller } from './entry-filler.ts';
import { Cell, More, Readers } from './entry-record.ts';
import { roomOf } from './entry-room.ts';
import type { EntryTable } from './entry-table.ts';
import type { Watchers } from './watchers.ts';

/** Runs that what follows goes through in the round, and the units of each: 1 MiB in all, less where the memory is small. */
const RUNS = 4;
const RUN_MOST = 1024;
const RUN_LEAST = 256;
/** Runs of such a length that the memory has. */
const PARTS = 64;
/** How long the slowest of its readers may hold up others in all, ms; how often that is looked at. */
const HOLD_UP_MS = 60_000;
const LOOK_MS = 1000;

export interface WindowParts {
	readonly table: EntryTable;
	readonly filler: EntryFiller;
	readonly watchers: Watchers;
	readonly readers: ComingReaders;
}

interface Run {
	readonly unit: number;
	/** Where in the body it ends. */
	readonly end: number;
}

/**
 * A body of unknown length that proved too long to be stored, while others read it already: they get all of it, through
 * a few runs that are used in the round. What all have taken is given back; who has taken least sets the pace.
 */
export class OutgrownWindow implements DistantFill, RunSource, WindowOwner {
	listener: DistantFillListener | null = null;
	readonly #parts: WindowParts;
	readonly #cells: Int32Array;
	readonly #unit: number;
	/** Cells of its record, and of the run that says who reads it. */
	readonly #record: number;
	readonly #block: number;
	readonly #writer: BodyWriter;
	/** In the body's order: what somebody may read, and what is written. */
	readonly #runs: Run[];
	readonly #own: ReadonlySet<number>;
	/** Of `#own`, those that may be written anew. */
	readonly #free: number[];
	/** What there is no run for yet. */
	#pending: Buffer[] = [];
	/** All have taken what comes before. */
	#passed = 0;
	#wasFull = false;
	#ended: { trailers: Buffer | null } | null = null;
	#over = false;
	#heldUpMs = 0;
	/** Who has taken no more than this is cut; -1: nobody is. */
	#cutAt = -1;
	#timer: NodeJS.Timeout | null = null;
	readonly #advance = (): void => this.advance();

	private constructor(parts: WindowParts, of: { unit: number; writer: BodyWriter; own: number[] }) {
		this.#parts = parts;
		const { memory } = parts.table;
		this.#cells = memory.cells;
		this.#unit = of.unit;
		this.#record = memory.cell(of.unit);
		this.#block = memory.cell(this.#cells[this.#record + Cell.readers] as number);
		this.#writer = of.writer;
		this.#own = new Set(of.own);
		this.#free = of.own;
		this.#runs = [];
		let end = this.#cells[this.#record + Cell.room] as number;
		for (let run = this.#cells[this.#record + Cell.more] as number; run !== 0; ) {
			const at = memory.cell(run);
			end += this.#cells[at + More.room] as number;
			this.#runs.push({ unit: run, end });
			run = this.#cells[at + More.next] as number;
		}
		of.writer.source = this;
		parts.readers.windows.set(of.unit, this);
		parts.watchers.attend(this.#advance);
	}

	/** null: nobody reads it, or there is no room: it is broken from now on. */
	static begin(parts: WindowParts, unit: number, writer: BodyWriter): OutgrownWindow | null {
		const { table } = parts;
		const { cells } = table.memory;
		const record = table.memory.cell(unit);
		if (!table.lock()) return null;
		const run = cells[record + Cell.readers] as number;
		const block = table.memory.cell(run);
		const own = run > 0 && isRead(cells, block) ? takeRuns(table) : [];
		// Both under the lock: whoever comes to read it from here on finds that he cannot.
		if (own.length > 0) Atomics.store(cells, block + Readers.outgrown, 1);
		else Atomics.store(cells, record + Cell.state, FillState.broken);
		table.unlock();
		return own.length > 0 ? new OutgrownWindow(parts, { unit, writer, own }) : null;
	}

	/** Nothing was given back yet. */
	get isAll(): boolean {
		return this.#passed === 0;
	}

	get taken(): number {
		return this.#pending.reduce((sum, { length }) => sum + length, this.#writer.received);
	}

	get full(): boolean {
		this.#wasFull ||= this.#pending.length > 0;
		return this.#pending.length > 0;
	}

	/** What does not fit waits: the origin is to. */
	append(bytes: Uint8Array, start: number, end: number): void {
		if (this.#over) return;
		const waits = this.#pending.length > 0;
		const at = waits ? start : this.#writer.take(bytes, start, end);
		if (at < end) this.#pending.push(Buffer.from(bytes.subarray(at, end)));
		// Those that it waits for may have gone already.
		if (at < end && !waits) setImmediate(this.#advance);
		this.#told();
		if (this.#pending.length > 0) this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
	}

	/** Those who are furthest behind go once they have held up for too long who has all that came. */
	#look(): void {
		const first = this.#runs[0];
		if (this.#pending.length === 0 || first === undefined || !this.#isWaitedFor()) return;
		this.#heldUpMs += LOOK_MS;
		if (this.#heldUpMs < HOLD_UP_MS) return;
		this.#cutAt = first.end;
		Atomics.store(this.#cells, this.#block + Readers.cutAt, first.end);
		Atomics.store(this.#cells, this.#block + Readers.cut, 1);
		const { readers, watchers } = this.#parts;
		readers.cutLate(this.#unit);
		watchers.changed(this.#unit);
	}

	/** Somebody has all that came. */
	#isWaitedFor(): boolean {
		const all = this.#writer.received | 0;
		for (let worker = 0; worker < WORKERS; worker++) {
			const isRead = Atomics.load(this.#cells, this.#block + Readers.reads + worker) === 1;
			if (isRead && Atomics.load(this.#cells, this.#block + Readers.furthest + worker) === all) return true;
		}
		return false;
	}

	complete(trailers: Buffer | null): void {
		this.#ended = { trailers };
		if (this.#pending.length === 0) this.#finish();
	}

	/** It has all that it needs in the arena: nothing is there to be taken back. */
	takeBack(): Buffer[] {
		return [];
	}

	next(): number {
		const run = this.#free.pop() ?? 0;
		if (run === 0) return 0;
		const { memory } = this.#parts.table;
		const units = this.#cells[memory.cell(run) + More.units] as number;
		this.#runs.push({ unit: run, end: this.#writer.received + roomOf(units) });
		return run;
	}

	/** Readers are further, or gone. */
	advance(): void {
		if (this.#over) return;
		const passed = this.#least();
		if (passed < 0) {
			this.listener?.settled(false);
			return;
		}
		this.#giveBack(passed);
		this.#drain();
		if (this.#pending.length > 0) return;
		if (this.#ended !== null) {
			this.#finish();
			this.listener?.settled(true);
		} else if (this.#wasFull) {
			this.#wasFull = false;
			this.listener?.drained();
		}
	}

	/** Nothing more comes of it. */
	close(): void {
		if (this.#over) return;
		this.#over = true;
		this.#pending = [];
		if (this.#timer !== null) clearInterval(this.#timer);
		const { table, readers, watchers } = this.#parts;
		readers.windows.delete(this.#unit);
		watchers.leave(this.#advance);
		const free = this.#free.splice(0);
		table.whenLocked(() => {
			for (const run of free) this.#give(run);
		});
	}

	/** Where the last one is; -1: nobody reads it any more. */
	#least(): number {
		const cells = this.#cells;
		const dead = Atomics.load(cells, Control.dead);
		let least = -1;
		for (let worker = 0; worker < WORKERS; worker++) {
			if ((dead & (1 << worker)) !== 0 || Atomics.load(cells, this.#block + Readers.reads + worker) === 0) continue;
			const further = (Atomics.load(cells, this.#block + Readers.passed + worker) - (this.#passed | 0)) | 0;
			least = least < 0 ? further : Math.min(least, further);
		}
		return least < 0 ? -1 : this.#passed + least;
	}

	#giveBack(passed: number): void {
		this.#passed = passed;
		// All whom it meant are gone. Two GiB further it would mean others, since it wraps.
		if (this.#cutAt >= 0 && passed > this.#cutAt) {
			this.#cutAt = -1;
			Atomics.store(this.#cells, this.#block + Readers.cut, 0);
		}
		const gone: number[] = [];
		// Who stands at its very end needs it to find the next.
		for (let first = this.#runs[0]; first !== undefined && first.end < passed; first = this.#runs[0]) {
			this.#runs.shift();
			if (this.#own.has(first.unit)) this.#free.push(first.unit);
			else gone.push(first.unit);
		}
		// What is held of it at last begins here.
		Atomics.store(this.#cells, this.#record + Cell.more, this.#runs[0]?.unit ?? 0);
		if (gone.length > 0)
			this.#parts.table.whenLocked(() => {
				for (const run of gone) this.#give(run);
			});
	}

	#give(run: number): void {
		const { table } = this.#parts;
		table.room.runs.give(run, this.#cells[table.memory.cell(run) + More.units] as number);
	}

	#drain(): void {
		const pending = this.#pending;
		if (pending.length === 0) return;
		for (let piece = pending[0]; piece !== undefined; piece = pending[0]) {
			const at = this.#writer.take(piece, 0, piece.length);
			if (at === piece.length) pending.shift();
			else {
				pending[0] = piece.subarray(at);
				break;
			}
		}
		this.#told();
	}

	#told(): void {
		this.#writer.say();
		this.#parts.watchers.changed(this.#unit);
	}

	/** All is there, for those who read it and for nobody else. */
	#finish(): void {
		const trailers = this.#ended?.trailers ?? null;
		const isWhole = trailers === null || this.#parts.filler.putTrailers(this.#record, trailers);
		if (isWhole) Atomics.store(this.#cells, this.#block + Readers.ended, 1);
		Atomics.store(this.#cells, this.#record + Cell.state, isWhole ? FillState.refused : FillState.broken);
		this.#parts.watchers.changed(this.#unit);
		this.close();
	}
}

/** Under the lock. None, if there are not two: one is read while the other is written. */
function takeRuns({ room, memory }: EntryTable): number[] {
	const own: number[] = [];
	const units = Math.max(RUN_LEAST, Math.min(RUN_MOST, Math.floor(memory.units / PARTS)));
	while (own.length < RUNS) {
		const run = room.allocate(units, RUN_LEAST);
		if (run === 0) break;
		memory.cells[memory.cell(run) + More.units] = room.granted;
		own.push(run);
	}
	if (own.length > 1) return own;
	for (const run of own) room.runs.give(run, memory.cells[memory.cell(run) + More.units] as number);
	return [];
}
