import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PurgeSelect } from '../answer-store.ts';
import { keysOf, keysUnder } from '../purges/purge-key.ts';
import type { RecentPurges } from '../purges/recent-purges.ts';
import { hasTag } from './answer-codec.ts';
import { type AnswerMemory, Control, SOFT_TIMES } from './answer-memory.ts';
import { Cell, RECORD_BYTES } from './entry-record.ts';
import type { EntryTable } from './entry-table.ts';

/** Of each turn of the worker, ms. */
const PIECE_MS = 0.5;
/** Buckets between two looks at the clock. */
const BUCKETS = 64;

export interface WalkedStore {
	readonly memory: AnswerMemory;
	readonly table: EntryTable;
	readonly recent: RecentPurges | null;
	/** Of an entry that is held. */
	makeStale(unit: number): void;
}

/** A purge that waits for a walk, or is part of one. */
interface Walked {
	/** The entry whose record is at a unit is meant. */
	readonly suits: (unit: number) => boolean;
	readonly soft: boolean;
	count: number;
	done(count: number): void;
}

/** Carries purges out by walks over all entries, in pieces: those that come while one is under way are one walk together. */
export class PurgeWalks {
	readonly #store: WalkedStore;
	#waiting: Walked[] = [];
	#walking = false;

	constructor(store: WalkedStore) {
		this.#store = store;
	}

	/** How many were purged. From the call on, what is asked for is of behind it. */
	purge(select: PurgeSelect, soft: boolean): Promise<number> {
		const { memory, recent } = this.#store;
		// What is asked for now may be of before. Noted first: whoever sees that there was one finds of what it is.
		const serial = recent?.mark(select, soft);
		if (serial === undefined) Atomics.add(memory.cells, Control.purges, 1);
		else Atomics.store(memory.cells, Control.purges, serial | 0);
		if ('everything' in select && soft) return Promise.resolve(allStale(memory));
		// From here on none of them is found; the walk only gives back their memory.
		if ('everything' in select) Atomics.add(memory.cells, Control.era, 1);
		const suits = selector(memory, select);
		const counted = new Promise<number>((done) => this.#waiting.push({ suits, soft, count: 0, done }));
		if (!this.#walking) void this.#run();
		return counted;
	}

	async #run(): Promise<void> {
		this.#walking = true;
		while (this.#waiting.length > 0) {
			const all = this.#waiting;
			this.#waiting = [];
			await this.#walk(all);
			for (const { count, done } of all) done(count);
		}
		this.#walking = false;
	}

	async #walk(all: readonly Walked[]): Promise<void> {
		const { table, memory } = this.#store;
		const suits = (unit: number): boolean => all.some((one) => one.suits(unit));
		let until = performance.now() + PIECE_MS;
		for (let bucket = 0; bucket <= memory.bucketMask; bucket++) {
			for (const unit of table.collectBucket(bucket, suits)) {
				this.#purgeOne(unit, all);
				table.release(unit);
			}
			if (bucket % BUCKETS !== 0 || performance.now() < until) continue;
			await nextTurn();
			until = performance.now() + PIECE_MS;
		}
	}

	/** One that is held, by all that it is meant by, until it is gone. */
	#purgeOne(unit: number, all: readonly Walked[]): void {
		for (const one of all) {
			if (!one.suits(unit)) continue;
			if (one.soft) this.#store.makeStale(unit);
			if (one.soft || this.#store.table.remove(unit)) one.count++;
			if (!one.soft) return;
		}
	}
}

function allStale(memory: AnswerMemory): number {
	const { cells, floats } = memory;
	const era = (Atomics.load(cells, Control.softEra) + 1) | 0;
	floats[Control.softTimes / 2 + ((era >>> 0) % SOFT_TIMES)] = Date.now();
	Atomics.store(cells, Control.softEra, era);
	return cells[Control.entries] as number;
}

/** Whether the entry whose record is at a unit is meant. */
function selector(memory: AnswerMemory, select: PurgeSelect): (unit: number) => boolean {
	const { cells, bytes } = memory;
	if ('everything' in select) {
		return (unit) => cells[memory.cell(unit) + Cell.era] !== Atomics.load(cells, Control.era);
	}
	if ('tags' in select) {
		const tags = new Set(select.tags);
		return (unit) => {
			const at = memory.cell(unit);
			// Whose tags are not known yet is held against the purge when they are.
			if (Atomics.load(cells, at + Cell.content) === 0) return false;
			return hasTag(bytes, { from: memory.content(at), varyEnd: cells[at + Cell.varyEnd] as number }, tags);
		};
	}
	const meant = 'urls' in select ? keysOf(select.urls) : keysUnder(select.prefixes);
	return (unit) => {
		const from = memory.byte(unit) + RECORD_BYTES;
		return meant(bytes.subarray(from, from + (cells[memory.cell(unit) + Cell.keyLength] as number)));
	};
}
