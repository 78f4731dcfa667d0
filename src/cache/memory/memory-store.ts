import {
	type AnswerEntry,
	type AnswerStore,
	type AnswerUpdate,
	type CacheKey,
	FillState,
	type PurgeSelect,
} from '../answer-store.ts';
import type { StoredAnswer } from '../stored-answer.ts';
import { AnswerCoder } from './answer-codec.ts';
import { AnswerMemory, CHUNK, Control, UNIT } from './answer-memory.ts';
import { BodyWriter } from './entry-body.ts';
import { Cell, RECORD_BYTES } from './entry-record.ts';
import { EntryTable, unitsOf } from './entry-table.ts';
import { MemoryEntry } from './memory-entry.ts';
import { purgeWalk } from './purge-walk.ts';
import { LOOK_MS } from './spin-lock.ts';
import { Watchers } from './watchers.ts';

export interface MemoryStoreOptions {
	/** Largest share of the memory that one entry may have; default a quarter. */
	entryShare?: number;
	/** Entries that this worker keeps decoded, a power of two; default 8192. */
	decoded?: number;
	/** Most answers of one key; the oldest goes. Default 32. */
	variantsMost?: number;
}

/** Bytes of a key at most. */
const KEY_MOST = 32 * 1024;
/** Room for the first of a body whose length is not known, bytes. */
const FIRST_ROOM = 2048;
/** Entries of one key that are looked at. */
const SAME_KEY_MOST = 256;

/** The store in memory that `AnswerMemory.create` made, as worker `worker` (0 to 31) uses it. */
export function openAnswerStore(
	buffer: SharedArrayBuffer,
	worker: number,
	options: MemoryStoreOptions = {},
): MemoryStore {
	return new MemoryStore(new AnswerMemory(buffer), worker, options);
}

export class MemoryStore implements AnswerStore, AnswerUpdate {
	readonly memory: AnswerMemory;
	readonly table: EntryTable;
	readonly watchers: Watchers;
	readonly #cells: Int32Array;
	readonly #worker: number;
	readonly #unitsMost: number;
	readonly #variantsMost: number;
	readonly #decoded: (MemoryEntry | undefined)[];
	readonly #coder = new AnswerCoder();
	readonly #found = new Int32Array(SAME_KEY_MOST);

	constructor(memory: AnswerMemory, worker: number, options: MemoryStoreOptions) {
		this.memory = memory;
		this.#cells = memory.cells;
		this.#worker = worker;
		this.table = new EntryTable(memory, worker + 1);
		this.watchers = new Watchers(memory, worker);
		this.#unitsMost = Math.floor(memory.units * (options.entryShare ?? 0.25));
		this.#variantsMost = options.variantsMost ?? 32;
		this.#decoded = new Array<MemoryEntry | undefined>(options.decoded ?? 8192).fill(undefined);
	}

	find(key: CacheKey, suits: (entry: AnswerEntry) => boolean): MemoryEntry | null {
		if (this.memory.abandoned) return null;
		const count = this.table.collect(key, this.#found);
		let found: MemoryEntry | null = null;
		for (let i = 0; i < count; i++) {
			const unit = this.#found[i] as number;
			if (found === null) {
				const entry = this.#entryAt(unit);
				if (suits(entry)) {
					found = entry.hold();
					continue;
				}
			}
			this.table.release(unit);
		}
		return found;
	}

	begin(key: CacheKey): MemoryEntry | null {
		if (this.memory.abandoned || key.length > KEY_MOST || !this.table.lock(LOOK_MS)) return null;
		const unit = this.#newEntry(key.bytes, key.length, key.high | 0, key.low | 0);
		const linked = unit !== 0 && this.table.link(unit);
		if (unit !== 0 && !linked) this.table.runs.give(unit, this.#cells[this.memory.cell(unit) + Cell.own] as number);
		this.table.unlock();
		return linked ? this.#entryAt(unit).hold() : null;
	}

	setAnswer(entry: MemoryEntry, answer: StoredAnswer): boolean {
		const cells = this.#cells;
		const at = this.memory.cell(entry.unit);
		if (entry.writer !== null || cells[at + Cell.state] !== FillState.asked || !this.table.lock()) return false;
		const done = this.#putHead(at, answer, answer.length);
		this.table.unlock();
		if (!done) return false;
		const { length } = answer;
		entry.writer = new BodyWriter(this.table, at, { length, unitsMost: this.#unitsMost });
		Atomics.store(cells, at + Cell.state, FillState.filling);
		this.watchers.changed(entry.unit);
		return true;
	}

	complete(entry: MemoryEntry, trailers: Buffer | null): void {
		const { writer } = entry;
		if (writer === null) return entry.fail(FillState.broken);
		if (!writer.isWhole || !this.table.lock()) return entry.fail(FillState.broken);
		const at = this.memory.cell(entry.unit);
		writer.trim();
		entry.writer = null;
		const kept = trailers === null || this.#putTrailers(at, trailers);
		if (kept) {
			Atomics.store(this.#cells, at + Cell.state, FillState.whole);
			if (this.#cells[at + Cell.linked] === 1) {
				this.table.eviction.enter(entry.unit);
				this.#replaceOthers(entry.unit);
			}
		}
		this.table.unlock();
		if (kept) this.watchers.changed(entry.unit);
		else entry.fail(FillState.broken);
	}

	update(entry: AnswerEntry, answer: StoredAnswer): AnswerEntry | null {
		if (!(entry instanceof MemoryEntry) || entry.state !== FillState.whole) return null;
		if (this.memory.abandoned || !this.table.lock()) return null;
		const unit = this.#cells[this.memory.cell(entry.unit) + Cell.linked] === 1 ? this.#updated(entry, answer) : 0;
		this.table.unlock();
		return unit === 0 ? null : this.#entryAt(unit).hold();
	}

	purgeKey(key: CacheKey, soft: boolean): number {
		const count = this.table.collect(key, this.#found);
		for (const unit of this.#found.slice(0, count)) {
			if (soft) this.makeStale(unit);
			else this.table.remove(unit);
			this.table.release(unit);
		}
		return count;
	}

	purge(select: PurgeSelect, soft: boolean): Promise<number> {
		return purgeWalk(this, select, soft);
	}

	/** Of an entry that is held. */
	makeStale(unit: number): void {
		const at = (this.memory.cell(unit) + Cell.staleFrom) / 2;
		if (this.memory.floats[at] === 0) this.memory.floats[at] = Date.now();
	}

	get usage(): { bytes: number; most: number; entries: number } {
		const fixed = this.memory.arena;
		return {
			bytes: fixed + (this.#cells[Control.usedUnits] as number) * UNIT,
			most: this.memory.buffer.byteLength,
			entries: this.#cells[Control.entries] as number,
		};
	}

	/** The object for an entry that is held. */
	#entryAt(unit: number): MemoryEntry {
		const at = unit & (this.#decoded.length - 1);
		const kept = this.#decoded[at];
		if (kept !== undefined && kept.unit === unit) {
			if (kept.generation === this.#cells[this.memory.cell(unit) + Cell.generation]) return kept;
		}
		const entry = new MemoryEntry(this, unit);
		this.#decoded[at] = entry;
		return entry;
	}

	/** An empty record with a key, held once. Under the lock. */
	#newEntry(bytes: Buffer, length: number, high: number, low: number): number {
		const cells = this.#cells;
		const units = unitsOf(RECORD_BYTES + length);
		const unit = this.table.allocate(units, units);
		if (unit === 0) return 0;
		const at = this.memory.cell(unit);
		cells.fill(0, at, at + RECORD_BYTES / 4);
		cells[at + Cell.high] = high;
		cells[at + Cell.low] = low;
		cells[at + Cell.generation] = cells[Control.generation] = ((cells[Control.generation] as number) + 1) | 0;
		cells[at + Cell.refs] = 1;
		cells[at + Cell.units] = units;
		cells[at + Cell.own] = units;
		cells[at + Cell.filler] = this.#worker + 1;
		cells[at + Cell.keyLength] = length;
		cells[at + Cell.era] = cells[Control.era] as number;
		cells[at + Cell.softEra] = cells[Control.softEra] as number;
		this.memory.bytes.set(bytes.subarray(0, length), this.memory.byte(unit) + RECORD_BYTES);
		return unit;
	}

	/** The run of the head and of the first `room` bytes of the body (-1: not known). Under the lock. */
	#putHead(at: number, answer: StoredAnswer, room: number): boolean {
		const cells = this.#cells;
		const coder = this.#coder;
		if (!coder.encode(answer)) return false;
		const head = coder.length + answer.head.length + 2;
		const least = unitsOf(head);
		const own = cells[at + Cell.units] as number;
		if (least > CHUNK || own + unitsOf(head + room) > this.#unitsMost) return false;
		// A small body lies behind its head, a large one only begins there.
		const all = room < 0 ? head + FIRST_ROOM : head + room;
		const unit = this.table.allocate(all > CHUNK * UNIT ? least : unitsOf(all), least);
		if (unit === 0) return false;
		const { granted } = this.table;
		cells[at + Cell.contentUnits] = granted;
		cells[at + Cell.units] = own + granted;
		cells[at + Cell.aboutLength] = coder.length;
		cells[at + Cell.varyLength] = coder.varyLength;
		cells[at + Cell.headLength] = answer.head.length;
		cells[at + Cell.room] = granted * UNIT - head;
		const from = this.memory.byte(unit);
		this.memory.bytes.set(coder.bytes.subarray(0, coder.length), from);
		this.memory.bytes.set(answer.head, from + coder.length);
		this.memory.bytes.set([13, 10], from + head - 2);
		Atomics.store(cells, at + Cell.content, unit);
		return true;
	}

	#putTrailers(at: number, trailers: Buffer): boolean {
		const units = unitsOf(Math.max(trailers.length, 1));
		const unit = units > CHUNK ? 0 : this.table.allocate(units, units);
		if (unit === 0) return false;
		this.memory.bytes.set(trailers, this.memory.byte(unit));
		this.#cells[at + Cell.trailersLength] = Math.max(trailers.length, 1);
		this.#cells[at + Cell.trailers] = unit;
		this.#cells[at + Cell.units] = (this.#cells[at + Cell.units] as number) + units;
		return true;
	}

	/** Another entry with the same body. Under the lock. */
	#updated(entry: MemoryEntry, answer: StoredAnswer): number {
		const cells = this.#cells;
		const old = this.memory.cell(entry.unit);
		const key = this.memory.byte(entry.unit) + RECORD_BYTES;
		const length = cells[old + Cell.keyLength] as number;
		// Held by its caller, so that allocation cannot take the old one's memory.
		const bytes = this.memory.bytes.subarray(key, key + length);
		const unit = this.#newEntry(bytes, length, cells[old + Cell.high] as number, cells[old + Cell.low] as number);
		if (unit === 0) return 0;
		const at = this.memory.cell(unit);
		if (!this.#putHead(at, answer, 0)) {
			this.table.runs.give(unit, cells[at + Cell.own] as number);
			return 0;
		}
		const root = (cells[old + Cell.bodyOf] as number) || entry.unit;
		Atomics.add(cells, this.memory.cell(root) + Cell.refs, 1);
		cells[at + Cell.bodyOf] = root;
		cells[at + Cell.received] = cells[old + Cell.received] as number;
		cells[at + Cell.state] = FillState.whole;
		cells[at + Cell.units] =
			(cells[at + Cell.units] as number) + (cells[this.memory.cell(root) + Cell.units] as number);
		if (!this.table.link(unit)) {
			this.table.release(unit);
			return 0;
		}
		this.table.eviction.replace(unit, entry.unit);
		this.table.unlink(entry.unit);
		return unit;
	}

	/** Others of the same key: of the same variant, or too many. Under the lock. */
	#replaceOthers(unit: number): void {
		const cells = this.#cells;
		let count = 0;
		for (const other of this.table.sameKey(unit)) {
			const at = this.memory.cell(other);
			if (cells[at + Cell.state] !== FillState.whole) continue;
			count++;
			if (other !== unit && (count > this.#variantsMost || this.#isSameVariant(unit, other))) this.table.unlink(other);
		}
	}

	#isSameVariant(one: number, other: number): boolean {
		const { bytes, cells } = this.memory;
		const [a, b] = [this.memory.cell(one), this.memory.cell(other)];
		const length = cells[a + Cell.varyLength] as number;
		if (length !== cells[b + Cell.varyLength]) return false;
		const from = this.memory.byte(cells[a + Cell.content] as number);
		const to = this.memory.byte(cells[b + Cell.content] as number);
		return bytes.compare(bytes, to, to + length, from, from + length) === 0;
	}
}
