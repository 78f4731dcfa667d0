import {
	type AnswerEntry,
	type AnswerStore,
	type AnswerUpdate,
	type Asking,
	type CacheKey,
	FillState,
	type PurgeSelect,
	type WholeAnswer,
} from '../answer-store.ts';
import { PAGE } from '../disk/body-file.ts';
import { DiskBodies, type DiskPlan } from '../disk/disk-bodies.ts';
import { RecentPurges, Spoil } from '../purges/recent-purges.ts';
import { RecentRefusals } from '../recent-refusals.ts';
import type { StoredAnswer } from '../stored-answer.ts';
import { AnswerMemory, Control, UNIT } from './answer-memory.ts';
import { Announced } from './asked-keys.ts';
import { ComingReaders } from './coming-readers.ts';
import { EntryFiller, type Placing } from './entry-filler.ts';
import { Cell, GIVEN_MOST } from './entry-record.ts';
import { EntryTable } from './entry-table.ts';
import { MemoryEntry } from './memory-entry.ts';
import { PurgeWalks } from './purge-walks.ts';
import { BEGIN_MS, LOOK_MS } from './spin-lock.ts';
import { Watchers } from './watchers.ts';

export interface MemoryStoreOptions {
	/** Largest share of the memory that one entry may have; default a quarter. */
	entryShare?: number;
	/** Entries that this worker keeps decoded, a power of two; default one for each 64 KiB of the memory, at most 8192. */
	decoded?: number;
	/** Where large bodies lie; left out: in memory, if at all. */
	disk?: DiskPlan | null;
	/** Of `RecentPurges`; left out: each purge is taken to be of all that is asked for. */
	recent?: SharedArrayBuffer | null;
}

/** Bytes of a key at most. */
export const KEY_MOST: number = 32 * 1024;
/** Bytes of an entry at most: they are counted in 32 bits. */
const ENTRY_MOST = 0x7fffffff;
/** How long it is known that a body proved one for the disk, ms. */
const LONG_MS = 3_600_000;
/** Looks at what others ask for and bring, while they do. */
const ASKS_MOST = 4;
/** Times that something is put in anew, since there was one more purge in the same moment. */
const PURGES_MOST = 8;
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
	readonly readers: ComingReaders;
	/** Keys whose bodies, of unknown length, proved ones for the disk while others read them. */
	readonly long: RecentRefusals = new RecentRefusals(LONG_MS);
	readonly filler: EntryFiller;
	readonly bodies: DiskBodies | null;
	/** null: nobody notes what is purged. */
	readonly recent: RecentPurges | null;
	readonly #cells: Int32Array;
	readonly #decoded: (MemoryEntry | undefined)[];
	readonly #decodedShift: number;
	readonly #found = new Int32Array(SAME_KEY_MOST);
	readonly #walks: PurgeWalks = new PurgeWalks(this);
	readonly #placing: Placing = { place: 0, purges: 0, staleFromMs: 0 };
	/** The last `find` met no entry of this key. */
	#isNone = false;
	#noneHigh = 0;
	#noneLow = 0;

	constructor(memory: AnswerMemory, worker: number, options: MemoryStoreOptions) {
		this.memory = memory;
		this.#cells = memory.cells;
		this.recent = options.recent == null ? null : new RecentPurges(options.recent);
		this.table = new EntryTable(memory, worker + 1, this.recent);
		this.watchers = new Watchers(memory, worker);
		this.readers = new ComingReaders(this.table, this.watchers, worker);
		const unitsMost = Math.floor(Math.min(memory.units * (options.entryShare ?? 0.25), ENTRY_MOST / UNIT));
		this.filler = new EntryFiller(this.table, worker, unitsMost);
		this.bodies = options.disk == null ? null : new DiskBodies(memory, options.disk);
		this.table.shelf.dropped = (file) => this.bodies?.drop(file);
		const decoded = options.decoded ?? decodedOf(memory.buffer.byteLength);
		this.#decoded = new Array<MemoryEntry | undefined>(decoded).fill(undefined);
		this.#decodedShift = Math.clz32(decoded) + 1;
	}

	find(key: CacheKey, suits: (entry: AnswerEntry) => boolean, patient = false): MemoryEntry | null {
		if (this.memory.abandoned) return null;
		const count = this.table.collect(key, this.#found, patient ? BEGIN_MS : LOOK_MS);
		this.#isNone = count === 0;
		this.#noneHigh = key.high;
		this.#noneLow = key.low;
		let found: MemoryEntry | null = null;
		for (let i = 0; i < count; i++) {
			const unit = this.#found[i] as number;
			if (found === null) {
				const entry = this.entryAt(unit);
				if (suits(entry)) {
					found = entry.hold();
					continue;
				}
			}
			this.table.release(unit);
		}
		return found;
	}

	begin(key: CacheKey, unless?: (entry: AnswerEntry) => boolean, since: number = this.purges): MemoryEntry | null {
		if (this.memory.abandoned || key.length > KEY_MOST || !this.table.lock(BEGIN_MS)) return null;
		const other = unless === undefined ? null : this.find(key, unless, true);
		const unit = other === null ? this.filler.begin(key) : 0;
		this.table.unlock();
		other?.release();
		return unit === 0 ? null : this.#begun(unit, since);
	}

	ask(key: CacheKey, suits: (entry: AnswerEntry) => boolean, asking: Asking): MemoryEntry | null {
		let isNone = this.#isNone && this.#noneHigh === key.high && this.#noneLow === key.low;
		for (let tries = 0; tries < ASKS_MOST && !this.memory.abandoned && key.length <= KEY_MOST; tries++) {
			const coming = isNone ? null : this.find(key, suits, tries > 0);
			if (coming !== null) return coming;
			isNone = false;
			const place = this.table.announce(key);
			if (place > 0) {
				asking.place = place;
				return null;
			}
			if (place === Announced.none) {
				asking.entry = this.begin(key, suits, asking.purges);
				return asking.entry === null ? this.find(key, suits, true) : null;
			}
			const followed = this.#locked(() => this.filler.follow(key));
			if (followed !== 0) return this.entryAt(followed).hold();
		}
		return null;
	}

	admits({ high, low }: CacheKey): boolean {
		return this.table.eviction.admits(high, low);
	}

	get purges(): number {
		return this.table.asked.purges;
	}

	open(key: CacheKey, asking: Asking): MemoryEntry | null {
		const fits = !this.memory.abandoned && key.length <= KEY_MOST;
		const unit = fits ? this.#opened(key, asking) : 0;
		if (unit === 0) return this.leave(key, asking);
		asking.place = 0;
		const entry = this.#begun(unit, asking.purges);
		return entry.isOf(key) ? entry : this.#othersKey(entry, key, asking.purges);
	}

	/** 0: it was purged since it was asked for, or there is no room. Whether it is stale its head will tell. */
	#opened(key: CacheKey, { place, purges: since }: Asking): number {
		for (let tries = 0; tries < PURGES_MOST; tries++) {
			const { purges } = this;
			if (this.spoilOf(since, key) === Spoil.gone) return 0;
			const unit = this.#locked(() => this.filler.begin(key, place, purges));
			if (unit !== 0 || purges === this.purges) return unit;
		}
		return 0;
	}

	put(key: CacheKey, asking: Asking, whole: WholeAnswer): boolean {
		if (this.memory.abandoned || key.length > KEY_MOST) return false;
		const placing = this.#placing;
		const { tags, requestMs } = whole.answer;
		placing.place = asking.place;
		for (let tries = 0; tries < PURGES_MOST; tries++) {
			const { purges } = this;
			const spoil = this.spoilOf(asking.purges, key, tags);
			if (spoil === Spoil.gone) return false;
			placing.purges = purges;
			placing.staleFromMs = spoil === Spoil.stale ? requestMs : 0;
			const done = this.filler.put(key, whole, placing);
			if (done) asking.place = 0;
			if (done || purges === this.purges) return done;
		}
		return false;
	}

	/** What purges mean for an answer that was asked for when there were `since`. Without its tags, as far as its key tells. */
	spoilOf(since: number, { bytes, length }: Pick<CacheKey, 'bytes' | 'length'>, tags: readonly string[] = []): Spoil {
		if (since === this.purges) return Spoil.none;
		return this.recent?.of(since, bytes.subarray(0, length), tags) ?? Spoil.gone;
	}

	leave(key: CacheKey, asking: Asking): MemoryEntry | null {
		const { place } = asking;
		if (place === 0) return null;
		asking.place = 0;
		const unit = this.table.asked.leave(place);
		if (unit === 0) return null;
		const entry = this.#begun(unit, asking.purges);
		if (entry.isOf(key)) return entry;
		this.#othersKey(entry, null);
		return null;
	}

	/** It is of another key with the same hash: who follows it asks for himself. */
	#othersKey(entry: MemoryEntry, key: CacheKey | null, since?: number): MemoryEntry | null {
		entry.fail(FillState.refused);
		entry.release();
		return key === null ? null : this.begin(key, undefined, since);
	}

	/** What it comes to under the memory's lock; 0: that is not to be had. */
	#locked(work: () => number): number {
		if (!this.table.lock(BEGIN_MS)) return 0;
		const unit = work();
		this.table.unlock();
		return unit;
	}

	/** Most are never asked for again: only who is found is kept decoded. But what may go on in a file has one object for all who read it here. */
	#begun(unit: number, since: number): MemoryEntry {
		const entry = this.bodies === null ? new MemoryEntry(this, unit) : this.entryAt(unit);
		entry.since = since;
		return entry.hold();
	}

	update(entry: AnswerEntry, answer: StoredAnswer, since: number = this.purges): AnswerEntry | null {
		if (!(entry instanceof MemoryEntry) || entry.state !== FillState.whole || this.memory.abandoned) return null;
		for (let tries = 0; tries < PURGES_MOST; tries++) {
			const { purges } = this;
			// Before the walk comes to it, which knows only the tags of before.
			const isSpoilt = since !== purges && this.#isSpoilt(since, entry, answer);
			const unit = isSpoilt ? 0 : this.filler.update(entry.unit, answer, purges);
			if (unit !== 0) return this.entryAt(unit).hold();
			if (isSpoilt || purges === this.purges) return null;
		}
		return null;
	}

	#isSpoilt(since: number, { key, answer: before }: MemoryEntry, { tags }: StoredAnswer): boolean {
		const all = before === null ? tags : [...before.tags, ...tags];
		return this.spoilOf(since, key, all) !== Spoil.none;
	}

	purgeKey(key: CacheKey, soft: boolean): number {
		const asked = this.table.spoil(key);
		const units = this.table.collectAll(key);
		for (const unit of units) {
			if (soft) this.makeStale(unit);
			else this.table.remove(unit);
			this.table.release(unit);
		}
		return asked + units.length;
	}

	purge(select: PurgeSelect, soft: boolean): Promise<number> {
		return this.#walks.purge(select, soft);
	}

	/** Of an entry that is held: stale from now on, or since `fromMs`. */
	makeStale(unit: number, fromMs: number = Date.now()): void {
		const at = (this.memory.cell(unit) + Cell.staleFrom) / 2;
		const before = this.memory.floats[at] as number;
		if (before === 0 || fromMs < before) this.memory.floats[at] = fromMs;
	}

	/** What an entry that is held was worth, and since when it was stale, before a restart. */
	carryOver(unit: number, { frequency, staleFromMs }: { frequency: number; staleFromMs: number }): void {
		const at = this.memory.cell(unit);
		this.#cells[at + Cell.frequency] = Math.min(frequency, GIVEN_MOST);
		this.memory.floats[(at + Cell.staleFrom) / 2] = staleFromMs;
	}

	/** Entries that were given up for others so far; wraps at 2³². */
	get evicted(): number {
		return (this.#cells[Control.evicted] as number) >>> 0;
	}

	get usage(): { bytes: number; most: number; entries: number } {
		const fixed = this.memory.arena;
		return {
			bytes: fixed + (this.#cells[Control.usedUnits] as number) * UNIT,
			most: this.memory.buffer.byteLength,
			entries: this.#cells[Control.entries] as number,
		};
	}

	/** Of the files that bodies lie in; null: there are none. */
	get diskUsage(): { bytes: number; most: number; entries: number; evicted: number } | null {
		if (this.bodies === null) return null;
		return {
			bytes: (this.#cells[Control.diskPages] as number) * PAGE,
			most: (this.#cells[Control.diskMost] as number) * PAGE,
			entries: this.#cells[Control.diskEntries] as number,
			evicted: (this.#cells[Control.diskEvicted] as number) >>> 0,
		};
	}

	/** The object for an entry that is held. */
	entryAt(unit: number): MemoryEntry {
		const at = Math.imul(unit, 0x9e3779b1) >>> this.#decodedShift;
		const kept = this.#decoded[at];
		if (kept !== undefined && kept.unit === unit) {
			if (kept.generation === this.#cells[this.memory.cell(unit) + Cell.generation]) return kept;
		}
		const entry = new MemoryEntry(this, unit);
		this.#decoded[at] = entry;
		return entry;
	}
}

/** They take about a kilobyte each, on the heap of each worker. */
function decodedOf(bytes: number): number {
	const wanted = 2 ** Math.floor(Math.log2(bytes / (64 * 1024)));
	return Math.min(Math.max(wanted, 64), 8192);
}
