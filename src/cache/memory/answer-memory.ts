/**
 * One piece of shared memory that holds all stored answers of a node: a block of control cells, locks, an index of
 * buckets, ghosts of what was evicted, a map of the free runs, and the arena. The arena consists of units of 256
 * bytes; an entry is named by the unit where its record begins. The operating system gives pages only when they are
 * first written, so that a large memory costs what is in it.
 */

import { Cell, RECORD_BYTES } from './entry-record.ts';

/** Bytes of a unit of the arena. */
export const UNIT = 256;
export const UNIT_CELLS: number = UNIT / 4;
/** Units that lie in one piece at most: 1 MiB. */
export const CHUNK = 4096;
/** Locks of the buckets. */
export const STRIPES = 256;

/** Control cells. */
export const Control = {
	units: 0,
	buckets: 1,
	/** Not 0: no entry is found or begun any more; the control plane has made another memory. */
	abandoned: 2,
	/** Bits of the workers that ended without having closed it. */
	dead: 3,
	/** What a purge of everything counts up: entries of another era are not found, or (soft) stale. */
	era: 4,
	softEra: 5,
	generation: 6,
	entries: 7,
	usedUnits: 8,
	/** Units from here on were never used. */
	virgin: 9,
	/** How often something was purged by a walk; wraps. */
	purges: 10,
	/** What lies on disk: its queue (as below), where eviction goes on; pages of the disk in use and at most; how many answers. */
	disk: 16,
	diskHand: 19,
	diskPages: 20,
	diskMost: 21,
	diskEntries: 22,
	diskEvicted: 23,
	/** A `DiskState`. */
	diskOn: 24,
	/** The system's number of what was wrong when one was; 0: nothing. */
	diskFault: 25,
	/** Number of the last file. */
	diskFile: 26,
	/** Bytes of a body from which on it lies there. */
	diskFrom: 27,
	/** Queues of what may be evicted: first, last, units. */
	small: 32,
	main: 35,
	/** Entries that became ghosts; wraps. */
	ghosts: 38,
	evicted: 39,
	/** Share of those that passed the small queue of late that was given meanwhile, in parts of `SHARE_ONE`. */
	smallGiven: 40,
	/** Guards all but the buckets. */
	lock: 48,
	/** A cell for each worker, that others change to wake it. */
	wake: 64,
	/** When the last soft purges of all were, epoch ms, as 64-bit floats. */
	softTimes: 128,
	/** Bits of the lists of free runs that have one, and the first of each. */
	freeBits: 256,
	free: 260,
	/** When it was made, epoch ms, as a 64-bit float. */
	birth: 192,
} as const;

/** What may be done with the files of bodies. */
export const DiskState = {
	/** Nothing: another core has them. */
	off: 0,
	/** Those of nobody are removed: the disk fails, or what is there is looked at first. */
	removing: 1,
	on: 2,
} as const;

/** A whole share, where one is counted in a control cell. */
export const SHARE_ONE = 65_536;
export const SOFT_TIMES = 16;
/** Cells of two buckets and their ghost. */
const GROUP = 4;
const CONTROL_BYTES = 4096;
const STRIPE_BYTES = 64;
const PAGE = 4096;

export class AnswerMemory {
	readonly buffer: SharedArrayBuffer;
	readonly cells: Int32Array;
	readonly bytes: Buffer;
	readonly floats: Float64Array;
	/** Units of the arena; the first one is never used, since 0 means none. */
	readonly units: number;
	/** How many, less one. */
	readonly bucketMask: number;
	/** Cells where the locks of the buckets, and the buckets begin. */
	readonly stripes: number = CONTROL_BYTES / 4;
	readonly #buckets: number;
	/** Bytes where the map of free runs and the arena begin. */
	readonly map: number;
	readonly arena: number;
	readonly arenaCell: number;

	constructor(buffer: SharedArrayBuffer) {
		this.buffer = buffer;
		this.cells = new Int32Array(buffer);
		this.bytes = Buffer.from(buffer);
		this.floats = new Float64Array(buffer);
		this.units = this.cells[Control.units] as number;
		const buckets = this.cells[Control.buckets] as number;
		const places = layOut(this.units, buckets);
		this.bucketMask = buckets - 1;
		this.#buckets = places.buckets / 4;
		this.map = places.map;
		this.arena = places.arena;
		this.arenaCell = places.arena / 4;
	}

	/** An empty one of so many bytes, all that belongs to it included. */
	static create(bytes: number, nowMs: number = Date.now()): SharedArrayBuffer {
		let units = Math.floor(bytes / UNIT);
		let buckets = 1;
		while (buckets * 2 <= units) buckets *= 2;
		// What is left beside the index and the map.
		units = Math.floor((bytes - layOut(0, buckets).arena - PAGE) / (UNIT + 1));
		const buffer = new SharedArrayBuffer(layOut(units, buckets).arena + units * UNIT);
		const cells = new Int32Array(buffer, 0, CONTROL_BYTES / 4);
		cells[Control.units] = units;
		cells[Control.buckets] = buckets;
		cells[Control.virgin] = 1;
		cells[Control.smallGiven] = SHARE_ONE;
		new Float64Array(buffer)[Control.birth / 2] = nowMs;
		return buffer;
	}

	/**
	 * A worker ended without its having let go of what it held: nothing is found or begun here any more, what the
	 * dead one was filling is broken, and no lock is waited for. The others go on with what they hold.
	 */
	static abandon(buffer: SharedArrayBuffer, worker: number): void {
		const cells = new Int32Array(buffer, 0, CONTROL_BYTES / 4);
		Atomics.or(cells, Control.dead, 1 << worker);
		Atomics.store(cells, Control.abandoned, 1);
		for (let other = 0; other < 32; other++) {
			Atomics.add(cells, Control.wake + other, 1);
			Atomics.notify(cells, Control.wake + other);
		}
	}

	/** Cell, and byte, where a unit begins. */
	cell(unit: number): number {
		return this.arenaCell + unit * UNIT_CELLS;
	}

	byte(unit: number): number {
		return this.arena + unit * UNIT;
	}

	/** Cell of a bucket, by its number, of which more bits may be set. Two of them and their ghost lie side by side: they are wanted together, and far from all else. */
	bucket(number: number): number {
		return this.#buckets + ((number & this.bucketMask) >>> 1) * GROUP + (number & 1);
	}

	/** Cell of the ghost beside a bucket: half of a hash, and when. */
	ghost(bucket: number): number {
		return this.#buckets + ((bucket & this.bucketMask) >>> 1) * GROUP + 2;
	}

	/** Byte where what is known of an answer begins, by the cell of its record: in a run of its own, or behind the key. */
	content(record: number): number {
		const { cells } = this;
		const cell = this.cell(cells[record + Cell.content] as number);
		return cell === record ? inlineContent(cell * 4, cells[record + Cell.keyLength] as number) : cell * 4;
	}

	get abandoned(): boolean {
		return this.cells[Control.abandoned] !== 0;
	}

	/** ms since it was made, as a whole number that is never 0 and wraps. */
	ticks(nowMs: number): number {
		return (nowMs - (this.floats[Control.birth / 2] as number)) | 0 || 1;
	}
}

/** Where it begins behind a key: numbers of eight bytes stand there. */
export function inlineContent(record: number, keyLength: number): number {
	return record + RECORD_BYTES + Math.ceil(keyLength / 8) * 8;
}

function layOut(units: number, buckets: number): { buckets: number; map: number; arena: number } {
	const bucketsAt = CONTROL_BYTES + STRIPES * STRIPE_BYTES;
	const map = bucketsAt + (buckets / 2) * GROUP * 4;
	return { buckets: bucketsAt, map, arena: Math.ceil((map + units) / PAGE) * PAGE };
}
