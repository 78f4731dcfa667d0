/** Writes numbers of variable length, one after the other, into memory that grows. */

const MOST_INTEGER = 2 ** 51;
/** What is no whole number is kept to a millionth. */
const PARTS = 1e6;

/** The two lowest bits of a number's first part say what it is. */
export const Form = { whole: 0, parts: 1, float: 2, gone: 3 } as const;

export class ByteWriter {
	#bytes: Uint8Array;
	#length = 0;

	constructor(room = 64) {
		this.#bytes = new Uint8Array(room);
	}

	get length(): number {
		return this.#length;
	}

	/** What was written; shares its memory until more is. */
	view(): Uint8Array {
		return this.#bytes.subarray(0, this.#length);
	}

	/** A copy that takes no more than its length. */
	take(): Uint8Array {
		return this.#bytes.slice(0, this.#length);
	}

	clear(): void {
		this.#length = 0;
	}

	#need(bytes: number): void {
		if (this.#length + bytes <= this.#bytes.length) return;
		const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + bytes));
		grown.set(this.view());
		this.#bytes = grown;
	}

	/** A whole number, 0…2^53 − 1. */
	varint(value: number): void {
		this.#need(8);
		let rest = value;
		while (rest > 0x7fffffff) {
			this.#bytes[this.#length++] = (rest % 128) | 128;
			rest = Math.floor(rest / 128);
		}
		while (rest > 127) {
			this.#bytes[this.#length++] = (rest & 127) | 128;
			rest >>>= 7;
		}
		this.#bytes[this.#length++] = rest;
	}

	/** Any number; what is neither whole nor huge to a millionth. NaN stands for what is gone. */
	number(value: number): void {
		if (Number.isInteger(value) && value >= 0 && value < MOST_INTEGER) return this.varint(value * 4 + Form.whole);
		if (Number.isNaN(value)) return this.varint(Form.gone);
		const parts = Math.round(value * PARTS);
		if (parts >= 0 && parts < MOST_INTEGER) return this.varint(parts * 4 + Form.parts);
		this.varint(Form.float);
		this.#need(8);
		new DataView(this.#bytes.buffer).setFloat64(this.#length, value, true);
		this.#length += 8;
	}

	bytes(bytes: Uint8Array): void {
		this.#need(bytes.length);
		this.#bytes.set(bytes, this.#length);
		this.#length += bytes.length;
	}
}
