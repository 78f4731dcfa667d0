/** Sorted ids of entries, in a range, as they are collected from the text index. */

export class IdList {
	readonly from: number;
	readonly to: number;
	/** An id beyond the range was seen since `begin`: nothing of the list follows. */
	full = false;
	#ids = new Float64Array(4096);
	#count = 0;
	#id = 0;
	#ordered = true;
	readonly #within: Float64Array | null;
	/** Place in `within`; -1: to be found. */
	#at = -1;

	/** @param within only these are wanted, in order; null: all */
	constructor(from: number, to: number, within: Float64Array | null = null) {
		this.from = from;
		this.to = to;
		this.#within = within;
	}

	/** Another part of the index follows, whose ids may be older. */
	anew(): void {
		this.#at = -1;
	}

	/** The next id is written in full. */
	begin(): void {
		this.#id = 0;
		this.full = false;
	}

	/**
	 * Takes what stands in bytes[at, end): of each entry its id, as the difference to the one before, the size of
	 * its places, and the places, which may go on behind the end. False: an entry was removed, which none is.
	 */
	read(bytes: Uint8Array, at: number, end: number): boolean {
		const { from, to } = this;
		let id = this.#id;
		let next = at;
		while (next < end) {
			let byte = bytes[next++] as number;
			let more = byte & 0x7f;
			while (byte >= 0x80) {
				byte = bytes[next++] as number;
				more = more * 128 + (byte & 0x7f);
			}
			id += more;
			byte = bytes[next++] as number;
			let size = byte & 0x7f;
			while (byte >= 0x80) {
				byte = bytes[next++] as number;
				size = size * 128 + (byte & 0x7f);
			}
			if ((size & 1) === 1) return false;
			next += size >> 1;
			if (id > to) {
				this.full = true;
				return true;
			}
			if (id >= from) this.#add(id);
		}
		this.#id = id;
		return true;
	}

	#isWanted(id: number, within: Float64Array): boolean {
		let at = this.#at < 0 ? placeIn(within, id) : this.#at;
		while (at < within.length && (within[at] as number) < id) at++;
		this.#at = at;
		return within[at] === id;
	}

	#add(id: number): void {
		if (this.#within !== null && !this.#isWanted(id, this.#within)) return;
		if (this.#count === this.#ids.length) {
			const wider = new Float64Array(this.#count * 2);
			wider.set(this.#ids);
			this.#ids = wider;
		}
		if (this.#count > 0 && id < (this.#ids[this.#count - 1] as number)) this.#ordered = false;
		this.#ids[this.#count++] = id;
	}

	sorted(): Float64Array {
		const ids = this.#ids.subarray(0, this.#count);
		return this.#ordered ? ids : ids.sort();
	}
}

/** The first that is not below an id. */
function placeIn(ids: Float64Array, id: number): number {
	let [low, high] = [0, ids.length];
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((ids[middle] as number) < id) low = middle + 1;
		else high = middle;
	}
	return low;
}

/** What stands in all of two lists. */
export function both(one: Float64Array, other: Float64Array): Float64Array {
	const found = new Float64Array(Math.min(one.length, other.length));
	let count = 0;
	for (let at = 0, there = 0; at < one.length && there < other.length; ) {
		const [id, otherId] = [one[at] as number, other[there] as number];
		if (id === otherId) found[count++] = id;
		if (id <= otherId) at++;
		if (otherId <= id) there++;
	}
	return found.subarray(0, count);
}

/** What stands in the first and not in the other. */
export function except(one: Float64Array, other: Float64Array): Float64Array {
	const found = new Float64Array(one.length);
	let count = 0;
	for (let at = 0, there = 0; at < one.length; at++) {
		const id = one[at] as number;
		while (there < other.length && (other[there] as number) < id) there++;
		if (there === other.length || other[there] !== id) found[count++] = id;
	}
	return found.subarray(0, count);
}

/** What stands in any of two lists. */
export function either(one: Float64Array, other: Float64Array): Float64Array {
	const found = new Float64Array(one.length + other.length);
	let count = 0;
	let [at, there] = [0, 0];
	while (at < one.length || there < other.length) {
		const id = at < one.length ? (one[at] as number) : Number.POSITIVE_INFINITY;
		const otherId = there < other.length ? (other[there] as number) : Number.POSITIVE_INFINITY;
		found[count++] = Math.min(id, otherId);
		if (id <= otherId) at++;
		if (otherId <= id) there++;
	}
	return found.subarray(0, count);
}
