/** How many different values there were, in 2 KB (HyperLogLog): exact for a few, then within 2.3 % (one standard deviation). */

const BITS = 11;
const CELLS = 1 << BITS;
/** What is told by fewer cells is kept cell by cell. */
const SPARSE = 400;
const ALPHA = 0.7213 / (1 + 1.079 / CELLS);
/** The character of a rank of 0; none of those behind it needs an escape in JSON. */
const FIRST = 48;

/** What `DistinctCount.packed` gives: all ranks as characters, or a few cells with theirs in turn. */
export type PackedDistinct = string | number[];

export class DistinctCount {
	readonly #ranks = new Uint8Array(CELLS);

	add(value: string): void {
		const hash = hashOf(value);
		this.#raise(hash & (CELLS - 1), Math.clz32(hash >>> BITS) - BITS + 1);
	}

	#raise(cell: number, rank: number): void {
		if ((this.#ranks[cell] ?? Number.POSITIVE_INFINITY) < rank) this.#ranks[cell] = rank;
	}

	/** A whole number. */
	get count(): number {
		let sum = 0;
		let empty = 0;
		for (const rank of this.#ranks) {
			sum += 2 ** -rank;
			if (rank === 0) empty++;
		}
		const raw = (ALPHA * CELLS * CELLS) / sum;
		// Few values: how many cells are empty tells more.
		return Math.round(raw <= 2.5 * CELLS && empty > 0 ? CELLS * Math.log(CELLS / empty) : raw);
	}

	packed(): PackedDistinct {
		const cells: number[] = [];
		for (let cell = 0; cell < CELLS; cell++) {
			const rank = this.#ranks[cell] as number;
			if (rank > 0) cells.push(cell, rank);
		}
		return cells.length <= SPARSE * 2 ? cells : String.fromCharCode(...this.#ranks.map((rank) => rank + FIRST));
	}

	/** What `packed` gave. */
	addPacked(packed: PackedDistinct): void {
		if (typeof packed === 'string')
			for (let cell = 0; cell < packed.length; cell++) this.#raise(cell, packed.charCodeAt(cell) - FIRST);
		else for (let at = 0; at + 1 < packed.length; at += 2) this.#raise(packed[at] as number, packed[at + 1] as number);
	}
}

/** FNV-1a, with the end of MurmurHash3, so that all bits depend on all characters. */
function hashOf(value: string): number {
	let hash = 0x811c9dc5;
	for (let at = 0; at < value.length; at++) hash = Math.imul(hash ^ value.charCodeAt(at), 0x01000193);
	hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
	hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
	return (hash ^ (hash >>> 16)) >>> 0;
}
