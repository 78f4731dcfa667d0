import type { Transport } from './transport.ts';

const CAPACITY = 96 * 1024;
/** A larger buffer is let go with the message that needed it. */
const CAPACITY_MOST = 4 * CAPACITY;
/** Pieces below this are gathered with what is written beside them instead of being written alone. */
export const GATHER_BYTES: number = 16 * 1024;
/** Below this many bytes a plain loop is quicker than the call into the runtime. */
const SHORT = 40;
/** Views that are kept, a power of two. */
const VIEWS = 4096;
/** Whole numbers below are taken apart by whole steps. */
const SMALL = 1_000_000_000;
const DIGITS = Buffer.from('0123456789abcdef');

/**
 * One message under construction: each worker has one and writes it before it begins the next, so
 * nothing is allocated for a message unless the kernel could not take all of it.
 */
export class Output {
	buffer: Buffer = Buffer.allocUnsafeSlow(CAPACITY);
	length = 0;
	/** Its first bytes, by their number: messages of one kind are as long as each other, and a view of them costs as much as copying them. */
	#views: (Buffer | null)[] = new Array(VIEWS).fill(null);

	/** Whether so many bytes more fit. */
	fits(bytes: number): boolean {
		return this.length + bytes <= CAPACITY;
	}

	copy(source: Uint8Array, start: number, end: number): void {
		const size = end - start;
		this.#ensure(size);
		const buffer = this.buffer;
		let at = this.length;
		if (size < SHORT) for (let from = start; from < end; from++) buffer[at++] = source[from] as number;
		else (source as Buffer).copy(buffer, at, start, end);
		this.length += size;
	}

	bytes(source: Uint8Array): void {
		this.copy(source, 0, source.length);
	}

	/** Text of one byte a character. For what is not on the hot path. */
	text(value: string): void {
		this.#ensure(value.length);
		this.length += this.buffer.write(value, this.length, 'latin1');
	}

	/** Makes room for so many bytes, which the caller writes; returns where they begin. */
	room(bytes: number): number {
		this.#ensure(bytes);
		const at = this.length;
		this.length += bytes;
		return at;
	}

	/** A whole number in decimal. */
	decimal(value: number): void {
		this.#ensure(16);
		if (value < SMALL) {
			this.#small(value | 0);
			return;
		}
		let divisor = 1;
		while (value / divisor >= 10) divisor *= 10;
		for (let rest = value; divisor >= 1; divisor /= 10) {
			const digit = Math.floor(rest / divisor);
			this.buffer[this.length++] = 48 + digit;
			rest -= digit * divisor;
		}
	}

	#small(value: number): void {
		let end = this.length + 1;
		for (let bound = 10; bound <= value; bound *= 10) end++;
		this.length = end;
		const { buffer } = this;
		let rest = value;
		do {
			const tens = (rest / 10) | 0;
			buffer[--end] = 48 + rest - tens * 10;
			rest = tens;
		} while (rest > 0);
	}

	/** The size line of a chunk (RFC 9112 §7.1). */
	chunkSize(value: number): void {
		this.#ensure(16);
		let shift = 28;
		while (shift > 0 && value >>> shift === 0) shift -= 4;
		for (; shift >= 0; shift -= 4) this.buffer[this.length++] = DIGITS[(value >>> shift) & 15] as number;
		this.crlf();
	}

	crlf(): void {
		this.#ensure(2);
		this.buffer[this.length++] = 13;
		this.buffer[this.length++] = 10;
	}

	/** Hands all to the transport. False: it keeps part of it (which it owns now). */
	flush(transport: Transport): boolean {
		const { length } = this;
		if (length === 0) return true;
		const taken = transport.write(this.#first(length));
		this.length = 0;
		if (!taken || this.buffer.length > CAPACITY_MOST) this.#replace(Buffer.allocUnsafeSlow(CAPACITY));
		return taken;
	}

	#first(length: number): Buffer {
		const at = length & (VIEWS - 1);
		let view = this.#views[at] as Buffer | null;
		if (view === null || view.length !== length) this.#views[at] = view = this.buffer.subarray(0, length);
		return view;
	}

	#replace(buffer: Buffer): void {
		this.buffer = buffer;
		this.#views.fill(null);
	}

	/** Hands all over, and behind it a piece that stays where it stands until the transport drained. */
	pass(piece: Uint8Array, transport: Transport): void {
		this.flush(transport);
		transport.write(piece);
	}

	#ensure(more: number): void {
		if (this.length + more <= this.buffer.length) return;
		const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.length + more));
		this.buffer.copy(larger, 0, 0, this.length);
		this.#replace(larger);
	}
}
