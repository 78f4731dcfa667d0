import {
	DELIMITED,
	FIXED32,
	FIXED64,
	type Field,
	isPacked,
	type Message,
	type Scalar,
	VARINT,
	wireTypeOf,
} from './message.ts';

/** Messages and list elements that one body may hold: what keeps a few MB from becoming a hundred of objects. */
export const MOST_PARTS = 400_000;
/** How deep messages may lie in one another; OTLP's own need 7, what is deeper is a value's. */
export const MOST_DEEP = 24;

/** A body is not what it says it is. The message is a sentence that may be sent back. */
export class BodyError extends Error {}

/**
 * Reads a message in protobuf's wire format from a peer that is not trusted. Fields that are not known are skipped.
 * @throws BodyError
 */
export function decode<T extends object>(message: Message<T>, bytes: Buffer): T {
	return new Reader(bytes).message(message, bytes.length, 0) as T;
}

class Reader {
	readonly #bytes: Buffer;
	#at = 0;
	#parts = 0;

	constructor(bytes: Buffer) {
		this.#bytes = bytes;
	}

	message(message: Message<object>, end: number, depth: number): Record<string, unknown> {
		if (depth > MOST_DEEP) throw new BodyError(`messages lie more than ${MOST_DEEP} deep in one another`);
		this.#count();
		const value: Record<string, unknown> = {};
		while (this.#at < end) {
			const tag = this.#varint(end);
			const wire = tag % 8;
			const entry = message.byNumber.get(Math.floor(tag / 8));
			if (entry === undefined) this.#skip(wire, end);
			else this.#field({ into: value, name: entry[0], field: entry[1], wire, end, depth });
		}
		return value;
	}

	#field(at: {
		into: Record<string, unknown>;
		name: string;
		field: Field;
		wire: number;
		end: number;
		depth: number;
	}): void {
		const { into, name, field, wire, end, depth } = at;
		const { type, repeated } = field;
		if (typeof type !== 'string') {
			if (wire !== DELIMITED) throw mismatch(name);
			const stop = this.#length(end);
			const value = this.message(type(), stop, depth + 1);
			if (repeated) listOf(into, name).push(value);
			else into[name] = value;
		} else if (repeated && wire === DELIMITED && isPacked(type)) {
			const stop = this.#length(end);
			const list = listOf(into, name);
			while (this.#at < stop) list.push(this.#counted(type, stop));
		} else {
			if (wire !== wireTypeOf(type)) throw mismatch(name);
			if (repeated) listOf(into, name).push(this.#counted(type, end));
			else into[name] = this.#scalar(type, end);
		}
	}

	#counted(type: Scalar, end: number): unknown {
		this.#count();
		return this.#scalar(type, end);
	}

	#count(): void {
		if (++this.#parts > MOST_PARTS) throw new BodyError(`the body holds more than ${MOST_PARTS} parts`);
	}

	#scalar(type: Scalar, end: number): unknown {
		switch (type) {
			case 'string': {
				const stop = this.#length(end);
				return this.#bytes.toString('utf8', this.#take(stop - this.#at, stop), stop);
			}
			case 'hex': {
				const stop = this.#length(end);
				return this.#bytes.toString('hex', this.#take(stop - this.#at, stop), stop);
			}
			case 'bytes': {
				const stop = this.#length(end);
				return this.#bytes.subarray(this.#take(stop - this.#at, stop), stop);
			}
			case 'double':
				return this.#bytes.readDoubleLE(this.#take(8, end));
			case 'nanos':
				return msOf(this.#bytes.readBigUInt64LE(this.#take(8, end)));
			case 'fixed64':
				return Number(this.#bytes.readBigUInt64LE(this.#take(8, end)));
			case 'sfixed64':
				return Number(this.#bytes.readBigInt64LE(this.#take(8, end)));
			case 'fixed32':
				return this.#bytes.readUInt32LE(this.#take(4, end));
			case 'bool':
				return this.#varint(end) !== 0;
			case 'int64':
				return this.#signed(end);
			case 'sint32': {
				const bits = this.#varint(end) % 2 ** 32;
				return (bits >>> 1) ^ -(bits & 1);
			}
			default:
				return this.#varint(end);
		}
	}

	/** Where what stands here begins; what follows begins `count` later. */
	#take(count: number, end: number): number {
		const at = this.#at;
		if (at + count > end) throw cut();
		this.#at = at + count;
		return at;
	}

	#length(end: number): number {
		const length = this.#varint(end);
		if (length > end - this.#at) throw cut();
		return this.#at + length;
	}

	#varint(end: number): number {
		let value = 0;
		let scale = 1;
		for (let count = 0; count < 10; count++) {
			if (this.#at >= end) throw cut();
			const byte = this.#bytes[this.#at++] as number;
			value += (byte & 127) * scale;
			if (byte < 128) return value;
			scale *= 128;
		}
		throw new BodyError('a number is longer than ten bytes');
	}

	#signed(end: number): number {
		let value = 0n;
		for (let shift = 0n; shift < 70n; shift += 7n) {
			if (this.#at >= end) throw cut();
			const byte = this.#bytes[this.#at++] as number;
			value |= BigInt(byte & 127) << shift;
			if (byte < 128) return Number(BigInt.asIntN(64, value));
		}
		throw new BodyError('a number is longer than ten bytes');
	}

	#skip(wire: number, end: number): void {
		if (wire === VARINT) this.#varint(end);
		else if (wire === FIXED64) this.#take(8, end);
		else if (wire === FIXED32) this.#take(4, end);
		else if (wire === DELIMITED) this.#at = this.#length(end);
		else throw new BodyError('the body is no protobuf: a field has a type that there is not');
	}
}

function listOf(into: Record<string, unknown>, name: string): unknown[] {
	return (into[name] ??= []) as unknown[];
}

/** Epoch ms with fractions of a number of ns. */
export function msOf(nanos: bigint): number {
	return Number(nanos / 1_000_000n) + Number(nanos % 1_000_000n) / 1e6;
}

const cut = (): BodyError => new BodyError('the body is no protobuf, or was cut off');
const mismatch = (name: string): BodyError => new BodyError(`the field ${name} has another type than OTLP says`);
