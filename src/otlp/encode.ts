import { DELIMITED, type Field, isPacked, type Message, type Scalar, wireTypeOf } from './message.ts';

/**
 * The message in protobuf's wire format. A field that is undefined is left out; any other is written, zeros too, since
 * many of OTLP's tell "zero" from "not said".
 */
export function encode<T extends object>(message: Message<T>, value: T): Buffer {
	const writer = new Writer();
	writer.message(message, value);
	return writer.taken();
}

const TWO_32 = 2 ** 32;

class Writer {
	#bytes = Buffer.allocUnsafe(4096);
	#at = 0;

	taken(): Buffer {
		return this.#bytes.subarray(0, this.#at);
	}

	message(message: Message<object>, value: object): void {
		for (const [name, field] of message.fields) {
			const held = (value as Record<string, unknown>)[name];
			if (held === undefined) continue;
			if (!field.repeated) this.#field(field, held);
			else if (typeof field.type === 'string' && isPacked(field.type)) this.#packed(field, held as ArrayLike<number>);
			else for (const item of held as readonly unknown[]) this.#field(field, item);
		}
	}

	#field({ number, type }: Field, value: unknown): void {
		if (typeof type === 'string') {
			this.#varint(number * 8 + wireTypeOf(type));
			this.#scalar(type, value);
			return;
		}
		this.#varint(number * 8 + DELIMITED);
		const start = this.#open();
		this.message(type(), value as object);
		this.#close(start);
	}

	#packed({ number, type }: Field, values: ArrayLike<number>): void {
		if (values.length === 0) return;
		this.#varint(number * 8 + DELIMITED);
		const start = this.#open();
		for (let i = 0; i < values.length; i++) this.#scalar(type as Scalar, values[i]);
		this.#close(start);
	}

	/** Room for a length of one byte; most are that short. */
	#open(): number {
		this.#need(1);
		return ++this.#at;
	}

	#close(start: number): void {
		const length = this.#at - start;
		let extra = 0;
		for (let rest = length; rest >= 128; rest = Math.floor(rest / 128)) extra++;
		if (extra > 0) {
			this.#need(extra);
			this.#bytes.copyWithin(start + extra, start, this.#at);
		}
		this.#at = start - 1;
		this.#varint(length);
		this.#at += length;
	}

	#scalar(type: Scalar, value: unknown): void {
		if (type === 'string') return this.#text(value as string);
		if (type === 'hex') return this.#raw(Buffer.from(value as string, 'hex'));
		if (type === 'bytes') return this.#raw(value as Uint8Array);
		this.#need(10);
		const number = Number(value);
		if (type === 'double') this.#at = this.#bytes.writeDoubleLE(number, this.#at);
		else if (type === 'nanos') this.#nanos(number);
		else if (type === 'fixed64' || type === 'sfixed64') this.#fixed64(number);
		else if (type === 'fixed32') this.#at = this.#bytes.writeUInt32LE(number >>> 0, this.#at);
		else if (type === 'sint32') this.#varint(((number << 1) ^ (number >> 31)) >>> 0);
		else if (number < 0) this.#negative(number);
		else this.#varint(number);
	}

	#nanos(ms: number): void {
		// Whole seconds apart, so that what a double holds of the fraction is not lost in the product.
		const seconds = Math.floor(ms / 1000);
		const nanos = BigInt(seconds) * 1_000_000_000n + BigInt(Math.round((ms - seconds * 1000) * 1e6));
		this.#at = this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, nanos), this.#at);
	}

	#fixed64(value: number): void {
		this.#bytes.writeUInt32LE((value % TWO_32) >>> 0, this.#at);
		this.#at = this.#bytes.writeUInt32LE(Math.floor(value / TWO_32) >>> 0, this.#at + 4);
	}

	#negative(value: number): void {
		let rest = BigInt.asUintN(64, BigInt(value));
		for (; rest > 127n; rest >>= 7n) this.#bytes[this.#at++] = Number(rest & 127n) | 128;
		this.#bytes[this.#at++] = Number(rest);
	}

	#varint(value: number): void {
		this.#need(10);
		let rest = value;
		for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes[this.#at++] = (rest % 128) | 128;
		this.#bytes[this.#at++] = rest;
	}

	#text(value: string): void {
		const most = value.length * 3;
		this.#need(most + 10);
		if (most < 128) {
			const length = this.#bytes.write(value, this.#at + 1, 'utf8');
			this.#bytes[this.#at] = length;
			this.#at += length + 1;
			return;
		}
		this.#varint(Buffer.byteLength(value));
		this.#at += this.#bytes.write(value, this.#at, 'utf8');
	}

	#raw(bytes: Uint8Array): void {
		this.#varint(bytes.length);
		this.#need(bytes.length);
		this.#bytes.set(bytes, this.#at);
		this.#at += bytes.length;
	}

	#need(count: number): void {
		if (this.#at + count <= this.#bytes.length) return;
		const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + count));
		this.#bytes.copy(grown, 0, 0, this.#at);
		this.#bytes = grown;
	}
}
