/**
 * A frame: what the series of one metric did in one span of time, as bytes. Only series that did something
 * are in it, by growing id. The same form is kept in memory, for a second, and on disk, for a minute and more.
 */
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/**
 * What an entry holds. `number`: by how much a counter grew, or what a gauge is now; NaN: it is gone.
 * `mean`: a gauge's mean, and over how many ms it is known. `cells`: what a histogram gained: the sum, then
 * of each cell that did its index (as a distance) and count.
 */
export type FrameShape = 'number' | 'mean' | 'cells';

export class FrameWriter {
	readonly #bytes = new ByteWriter(256);
	readonly #part = new ByteWriter(128);
	#last = 0;

	get empty(): boolean {
		return this.#bytes.length === 0;
	}

	/** The frame; good until `clear`. */
	view(): Uint8Array {
		return this.#bytes.view();
	}

	take(): Uint8Array {
		return this.#bytes.take();
	}

	clear(): void {
		this.#bytes.clear();
		this.#last = 0;
	}

	#series(id: number): void {
		this.#bytes.varint(id - this.#last);
		this.#last = id;
	}

	number(id: number, value: number): void {
		this.#series(id);
		this.#bytes.number(value);
	}

	mean(id: number, value: number, knownMs: number): void {
		this.#series(id);
		this.#bytes.number(value);
		this.#bytes.varint(Math.round(knownMs));
	}

	/** By growing index. */
	cells(id: number, sum: number, gained: Iterable<readonly [cell: number, count: number]>): void {
		const part = this.#part;
		part.clear();
		part.number(sum);
		let last = -1;
		for (const [cell, count] of gained) {
			part.varint(cell - last - 1);
			part.varint(count);
			last = cell;
		}
		this.#series(id);
		this.#bytes.varint(part.length);
		this.#bytes.bytes(part.view());
	}
}

/** Goes through the entries of a frame: `next()`, then what it found stands in the fields. */
export class FrameReader {
	id = 0;
	/** The number, the mean, or the sum. */
	value = 0;
	knownMs = 0;
	readonly #shape: FrameShape;
	readonly #bytes: ByteReader;
	#cellsEnd = 0;

	/** @throws RangeError, as its methods, when the bytes are damaged */
	constructor(
		shape: FrameShape,
		bytes: Uint8Array,
		range: { from: number; to: number } = { from: 0, to: bytes.length },
	) {
		this.#shape = shape;
		this.#bytes = new ByteReader(bytes, range.from, range.to);
	}

	next(): boolean {
		const bytes = this.#bytes;
		if (this.#cellsEnd > 0) bytes.at = this.#cellsEnd;
		if (bytes.done) return false;
		this.id += bytes.varint();
		if (this.#shape === 'cells') {
			const length = bytes.varint();
			const from = bytes.at;
			this.#cellsEnd = bytes.skip(length);
			bytes.at = from;
		}
		this.value = bytes.number();
		if (this.#shape === 'mean') this.knownMs = bytes.varint();
		return true;
	}

	/** Adds the cells of this entry to others; once for each entry. */
	addCells(to: Float64Array): void {
		const bytes = this.#bytes;
		let cell = -1;
		while (bytes.at < this.#cellsEnd) {
			cell += bytes.varint() + 1;
			const count = bytes.varint();
			if (cell < to.length) to[cell] = (to[cell] as number) + count;
		}
	}
}

/** The cells that are not 0. */
export function* filled(cells: Float64Array): Generator<readonly [number, number]> {
	for (let i = 0; i < cells.length; i++) if (cells[i] !== 0) yield [i, cells[i] as number];
}
