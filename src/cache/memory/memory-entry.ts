import {
	type CacheKey,
	type ComingBody,
	type EntryListener,
	type Failure,
	type FillingEntry,
	FillState,
} from '../answer-store.ts';
import type { DiskBodies } from '../disk/disk-bodies.ts';
import { DiskBody } from '../disk/disk-body.ts';
import { DiskEntryFill } from '../disk/disk-entry-fill.ts';
import { SpillFill, type SpillStore } from '../disk/spill-fill.ts';
import type { DistantBody, DistantFill } from '../distant-body.ts';
import { Spoil } from '../purges/recent-purges.ts';
import type { RecentRefusals } from '../recent-refusals.ts';
import type { StoredAnswer } from '../stored-answer.ts';
import { PlacedAnswer } from './answer-codec.ts';
import { type AnswerMemory, Control, SOFT_TIMES } from './answer-memory.ts';
import type { ComingReaders } from './coming-readers.ts';
import { BodyReader, type BodyWriter } from './entry-body.ts';
import type { EntryFiller } from './entry-filler.ts';
import { Cell, GIVEN, GIVEN_MOST, RECORD_BYTES, Readers, TRAILERS_AT } from './entry-record.ts';
import type { EntryTable } from './entry-table.ts';
import { OutgrownWindow } from './outgrown-window.ts';
import type { Watchers } from './watchers.ts';

const NOTHING: Buffer = Buffer.alloc(0);
/** Answers of one key, where nothing else is said. */
const VARIANTS_MOST = 32;

/** Of the store that it belongs to. */
export interface EntryParts extends SpillStore {
	readonly memory: AnswerMemory;
	readonly table: EntryTable;
	readonly watchers: Watchers;
	readonly filler: EntryFiller;
	readonly readers: ComingReaders;
	readonly long: RecentRefusals;
	readonly purges: number;
	makeStale(unit: number, fromMs?: number): void;
	spoilOf(since: number, key: Pick<CacheKey, 'bytes' | 'length'>, tags: readonly string[]): Spoil;
}

/** An entry as one worker sees it: the same object for all who hold it there, kept so that a hit decodes nothing. */
export class MemoryEntry implements FillingEntry {
	readonly unit: number;
	readonly generation: number;
	/** Where this worker fills it: how many purges there were when it was asked for. */
	since = 0;
	readonly #store: EntryParts;
	readonly #cells: Int32Array;
	/** Cell of its record. */
	readonly #at: number;
	#answer: StoredAnswer | null = null;
	/** Where this worker fills it on disk. */
	#file: DiskEntryFill | SpillFill | null = null;
	/** Its length is not known, and it is not on disk yet. */
	#maySpill = false;
	/** See `Spilled`. */
	#isSpilled = false;
	#distant: DiskBody | null = null;
	/** Where this worker fills it. */
	#writer: BodyWriter | null = null;
	/** Where it fills what proved too long to be stored, for those who read it. */
	#window: OutgrownWindow | null = null;
	#body: BodyReader | null = null;
	fitsDisk = false;
	/** How often it is held here. */
	#held = 0;

	constructor(store: EntryParts, unit: number) {
		this.#store = store;
		this.unit = unit;
		this.#cells = store.memory.cells;
		this.#at = store.memory.cell(unit);
		this.generation = this.#cells[this.#at + Cell.generation] as number;
	}

	get state(): FillState {
		if (this.#isSpilled) return FillState.whole;
		const state = Atomics.load(this.#cells, this.#at + Cell.state) as FillState;
		return state < FillState.whole && this.#isForsaken() ? FillState.broken : state;
	}

	get found(): boolean {
		return this.#cells[this.#at + Cell.linked] === 1 && this.#store.table.isOfNow(this.#at);
	}

	get answer(): StoredAnswer | null {
		return this.#answer ?? this.#decode();
	}

	get received(): number {
		return Atomics.load(this.#cells, this.#at + Cell.received);
	}

	get trailers(): Buffer | null {
		if (this.state < FillState.whole) return null;
		const at = this.#bodyRecord;
		const unit = this.#cells[at + Cell.trailers] as number;
		if (unit === 0) return null;
		const { memory } = this.#store;
		const from = memory.byte(unit) + TRAILERS_AT;
		return memory.bytes.subarray(from, from + (this.#cells[memory.cell(unit)] as number));
	}

	get staleFromMs(): number {
		const { floats } = this.#store.memory;
		const own = floats[(this.#at + Cell.staleFrom) / 2] as number;
		const era = this.#cells[this.#at + Cell.softEra] as number;
		const purges = (Atomics.load(this.#cells, Control.softEra) - era) | 0;
		if (purges === 0) return own;
		// The first purge since it is here, as far as that is still known.
		const which = purges <= SOFT_TIMES ? era + 1 : era + purges - SOFT_TIMES + 1;
		const all = floats[Control.softTimes / 2 + ((which >>> 0) % SOFT_TIMES)] as number;
		return own === 0 || all < own ? all : own;
	}

	nameBody(into: Buffer, at: number): number {
		const { floats } = this.#store.memory;
		const record = this.#bodyRecord;
		let end = into.writeDoubleLE(floats[Control.birth / 2] as number, at);
		end = into.writeInt32LE(record, end);
		return into.writeInt32LE(this.#cells[record + Cell.generation] as number, end);
	}

	read(at: number): Buffer {
		const received = this.#file instanceof SpillFill ? this.#file.inMemory : this.received;
		// Before there is something of it nobody knows where it will lie.
		if (at >= received) return NOTHING;
		if (this.#body === null) {
			const record = this.#bodyRecord;
			if ((this.#cells[record + Cell.more] as number) < 0) return NOTHING;
			this.#body = new BodyReader(this.#store.memory, record);
		}
		return this.#body.read(at, received);
	}

	get distant(): DistantBody | null {
		const { bodies } = this.#store;
		if (bodies === null) return null;
		if (this.#file instanceof SpillFill) return (this.#distant ??= this.#bodyOfSpill(bodies, this.#file));
		const more = this.#cells[this.#bodyRecord + Cell.more] as number;
		if (more >= 0) return null;
		this.#distant ??= new DiskBody(bodies.files, {
			number: -more,
			received: () => this.received,
			isWhole: () => this.state === FillState.whole,
		});
		return this.#distant;
	}

	/** Number and pages of the file that its body is in; 0: it is in memory. */
	get placed(): { file: number; pages: number } {
		const record = this.#bodyRecord;
		const more = this.#cells[record + Cell.more] as number;
		return more >= 0 ? { file: 0, pages: 0 } : { file: -more, pages: this.#cells[record + Cell.room] as number };
	}

	#bodyOfSpill({ files }: DiskBodies, { number, inMemory }: SpillFill): DiskBody {
		return new DiskBody(files, { number, received: () => this.received, isWhole: () => false }, inMemory);
	}

	spilled(): void {
		this.#isSpilled = true;
		Atomics.store(this.#cells, this.#at + Cell.state, FillState.refused);
		this.#store.table.remove(this.unit);
		this.#store.watchers.changed(this.unit);
	}

	get key(): CacheKey {
		const { memory } = this.#store;
		const cells = this.#cells;
		const length = cells[this.#at + Cell.keyLength] as number;
		const from = memory.byte(this.unit) + RECORD_BYTES;
		return {
			bytes: memory.bytes.subarray(from, from + length),
			length,
			high: cells[this.#at + Cell.high] as number,
			low: cells[this.#at + Cell.low] as number,
		};
	}

	isOf({ bytes, length }: CacheKey): boolean {
		const { memory } = this.#store;
		if (this.#cells[this.#at + Cell.keyLength] !== length) return false;
		const from = memory.byte(this.unit) + RECORD_BYTES;
		return bytes.compare(memory.bytes, from, from + length, 0, length) === 0;
	}

	get distantFill(): DistantFill | null {
		return this.#file?.file ?? this.#window;
	}

	follow(at: number): ComingBody | null {
		if (this.#cells[this.#at + Cell.readers] === 0 || this.state === FillState.whole) return null;
		return this.#store.readers.open(this.unit, at, this.#window?.isAll ?? false);
	}

	get outgrown(): boolean {
		const { memory } = this.#store;
		const run = this.#cells[this.#at + Cell.readers] as number;
		return run > 0 && Atomics.load(this.#cells, memory.cell(run) + Readers.outgrown) === 1;
	}

	outgrow(): boolean {
		this.fitsDisk = false;
		return this.#goOn();
	}

	/** For those who follow it. */
	#goOn(): boolean {
		if (this.#window !== null) return true;
		const writer = this.#writer;
		if (writer === null || this.#cells[this.#at + Cell.readers] === 0) return false;
		this.#window = OutgrownWindow.begin(this.#store, this.unit, writer);
		if (this.#window === null) this.#broken();
		else this.remove();
		return this.#window !== null;
	}

	watch(listener: EntryListener): void {
		this.#store.watchers.watch(this.unit, listener);
	}

	unwatch(listener: EntryListener): void {
		this.#store.watchers.unwatch(this.unit, listener);
	}

	touch(): void {
		const at = this.#at + Cell.frequency;
		const frequency = this.#cells[at] as number;
		// A count that two write at once may be lost: it does not matter.
		if (frequency < GIVEN_MOST) this.#cells[at] = frequency + GIVEN;
	}

	claimRefresh(ms: number): boolean {
		const cell = this.#at + Cell.claimed;
		const now = this.#store.memory.ticks(Date.now());
		const claimed = Atomics.load(this.#cells, cell);
		if (claimed !== 0 && ((now - claimed) | 0) < ms) return false;
		return Atomics.compareExchange(this.#cells, cell, claimed, now) === claimed;
	}

	refreshed(): void {
		Atomics.store(this.#cells, this.#at + Cell.claimed, 0);
	}

	remove(): void {
		this.#store.table.remove(this.unit);
	}

	/** Counts one more who holds it: the table has counted it already. */
	hold(): this {
		this.#held++;
		return this;
	}

	pin(): void {
		this.#held++;
		this.#store.table.pin(this.unit);
	}

	release(): void {
		if (this.#held === 0) throw new Error('an entry of the cache was released more often than it was held');
		this.#held--;
		this.#store.table.release(this.unit);
	}

	setAnswer(answer: StoredAnswer, outgrows = false): boolean {
		if (this.#writer !== null || this.#file !== null) return false;
		const { purges } = this.#store;
		if (this.since !== purges && !this.#outlives(this.since, answer)) return false;
		// Before it is seen to grow.
		if (outgrows && answer.length < 0 && (this.#store.bodies === null || !this.#store.long.has(this.key, false)))
			Atomics.store(this.#cells, this.#at + Cell.readers, -1);
		if (!this.#begin(answer)) return false;
		// From here on a purge finds it by its tags; one that began before may have passed by.
		if (purges !== this.#store.purges) this.#outlives(purges, answer);
		return true;
	}

	/** False: it is purged, and nobody gets it from here but those who waited for it before. */
	#outlives(since: number, answer: StoredAnswer): boolean {
		const spoil = this.#store.spoilOf(since, this.key, answer.tags);
		if (spoil === Spoil.stale) this.#store.makeStale(this.unit, Math.max(1, answer.requestMs));
		// Who was taken out waits for nobody who came later.
		if (spoil !== Spoil.gone || !this.found) return true;
		if (this.state === FillState.asked) this.fail(FillState.purged);
		else this.remove();
		return false;
	}

	/** False: there is no room. */
	#begin(answer: StoredAnswer): boolean {
		this.#file = DiskEntryFill.begin(this.#store, this, answer);
		if (this.#file !== null) {
			this.#store.watchers.changed(this.unit);
			return true;
		}
		this.#writer = this.#store.filler.setAnswer(this.unit, answer);
		if (this.#writer === null) return false;
		this.#maySpill = answer.length < 0 && this.#store.bodies !== null;
		this.#store.watchers.changed(this.unit);
		return true;
	}

	append(bytes: Uint8Array, start: number, end: number): boolean {
		if (this.#maySpill) this.#spill(end - start);
		if (this.#file?.append(bytes, start, end) === true) return true;
		const writer = this.#writer;
		const done = this.#window === null && (writer?.append(bytes, start, end) ?? false);
		if (done) this.#store.watchers.changed(this.unit);
		else if (writer === null || !this.#goOn()) this.fail(FillState.broken);
		// Of what it has no room for the first may be there.
		else this.#window?.append(bytes, start + writer.unsaid, end);
		return done || this.#window !== null;
	}

	complete(trailers: Buffer | null, variantsMost = VARIANTS_MOST): void {
		const writer = this.#writer;
		this.#writer = null;
		if (this.#window !== null) return this.#window.complete(trailers);
		if (this.#file?.complete(trailers, variantsMost) === true) return;
		if (writer === null || !this.#store.filler.complete(this.unit, writer, { trailers, variantsMost }))
			return this.fail(FillState.broken);
		this.#store.watchers.changed(this.unit);
	}

	fail(state: Failure): void {
		if (Atomics.load(this.#cells, this.#at + Cell.state) >= FillState.whole) return;
		Atomics.store(this.#cells, this.#at + Cell.state, state);
		this.#broken();
	}

	#broken(): void {
		this.#writer = null;
		this.#window?.close();
		this.#file?.abandon();
		this.#store.table.remove(this.unit);
		this.#store.watchers.changed(this.unit);
	}

	/** So many bytes more may make it too long for the memory. */
	#spill(more: number): void {
		const { bodies } = this.#store;
		if (bodies === null || !bodies.wants(this.received + more)) return;
		this.#maySpill = false;
		if (!this.#store.readers.shut(this.unit)) {
			this.#store.long.add(this.key, false);
			this.fitsDisk = this.#goOn();
			return;
		}
		const answer = this.answer as StoredAnswer;
		this.#file = SpillFill.begin(this.#store, this, answer);
		if (this.#file !== null) this.#writer = null;
	}

	/** Its worker ended. */
	#isForsaken(): boolean {
		const dead = this.#cells[Control.dead] as number;
		return dead !== 0 && (dead & (1 << ((this.#cells[this.#at + Cell.filler] as number) - 1))) !== 0;
	}

	/** Cell of the record that the body belongs to: after an update another one's. */
	get #bodyRecord(): number {
		const root = this.#cells[this.#at + Cell.bodyOf] as number;
		return root === 0 ? this.#at : this.#store.memory.cell(root);
	}

	#decode(): StoredAnswer | null {
		const cells = this.#cells;
		const at = this.#at;
		if (Atomics.load(cells, at + Cell.content) === 0) return null;
		const from = this.#store.memory.content(at);
		const head = from + (cells[at + Cell.aboutLength] as number);
		this.#answer = new PlacedAnswer(this.#store.memory, {
			from,
			varyEnd: cells[at + Cell.varyEnd] as number,
			head,
			headEnd: head + (cells[at + Cell.headLength] as number),
		});
		return this.#answer;
	}
}
