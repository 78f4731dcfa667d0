/** Reads and writes the parts of a value; a value that is cut short or says nonsense has none. */

/** Bytes of a text at most. */
const TEXT_MOST = 0xffff;
const NULL = 0xffff_ffff;

export class ValueWriter {
	readonly #parts: Buffer[] = [];

	number(value: number): void {
		const bytes = Buffer.allocUnsafe(8);
		bytes.writeDoubleLE(value);
		this.#parts.push(bytes);
	}

	/** Behind its length. */
	bytes(value: Uint8Array | null): void {
		const length = Buffer.allocUnsafe(4);
		length.writeUInt32LE(value === null ? NULL : value.length);
		this.#parts.push(length);
		if (value !== null) this.#parts.push(value as Buffer);
	}

	text(value: string | null): void {
		this.bytes(value === null ? null : Buffer.from(value));
	}

	/** Pieces that are one, `length` bytes in all. */
	pieces(length: number, pieces: Iterable<Uint8Array>): void {
		const size = Buffer.allocUnsafe(4);
		size.writeUInt32LE(length);
		this.#parts.push(size, ...(pieces as Iterable<Buffer>));
	}

	/** Behind `room` bytes for somebody else. */
	join(room: number): Buffer {
		return Buffer.concat([Buffer.alloc(room), ...this.#parts]);
	}
}

export class ValueReader {
	readonly #bytes: Buffer;
	#at: number;
	/** It asked for more than there is. */
	#short = false;

	constructor(bytes: Buffer, at: number) {
		this.#bytes = bytes;
		this.#at = at;
	}

	/** All was there, and nothing is left. */
	get whole(): boolean {
		return !this.#short && this.#at === this.#bytes.length;
	}

	/** NaN: there is none. */
	number(): number {
		const at = this.#take(8);
		return at < 0 ? Number.NaN : this.#bytes.readDoubleLE(at);
	}

	bytes(): Buffer | null {
		const at = this.#take(4);
		const length = at < 0 ? NULL : this.#bytes.readUInt32LE(at);
		if (length === NULL) return null;
		const from = this.#take(length);
		return from < 0 ? null : this.#bytes.subarray(from, from + length);
	}

	text(): string | null {
		const bytes = this.bytes();
		if (bytes !== null && bytes.length > TEXT_MOST) this.#short = true;
		return bytes === null || this.#short ? null : bytes.toString();
	}

	/** How many follow, at most so many. */
	count(most: number): number {
		const count = this.number();
		if (Number.isInteger(count) && count >= 0 && count <= most) return count;
		this.#short = true;
		return 0;
	}

	/** Where so many bytes begin; -1: there are not so many. */
	#take(length: number): number {
		const at = this.#at;
		if (this.#short || at + length > this.#bytes.length) {
			this.#short = true;
			return -1;
		}
		this.#at = at + length;
		return at;
	}
}
