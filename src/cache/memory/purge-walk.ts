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

/** Walks over all entries in pieces; how many were purged. */
export async function purgeWalk(store: WalkedStore, select: PurgeSelect, soft: boolean): Promise<number> {
	const { memory } = store;
	// What is asked for now may be of before. Noted first: whoever sees that there was one finds of what it is.
	const serial = store.recent?.mark(select, soft);
	if (serial === undefined) Atomics.add(memory.cells, Control.purges, 1);
	else Atomics.store(memory.cells, Control.purges, serial | 0);
	if ('everything' in select && soft) return allStale(memory);
	// From here on none of them is found; the walk only gives back their memory.
	if ('everything' in select) Atomics.add(memory.cells, Control.era, 1);
	const suits = selector(memory, select);
	let count = 0;
	let until = performance.now() + PIECE_MS;
	for (let bucket = 0; bucket <= memory.bucketMask; bucket++) {
		for (const unit of store.table.collectBucket(bucket, suits)) {
			if (soft) store.makeStale(unit);
			if (soft || store.table.remove(unit)) count++;
			store.table.release(unit);
		}
		if (bucket % BUCKETS !== 0 || performance.now() < until) continue;
		await nextTurn();
		until = performance.now() + PIECE_MS;
	}
	return count;
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
