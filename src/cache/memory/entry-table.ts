/**
 * The table of entries by key, and their lives: who is in it is held by it; an entry's memory is given back when the
 * last one who holds it lets go. The bucket's lock guards its chain; the memory's lock guards all else, and is taken
 * first where both are.
 */
import type { CacheKey } from '../answer-store.ts';
import { Shelf } from '../disk/shelf.ts';
import type { RecentPurges } from '../purges/recent-purges.ts';
import { type AnswerMemory, Control, STRIPES } from './answer-memory.ts';
import { Announced, AskedKeys, LINKS_AT } from './asked-keys.ts';
import { Cell, RECORD_BYTES } from './entry-record.ts';
import { EntryRoom } from './entry-room.ts';
import { Eviction } from './eviction.ts';
import { BEGIN_MS, LOOK_MS, lock, unlock, WRITE_MS } from './spin-lock.ts';

const NO_UNITS: readonly number[] = [];

export class EntryTable {
	readonly memory: AnswerMemory;
	readonly eviction: Eviction;
	readonly room: EntryRoom;
	readonly shelf: Shelf;
	readonly asked: AskedKeys;
	/** The line that `collect` looked at last, and how many entries had been put in behind it by then; 0: it gave up. */
	#seenLine = 0;
	#seenLinks = 0;
	readonly #cells: Int32Array;
	readonly #owner: number;
	/** What waits for the lock, while it could not be had. */
	#later: (() => void)[] = [];
	/** A lock that was not to be had by who looks up, and by who writes: until it is, nobody waits for it again. */
	#stuck = 0;
	#lost = 0;

	constructor(memory: AnswerMemory, owner: number, recent: RecentPurges | null = null) {
		this.memory = memory;
		this.#cells = memory.cells;
		this.#owner = owner;
		this.eviction = new Eviction(memory);
		this.room = new EntryRoom(memory, this);
		this.shelf = new Shelf(this);
		this.asked = new AskedKeys(memory, owner, recent);
	}

	/** The memory's lock; false: it is not to be had. */
	lock(patienceMs: number = WRITE_MS): boolean {
		if (!this.#patient(Control.lock, patienceMs)) return false;
		if (this.#later.length > 0) {
			const later = this.#later;
			this.#later = [];
			for (const work of later) work();
		}
		return true;
	}

	/** Does it under the lock: now, or with the next one who gets it. */
	whenLocked(work: () => void): void {
		if (this.lock()) {
			work();
			this.unlock();
		} else this.#later.push(work);
	}

	unlock(): void {
		unlock(this.#cells, Control.lock);
	}

	/** Entries of a key, newest first, each held once; how many. */
	collect(key: CacheKey, into: Int32Array, patienceMs: number = LOOK_MS): number {
		const cells = this.#cells;
		const low = key.low | 0;
		const bucket = this.#bucket(low);
		const line = this.#stripe(low);
		this.#seenLine = line;
		// Before the look: what is put in from here on is seen by `announce`.
		this.#seenLinks = Atomics.load(cells, line + LINKS_AT);
		if (Atomics.load(cells, bucket) === 0) return 0;
		if (!this.#patient(line, patienceMs)) {
			this.#seenLine = 0;
			return 0;
		}
		let count = 0;
		for (let unit = cells[bucket] as number; unit !== 0 && count < into.length; ) {
			const at = this.memory.cell(unit);
			if (cells[at + Cell.low] === low && this.#isOf(at, unit, key)) {
				Atomics.add(cells, at + Cell.refs, 1);
				into[count++] = unit;
			}
			unit = cells[at + Cell.next] as number;
		}
		unlock(cells, line);
		return count;
	}

	/**
	 * From now on others know that this worker asks for the key that `collect` was just called for. The place of that;
	 * `others`: somebody asks for it, or something was put in since, `none`: there is no place.
	 */
	announce(key: CacheKey): number {
		const cells = this.#cells;
		const line = this.#stripe(key.low | 0);
		if (!this.#patient(line, BEGIN_MS)) return Announced.none;
		const isSeen = this.#seenLine === line && this.#seenLinks === cells[line + LINKS_AT];
		const place = isSeen ? this.asked.take(line, key) : Announced.others;
		unlock(cells, line);
		return place;
	}

	/** What is asked for by this key now is not to be stored; how many there are. */
	spoil(key: CacheKey): number {
		const line = this.#stripe(key.low | 0);
		if (!this.#patient(line, WRITE_MS)) return 0;
		const count = this.asked.spoil(line, key);
		unlock(this.#cells, line);
		return count;
	}

	/** All entries of a key, however many there are, each held once. */
	collectAll(key: CacheKey): readonly number[] {
		return this.collectBucket(key.low | 0, (unit) => this.#isOf(this.memory.cell(unit), unit, key));
	}

	/** Entries of a bucket that suit, each held once. */
	collectBucket(bucket: number, suits: (unit: number) => boolean): readonly number[] {
		const cells = this.#cells;
		const place = this.memory.bucket(bucket);
		if (Atomics.load(cells, place) === 0 || !this.#patient(this.#stripe(bucket), WRITE_MS)) return NO_UNITS;
		const found: number[] = [];
		for (let unit = cells[place] as number; unit !== 0; unit = cells[this.memory.cell(unit) + Cell.next] as number) {
			if (!suits(unit)) continue;
			Atomics.add(cells, this.memory.cell(unit) + Cell.refs, 1);
			found.push(unit);
		}
		unlock(cells, this.#stripe(bucket));
		return found;
	}

	/** Entries with the key of one that is in, newest first, itself included. Under the memory's lock, without which no chain changes. */
	sameKey(unit: number): number[] {
		const { cells, bytes } = this.memory;
		const own = this.memory.cell(unit);
		const length = cells[own + Cell.keyLength] as number;
		const key = this.memory.byte(unit) + RECORD_BYTES;
		const found: number[] = [];
		let other = cells[this.#bucket(cells[own + Cell.low] as number)] as number;
		for (; other !== 0; other = cells[this.memory.cell(other) + Cell.next] as number) {
			if (other === unit) {
				found.push(unit);
				continue;
			}
			const at = this.memory.cell(other);
			if (cells[at + Cell.low] !== cells[own + Cell.low] || cells[at + Cell.high] !== cells[own + Cell.high]) continue;
			if (cells[at + Cell.keyLength] !== length) continue;
			const from = this.memory.byte(other) + RECORD_BYTES;
			if (bytes.compare(bytes, key, key + length, from, from + length) === 0) found.push(other);
		}
		return found;
	}

	/**
	 * Puts it in, in front; `place`: where it was announced, which is given back; 0: nowhere. `purges`: how many there were
	 * when it was last known that none is of it. Under the memory's lock. False: the bucket's lock is not to be had, its key
	 * was spoilt, or there is one more.
	 */
	link(unit: number, place: number, purges: number): boolean {
		const cells = this.#cells;
		const at = this.memory.cell(unit);
		const low = cells[at + Cell.low] as number;
		const line = this.#stripe(low);
		if (!this.#patient(line, WRITE_MS)) return false;
		const before = this.#linkLocked(unit, line);
		// Who purges counts first, and looks then: here it is the other way round.
		const isOwn = place === 0 || this.asked.isOf(place, cells[at + Cell.high] as number, low);
		const isGood = isOwn && purges === this.asked.purges;
		if (!isGood) this.#unlinkLocked(unit, before);
		else if (place !== 0) this.asked.leave(place);
		unlock(cells, line);
		if (isGood) cells[Control.entries] = (cells[Control.entries] as number) + 1;
		return isGood;
	}

	/**
	 * Puts it in for somebody who asks for its key and has none yet: he fills it, and holds it too. Under the memory's
	 * lock; false: nobody does.
	 */
	linkAsked(unit: number, key: CacheKey): boolean {
		const cells = this.#cells;
		const line = this.#stripe(key.low | 0);
		if (!this.#patient(line, WRITE_MS)) return false;
		const at = this.memory.cell(unit);
		const place = this.asked.find(line, key);
		const asker = place === 0 ? 0 : this.asked.asker(place);
		cells[at + Cell.filler] = asker;
		this.pin(unit);
		const before = this.#linkLocked(unit, line);
		// From here on he may do with it what he likes.
		const done = asker > 0 && this.asked.attach(place, asker, unit);
		if (!done) this.#unlinkLocked(unit, before);
		unlock(cells, line);
		if (done) cells[Control.entries] = (cells[Control.entries] as number) + 1;
		return done;
	}

	/** The first of its bucket until now. Under the bucket's lock. */
	#linkLocked(unit: number, line: number): number {
		const cells = this.#cells;
		const at = this.memory.cell(unit);
		const bucket = this.#bucket(cells[at + Cell.low] as number);
		const before = cells[bucket] as number;
		cells[at + Cell.next] = before;
		cells[at + Cell.linked] = 1;
		Atomics.add(cells, at + Cell.refs, 1);
		Atomics.store(cells, bucket, unit);
		Atomics.store(cells, line + LINKS_AT, ((cells[line + LINKS_AT] as number) + 1) | 0);
		return before;
	}

	#unlinkLocked(unit: number, before: number): void {
		const at = this.memory.cell(unit);
		Atomics.store(this.#cells, this.#bucket(this.#cells[at + Cell.low] as number), before);
		this.#cells[at + Cell.linked] = 0;
		Atomics.sub(this.#cells, at + Cell.refs, 1);
	}

	/** Takes it out. Under the memory's lock; false: it was not in, or the bucket's lock is not to be had. */
	unlink(unit: number): boolean {
		const cells = this.#cells;
		const at = this.memory.cell(unit);
		if (cells[at + Cell.linked] === 0) return false;
		const low = cells[at + Cell.low] as number;
		if (!this.#patient(this.#stripe(low), WRITE_MS)) return false;
		let place = this.#bucket(low);
		while (cells[place] !== unit) place = this.memory.cell(cells[place] as number) + Cell.next;
		cells[place] = cells[at + Cell.next] as number;
		cells[at + Cell.linked] = 0;
		unlock(cells, this.#stripe(low));
		if (cells[at + Cell.queue] === Control.disk) this.shelf.leaves(unit);
		this.eviction.leave(unit);
		cells[Control.entries] = (cells[Control.entries] as number) - 1;
		this.releaseLocked(unit);
		return true;
	}

	/** Another entry with the same body takes the place of one. Under the memory's lock. */
	replace(unit: number, other: number): void {
		this.eviction.replace(unit, other);
		// Its file is the other one's by now.
		if (this.#cells[this.memory.cell(other) + Cell.queue] === Control.disk) {
			if (this.#cells[Control.diskHand] === other) this.#cells[Control.diskHand] = unit;
			this.eviction.leave(other);
		}
		this.unlink(other);
	}

	/** Takes out one that is held; false: it was not in. */
	remove(unit: number): boolean {
		const at = this.memory.cell(unit);
		if (this.#cells[at + Cell.linked] === 0) return false;
		// From here on it is not found, whenever the lock may be had.
		Atomics.store(this.#cells, at + Cell.era, (Atomics.load(this.#cells, Control.era) - 1) | 0);
		this.pin(unit);
		this.whenLocked(() => this.#removeLocked(unit));
		return true;
	}

	/** One more holds what is held. */
	pin(unit: number): void {
		Atomics.add(this.#cells, this.memory.cell(unit) + Cell.refs, 1);
	}

	/** One who held it lets go. */
	release(unit: number): void {
		if (Atomics.sub(this.#cells, this.memory.cell(unit) + Cell.refs, 1) === 1)
			this.whenLocked(() => this.room.free(unit));
	}

	/** The same for who has the lock. */
	releaseLocked(unit: number): void {
		if (Atomics.sub(this.#cells, this.memory.cell(unit) + Cell.refs, 1) === 1) this.room.free(unit);
	}

	/** Whether it may still be found. */
	isOfNow(at: number): boolean {
		return this.#cells[at + Cell.era] === Atomics.load(this.#cells, Control.era);
	}

	#removeLocked(unit: number): void {
		// Its bucket's lock was not to be had: another time.
		if (!this.unlink(unit) && this.#cells[this.memory.cell(unit) + Cell.linked] === 1)
			this.#later.push(() => this.#removeLocked(unit));
		else this.releaseLocked(unit);
	}

	#isOf(at: number, unit: number, key: CacheKey): boolean {
		const cells = this.#cells;
		const { length } = key;
		if (cells[at + Cell.high] !== (key.high | 0) || cells[at + Cell.keyLength] !== length || !this.isOfNow(at))
			return false;
		const { bytes } = this.memory;
		const from = this.memory.byte(unit) + RECORD_BYTES;
		for (let i = 0; i < length; i++) if (bytes[from + i] !== key.bytes[i]) return false;
		return true;
	}

	#bucket(low: number): number {
		return this.memory.bucket(low);
	}

	#stripe(low: number): number {
		return this.memory.stripes + (low & this.memory.bucketMask & (STRIPES - 1)) * 16;
	}

	#patient(at: number, patienceMs: number): boolean {
		const writes = patienceMs > LOOK_MS;
		const hopeless = this.#lost === at || (!writes && this.#stuck === at);
		if (!lock(this.#cells, at, this.#owner, hopeless ? 0 : patienceMs)) {
			if (writes) this.#lost = at;
			else this.#stuck = at;
			return false;
		}
		if (this.#stuck === at) this.#stuck = 0;
		if (this.#lost === at) this.#lost = 0;
		return true;
	}
}
