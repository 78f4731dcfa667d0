/** Bytes before the records: where the writer and the reader stand, and what was lost. */
const HEAD_BYTES = 64;
const Cell = { written: 0, read: 1, dropped: 2, cells: 16 } as const;
/** Stands where the next record would have begun, when that goes on at the start of the ring. */
const WRAP = -1;

/** Up to here, 64 KiB, it is not worth while to begin anew. */
const NEAR_WORDS = 8192;

/** Most bytes of one record. */
export const RECORD_MOST = 8192;

/**
 * Records from one thread to another through shared memory: one writes, one reads, nobody waits. Each
 * record begins with its length in bytes (32 bits) and at a multiple of 8. A full ring drops the record
 * and counts that.
 *
 * Positions count words of 8 bytes and wrap at 2³²; the capacity is a power of two.
 */
export class RecordRing {
	readonly buffer: SharedArrayBuffer;
	readonly bytes: Uint8Array;
	readonly ints: Int32Array;
	readonly floats: Float64Array;
	readonly #cells: Int32Array;
	/** Capacity in words, less one. */
	readonly #mask: number;
	/** The writer's: where it stands, and how far the reader was known to be. */
	#written: number;
	#readSeen: number;
	#looks = 0;
	/** Where the record that is being written begins, bytes. */
	#at = 0;

	/** `capacity` in bytes: a power of two, at least 64 KiB. */
	static create(capacity: number): RecordRing {
		return new RecordRing(new SharedArrayBuffer(HEAD_BYTES + capacity));
	}

	constructor(buffer: SharedArrayBuffer) {
		this.buffer = buffer;
		const capacity = buffer.byteLength - HEAD_BYTES;
		this.#cells = new Int32Array(buffer, 0, Cell.cells);
		this.bytes = new Uint8Array(buffer, HEAD_BYTES, capacity);
		this.ints = new Int32Array(buffer, HEAD_BYTES, capacity / 4);
		this.floats = new Float64Array(buffer, HEAD_BYTES, capacity / 8);
		this.#mask = capacity / 8 - 1;
		this.#written = Atomics.load(this.#cells, Cell.written);
		this.#readSeen = Atomics.load(this.#cells, Cell.read);
	}

	/** Records that found no room; wraps. */
	get dropped(): number {
		return Atomics.load(this.#cells, Cell.dropped);
	}

	/** Room for a record of at most so many bytes: where it is to begin, in bytes; -1: there is none, which is counted. */
	reserve(bytes: number): number {
		const words = (bytes + 7) >>> 3;
		const capacity = this.#mask + 1;
		let at = this.#written & this.#mask;
		// A record is never split. Once all was read it goes on at the start: the same memory again is in the caches.
		const skip = at + words > capacity || (at >= NEAR_WORDS && this.#isRead()) ? capacity - at : 0;
		if (this.#free() < words + skip) {
			this.#readSeen = Atomics.load(this.#cells, Cell.read);
			if (this.#free() < words + skip) {
				Atomics.add(this.#cells, Cell.dropped, 1);
				return -1;
			}
		}
		if (skip > 0) {
			this.ints[at * 2] = WRAP;
			this.#written = (this.#written + skip) | 0;
			at = 0;
		}
		this.#at = at * 8;
		return this.#at;
	}

	/** The reader has seen all. Looked up now and then: the cell is the other thread's. */
	#isRead(): boolean {
		if ((++this.#looks & 15) !== 0) return false;
		this.#readSeen = Atomics.load(this.#cells, Cell.read);
		return this.#readSeen === this.#written;
	}

	#free(): number {
		return this.#mask + 1 - ((this.#written - this.#readSeen) >>> 0);
	}

	/** The reserved record is written and has so many bytes: the reader may have it. */
	publish(bytes: number): void {
		this.ints[this.#at >> 2] = bytes;
		this.#written = (this.#written + ((bytes + 7) >>> 3)) | 0;
		Atomics.store(this.#cells, Cell.written, this.#written);
	}

	/** Hands what is there to `take`, at most so many records; returns how many. The bytes may be used until it returns. */
	drain(take: (at: number, bytes: number) => void, most: number): number {
		const written = Atomics.load(this.#cells, Cell.written);
		let read = Atomics.load(this.#cells, Cell.read);
		let count = 0;
		while (read !== written && count < most) {
			const at = read & this.#mask;
			const length = this.ints[at * 2] as number;
			if (length === WRAP) {
				read = (read + (this.#mask + 1 - at)) | 0;
				continue;
			}
			// A writer that died in the middle published nothing; anything else here would be a fault of ours.
			if (length <= 0 || length > RECORD_MOST) throw new Error(`a record of ${length} bytes in the ring`);
			take(at * 8, length);
			count++;
			read = (read + ((length + 7) >>> 3)) | 0;
			// Given back bit by bit, so that the writer finds room while a long backlog is worked off.
			if ((count & 63) === 0) Atomics.store(this.#cells, Cell.read, read);
		}
		Atomics.store(this.#cells, Cell.read, read);
		return count;
	}
}
