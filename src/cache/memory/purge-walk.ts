import { setImmediate as nextTurn } from 'node:timers/promises';
import { FillState, type PurgeSelect } from '../answer-store.ts';
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
	/** Of an entry that is held. */
	makeStale(unit: number): void;
}

/** Walks over all entries in pieces; how many were purged. */
export async function purgeWalk(store: WalkedStore, select: PurgeSelect, soft: boolean): Promise<number> {
	const { memory } = store;
	// What is asked for now may be of before: it is not stored.
	Atomics.add(memory.cells, Control.purges, 1);
	if ('all' in select && soft) return allStale(memory);
	// From here on none of them is found; the walk only gives back their memory.
	if ('all' in select) Atomics.add(memory.cells, Control.era, 1);
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
	if ('all' in select) {
		return (unit) => cells[memory.cell(unit) + Cell.era] !== Atomics.load(cells, Control.era);
	}
	if ('tag' in select) {
		const tags = new Set([select.tag].flat());
		return (unit) => {
			const at = memory.cell(unit);
			const content = Atomics.load(cells, at + Cell.content);
			// Whose tags are not known yet was asked for before the purge, and may bring what it is to remove.
			if (content === 0) return cells[at + Cell.state] === FillState.asked;
			return hasTag(bytes, { from: memory.content(at), varyEnd: cells[at + Cell.varyEnd] as number }, tags);
		};
	}
	return (unit) => {
		const from = memory.byte(unit) + RECORD_BYTES;
		return select.key(bytes.subarray(from, from + (cells[memory.cell(unit) + Cell.keyLength] as number)));
	};
}
