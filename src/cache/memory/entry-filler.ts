/** Makes entries and what they hold: record and key, head, trailers; the body is a `BodyWriter`'s. */
import { type CacheKey, FillState, type WholeAnswer } from '../answer-store.ts';
import type { BodyHeader } from '../disk/body-file.ts';
import type { StoredAnswer } from '../stored-answer.ts';
import { AnswerCoder, isSameVariant } from './answer-codec.ts';
import { type AnswerMemory, CHUNK, Control, inlineContent, UNIT } from './answer-memory.ts';
import { BodyWriter } from './entry-body.ts';
import { Cell, RECORD_BYTES, TRAILERS_AT } from './entry-record.ts';
import { unitsOf } from './entry-room.ts';
import type { EntryTable } from './entry-table.ts';

/** Below this many bytes a plain loop is quicker than the call into the runtime. */
const SHORT = 40;
/** Room for the first of a body whose length is not known, bytes. */
const FIRST_ROOM = 2048;

export class EntryFiller {
	readonly #table: EntryTable;
	readonly #memory: AnswerMemory;
	readonly #cells: Int32Array;
	readonly #worker: number;
	/** Most that one entry may have. */
	readonly #unitsMost: number;
	readonly #coder = new AnswerCoder();

	constructor(table: EntryTable, worker: number, unitsMost: number) {
		this.#table = table;
		this.#memory = table.memory;
		this.#cells = table.memory.cells;
		this.#worker = worker;
		this.#unitsMost = unitsMost;
	}

	/**
	 * An entry that is found from now on and has nothing but its key, held once; of what was announced at `place` the one
	 * that others made; `purges`: as `EntryTable.link`, default now. Under the lock; 0: there is no room, or it was purged since.
	 */
	begin(key: CacheKey, place = 0, purges: number = this.#table.asked.purges): number {
		const others = place === 0 ? 0 : this.#table.asked.followed(place);
		if (others > 0) return this.#table.asked.leave(place);
		const unit = this.#newEntry(key, 0);
		return unit === 0 || this.#table.link(unit, place, purges) ? unit : this.#giveUp(unit);
	}

	/** An entry for who asks for a key and has none, held by him and by this caller. Under the lock; 0: nobody does, or there is no room. */
	follow(key: CacheKey): number {
		const unit = this.#newEntry(key, 0);
		return unit === 0 || this.#table.linkAsked(unit, key) ? unit : this.#giveUp(unit);
	}

	/** All of an answer at once, in one run, found from now on. `spoil.purges`: as `EntryTable.link`. False: there is no room, others follow its place already, or there was one more. */
	put(key: CacheKey, whole: WholeAnswer, { place, purges, staleFromMs }: Placing): boolean {
		const { answer, bytes, start, end, variantsMost } = whole;
		const coder = this.#coder;
		if (!coder.encode(answer)) return false;
		const at = inlineContent(0, key.length);
		const size = at + coder.length + answer.head.length + 2 + end - start;
		const units = unitsOf(size);
		const table = this.#table;
		if (units > CHUNK || units > this.#unitsMost || !table.lock()) return false;
		const unit = place !== 0 && table.asked.followed(place) > 0 ? 0 : this.#newEntry(key, size);
		if (unit !== 0) {
			const cells = this.#cells;
			const record = this.#memory.cell(unit);
			cells[record + Cell.content] = unit;
			const body = this.#writeHead(record, this.#memory.byte(unit) + at, answer);
			cells[record + Cell.room] = units * UNIT - (body - this.#memory.byte(unit));
			cells[record + Cell.received] = end - start;
			cells[record + Cell.state] = FillState.whole;
			if (staleFromMs > 0) this.#memory.floats[(record + Cell.staleFrom) / 2] = staleFromMs;
			// The table's hold is the only one.
			cells[record + Cell.refs] = 0;
			if (end > start) (bytes as Buffer).copy(this.#memory.bytes, body, start, end);
		}
		const done = unit !== 0 && table.link(unit, place, purges);
		if (done) {
			table.eviction.enter(unit);
			if (this.#cells[this.#memory.cell(unit) + Cell.next] !== 0) this.#replaceOthers(unit, variantsMost);
		} else if (unit !== 0) this.#giveUp(unit);
		table.unlock();
		return done;
	}

	/** What was not put in. Under the lock. */
	#giveUp(unit: number): 0 {
		this.#table.room.runs.give(unit, this.#cells[this.#memory.cell(unit) + Cell.own] as number);
		return 0;
	}

	/** Gives an entry its head. null: there is no room. */
	setAnswer(unit: number, answer: StoredAnswer): BodyWriter | null {
		const at = this.#memory.cell(unit);
		const { length } = answer;
		if (this.#cells[at + Cell.state] !== FillState.asked || !this.#table.lock()) return null;
		const done = this.#putHead(at, answer, length);
		this.#table.unlock();
		if (!done) return null;
		const writer = new BodyWriter(this.#table, at, { length, unitsMost: this.#unitsMost });
		Atomics.store(this.#cells, at + Cell.state, FillState.filling);
		return writer;
	}

	/** It is whole; false: it is not, or there is no room for its trailers. */
	complete(unit: number, writer: BodyWriter, { trailers, variantsMost }: Completion): boolean {
		const at = this.#memory.cell(unit);
		if (!writer.isWhole || (trailers !== null && !this.putTrailers(at, trailers))) return false;
		Atomics.store(this.#cells, at + Cell.state, FillState.whole);
		this.#table.pin(unit);
		this.#table.whenLocked(() => {
			writer.trim();
			if (this.#cells[at + Cell.linked] === 1) {
				this.#table.eviction.enter(unit);
				this.#replaceOthers(unit, variantsMost);
			}
			this.#table.releaseLocked(unit);
		});
		return true;
	}

	/** What is known of an answer, as it stands in front of its body in a file; null: it is too large. */
	headerParts(unit: number, answer: StoredAnswer): Omit<BodyHeader, 'node'> | null {
		if (!this.#coder.encode(answer)) return null;
		const { bytes, length, varyEnd } = this.#coder;
		const from = this.#memory.byte(unit) + RECORD_BYTES;
		const key = this.#memory.bytes.subarray(
			from,
			from + (this.#cells[this.#memory.cell(unit) + Cell.keyLength] as number),
		);
		return { key, about: bytes.subarray(0, length), varyEnd, head: answer.head };
	}

	/** Gives an entry its head, and a file for its body. False: there is no room for one of them. */
	setDistant(unit: number, answer: StoredAnswer, { number, pages }: { number: number; pages: number }): boolean {
		const cells = this.#cells;
		const at = this.#memory.cell(unit);
		if (cells[at + Cell.state] !== FillState.asked || !this.#table.lock()) return false;
		const reserved = this.#table.shelf.reserve(pages);
		const done = reserved && this.#putHead(at, answer, 0);
		if (reserved && !done) this.#table.shelf.giveBack(pages);
		if (done) {
			cells[at + Cell.room] = pages;
			cells[at + Cell.more] = -number;
		}
		this.#table.unlock();
		if (done) Atomics.store(cells, at + Cell.state, FillState.filling);
		return done;
	}

	/** So much of a body is in its file. */
	received(unit: number, bytes: number): void {
		Atomics.store(this.#cells, this.#memory.cell(unit) + Cell.received, bytes);
	}

	/** A body is whole in its file; false: it is not kept, since its entry is not found any more. */
	completeDistant(unit: number, { trailers, variantsMost, kept }: Completion & { kept: boolean }): boolean {
		const cells = this.#cells;
		const at = this.#memory.cell(unit);
		const stored = kept && (trailers === null || this.putTrailers(at, trailers));
		Atomics.store(cells, at + Cell.state, FillState.whole);
		if (!stored || !this.#table.lock()) {
			this.#table.remove(unit);
			return false;
		}
		const found = cells[at + Cell.linked] === 1 && this.#table.isOfNow(at);
		if (found) {
			this.#table.eviction.shelve(unit);
			cells[Control.diskEntries] = (cells[Control.diskEntries] as number) + 1;
			this.#replaceOthers(unit, variantsMost);
		}
		this.#table.unlock();
		return found;
	}

	/** Whether others may find it. */
	isFound(unit: number): boolean {
		const at = this.#memory.cell(unit);
		return this.#cells[at + Cell.linked] === 1 && this.#table.isOfNow(at);
	}

	/** It is as stale as another one of its bucket that it takes the place of. False: that one was taken out, and so is it. */
	inherit(unit: number, other: number): boolean {
		const { floats } = this.#memory;
		const stale = (of: number): number => (this.#memory.cell(of) + Cell.staleFrom) / 2;
		floats[stale(unit)] ||= floats[stale(other)] as number;
		const isFound = this.isFound(other);
		if (!isFound) this.#table.remove(unit);
		return isFound;
	}

	/** False: there is no room on the disk. */
	reservePages(pages: number): boolean {
		if (!this.#table.lock()) return false;
		const done = this.#table.shelf.reserve(pages);
		this.#table.unlock();
		return done;
	}

	giveBackPages(pages: number): void {
		this.#table.whenLocked(() => this.#table.shelf.giveBack(pages));
	}

	/** Puts another entry with the same body in the place of one that is found still; held once. `purges`: as `EntryTable.link`. 0: it is not, or there is no room. */
	update(unit: number, answer: StoredAnswer, purges: number): number {
		if (!this.#table.lock()) return 0;
		const at = this.#memory.cell(unit);
		const isFound = this.#cells[at + Cell.linked] === 1 && this.#table.isOfNow(at);
		const updated = isFound ? this.#updated(unit, answer, purges) : 0;
		this.#table.unlock();
		return updated;
	}

	/** An empty record with a key, held once, in a run of `size` bytes or what these two take. Under the lock. */
	#newEntry({ bytes, length, high, low }: CacheKey, size: number): number {
		const cells = this.#cells;
		const units = unitsOf(Math.max(size, RECORD_BYTES + length));
		const unit = this.#table.room.allocate(units, units);
		if (unit === 0) return 0;
		const at = this.#memory.cell(unit);
		for (let cell = at; cell < at + RECORD_BYTES / 4; cell++) cells[cell] = 0;
		cells[at + Cell.high] = high | 0;
		cells[at + Cell.low] = low | 0;
		cells[at + Cell.generation] = cells[Control.generation] = ((cells[Control.generation] as number) + 1) | 0;
		cells[at + Cell.refs] = 1;
		cells[at + Cell.units] = units;
		cells[at + Cell.own] = units;
		cells[at + Cell.filler] = this.#worker + 1;
		cells[at + Cell.keyLength] = length;
		cells[at + Cell.era] = cells[Control.era] as number;
		cells[at + Cell.softEra] = cells[Control.softEra] as number;
		const to = this.#memory.byte(unit) + RECORD_BYTES;
		if (length > SHORT) bytes.copy(this.#memory.bytes, to, 0, length);
		else for (let i = 0; i < length; i++) this.#memory.bytes[to + i] = bytes[i] as number;
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
		const unit = this.#table.room.allocate(all > CHUNK * UNIT ? least : unitsOf(all), least);
		if (unit === 0) return false;
		const { granted } = this.#table.room;
		cells[at + Cell.contentUnits] = granted;
		cells[at + Cell.units] = own + granted;
		cells[at + Cell.room] = granted * UNIT - head;
		this.#writeHead(at, this.#memory.byte(unit), answer);
		Atomics.store(cells, at + Cell.content, unit);
		return true;
	}

	/** What is known of an answer, as it was coded last, and its head; where that ends. */
	#writeHead(record: number, from: number, answer: StoredAnswer): number {
		const cells = this.#cells;
		const coder = this.#coder;
		const { bytes } = this.#memory;
		const { length } = answer.head;
		cells[record + Cell.aboutLength] = coder.length;
		cells[record + Cell.varyEnd] = coder.varyEnd;
		cells[record + Cell.headLength] = length;
		coder.copy(this.#memory, from);
		let at = from + coder.length;
		answer.head.copy(bytes, at);
		at += length;
		bytes[at++] = 13;
		bytes[at++] = 10;
		return at;
	}

	/** `at`: cell of the record. False: there is no room. */
	putTrailers(at: number, trailers: Buffer): boolean {
		const units = unitsOf(TRAILERS_AT + trailers.length);
		if (units > CHUNK || !this.#table.lock()) return false;
		const unit = this.#table.room.allocate(units, units);
		this.#table.unlock();
		if (unit === 0) return false;
		this.#memory.bytes.set(trailers, this.#memory.byte(unit) + TRAILERS_AT);
		this.#cells[this.#memory.cell(unit)] = trailers.length;
		this.#cells[at + Cell.trailers] = unit;
		this.#cells[at + Cell.units] = (this.#cells[at + Cell.units] as number) + units;
		return true;
	}

	/** Another entry with the same body. Under the lock. */
	#updated(other: number, answer: StoredAnswer, purges: number): number {
		const cells = this.#cells;
		const old = this.#memory.cell(other);
		const key = this.#memory.byte(other) + RECORD_BYTES;
		const length = cells[old + Cell.keyLength] as number;
		// Held by its caller, so that allocation cannot take the old one's memory.
		const same = {
			bytes: this.#memory.bytes.subarray(key, key + length),
			length,
			high: cells[old + Cell.high] as number,
			low: cells[old + Cell.low] as number,
		};
		const unit = this.#newEntry(same, 0);
		if (unit === 0) return 0;
		const at = this.#memory.cell(unit);
		if (!this.#putHead(at, answer, 0)) {
			this.#table.room.runs.give(unit, cells[at + Cell.own] as number);
			return 0;
		}
		const root = (cells[old + Cell.bodyOf] as number) || other;
		Atomics.add(cells, this.#memory.cell(root) + Cell.refs, 1);
		cells[at + Cell.bodyOf] = root;
		cells[at + Cell.received] = cells[old + Cell.received] as number;
		cells[at + Cell.state] = FillState.whole;
		cells[at + Cell.units] =
			(cells[at + Cell.units] as number) + (cells[this.#memory.cell(root) + Cell.units] as number);
		if (!this.#table.link(unit, 0, purges)) {
			this.#table.releaseLocked(unit);
			return 0;
		}
		this.#table.replace(unit, other);
		return unit;
	}

	/**
	 * Others of the same key: older ones of the same variant go, or itself if there is a newer one. If there are too many,
	 * those go that were given least, of these the oldest: who asks with values that nobody else sends makes an end of
	 * what he brought himself. Under the lock.
	 */
	#replaceOthers(unit: number, most: number): void {
		const cells = this.#cells;
		const kept: number[] = [];
		let isOlder = false;
		for (const other of this.#table.sameKey(unit)) {
			if (other === unit) isOlder = true;
			else if (cells[this.#memory.cell(other) + Cell.state] !== FillState.whole) continue;
			else if (this.#isSameVariant(unit, other)) {
				this.#table.unlink(isOlder ? other : unit);
				if (!isOlder) return;
			} else kept.push(other);
		}
		if (kept.length < most) return;
		const given = (other: number): number => cells[this.#memory.cell(other) + Cell.frequency] as number;
		const rarest = kept.reverse().sort((one, other) => given(one) - given(other));
		for (const other of rarest.slice(0, kept.length + 1 - most)) this.#table.unlink(other);
	}

	#isSameVariant(one: number, other: number): boolean {
		const { bytes, cells } = this.#memory;
		const [a, b] = [this.#memory.cell(one), this.#memory.cell(other)];
		const varyEnd = cells[a + Cell.varyEnd] as number;
		if (varyEnd !== cells[b + Cell.varyEnd]) return false;
		return isSameVariant(bytes, this.#memory.content(a), this.#memory.content(b), varyEnd);
	}
}

/** Where an entry is put in; used again for the next. */
export interface Placing {
	place: number;
	purges: number;
	/** Epoch ms; 0: it is not stale. */
	staleFromMs: number;
}

export interface Completion {
	readonly trailers: Buffer | null;
	/** Most answers of one key. */
	readonly variantsMost: number;
}
