import { Form } from './byte-writer.ts';

/** Reads what `ByteWriter` wrote. @throws RangeError where the bytes end too early: they are damaged */
export class ByteReader {
	readonly #bytes: Uint8Array;
	at: number;
	end: number;

	constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
		this.#bytes = bytes;
		this.at = at;
		this.end = end;
	}

	get done(): boolean {
		return this.at >= this.end;
	}

	varint(): number {
		let value = 0;
		let factor = 1;
		for (let i = 0; i < 8; i++) {
			if (this.at >= this.end) throw new RangeError('the bytes end within a number');
			const byte = this.#bytes[this.at++] as number;
			value += (byte & 127) * factor;
			if (byte < 128) return value;
			factor *= 128;
		}
		throw new RangeError('a number has too many bytes');
	}

	number(): number {
		const first = this.varint();
		const form = first % 4;
		if (form === Form.whole) return first / 4;
		if (form === Form.parts) return (first - Form.parts) / 4 / 1e6;
		if (form === Form.gone) return Number.NaN;
		if (this.at + 8 > this.end) throw new RangeError('the bytes end within a number');
		const value = new DataView(this.#bytes.buffer, this.#bytes.byteOffset).getFloat64(this.at, true);
		this.at += 8;
		return value;
	}

	/** The place behind so many bytes. */
	skip(bytes: number): number {
		const to = this.at + bytes;
		if (to > this.end) throw new RangeError('the bytes end too early');
		return (this.at = to);
	}
}
