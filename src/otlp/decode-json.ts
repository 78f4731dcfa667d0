import { BodyError, MOST_DEEP, MOST_PARTS, msOf } from './decode.ts';
import type { Field, Message, Scalar } from './message.ts';

/**
 * Reads a message in OTLP's JSON: names in lowerCamelCase, ids in hex, integers of 64 bits as text or numbers, enums
 * as numbers (OTLP 1.x, "JSON Protobuf Encoding"). Fields that are not known are skipped.
 * @throws BodyError
 */
export function decodeJson<T extends object>(message: Message<T>, text: string): T {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		throw new BodyError('the body is no JSON, or was cut off');
	}
	return new JsonReader().message(message, value, 0) as T;
}

class JsonReader {
	#parts = 0;

	message(message: Message<object>, value: unknown, depth: number): Record<string, unknown> {
		if (depth > MOST_DEEP) throw new BodyError(`messages lie more than ${MOST_DEEP} deep in one another`);
		if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BodyError('expected an object');
		this.#count();
		const read: Record<string, unknown> = {};
		for (const [name, field] of message.fields) {
			if (!Object.hasOwn(value, name)) continue;
			const held = (value as Record<string, unknown>)[name];
			if (held !== null) read[name] = this.#field(name, field, held, depth);
		}
		return read;
	}

	#field(name: string, field: Field, held: unknown, depth: number): unknown {
		if (!field.repeated) return this.#one(name, field, held, depth);
		if (!Array.isArray(held)) throw new BodyError(`the field ${name} is no list`);
		return held.map((item) => this.#one(name, field, item, depth));
	}

	#one(name: string, { type, repeated }: Field, held: unknown, depth: number): unknown {
		if (typeof type !== 'string') return this.message(type(), held, depth + 1);
		if (repeated) this.#count();
		const value = scalar(type, held);
		if (value === undefined) throw new BodyError(`the field ${name} has another type than OTLP says`);
		return value;
	}

	#count(): void {
		if (++this.#parts > MOST_PARTS) throw new BodyError(`the body holds more than ${MOST_PARTS} parts`);
	}
}

/** undefined: it is of another type. */
function scalar(type: Scalar, held: unknown): unknown {
	if (type === 'string') return typeof held === 'string' ? held : undefined;
	if (type === 'bool') return typeof held === 'boolean' ? held : undefined;
	if (type === 'hex')
		return typeof held === 'string' && /^(?:[0-9a-fA-F]{2})*$/.test(held) ? held.toLowerCase() : undefined;
	if (type === 'bytes') return typeof held === 'string' ? Buffer.from(held, 'base64') : undefined;
	if (type === 'double') {
		const words: Record<string, number> = {
			NaN: Number.NaN,
			Infinity: Number.POSITIVE_INFINITY,
			'-Infinity': Number.NEGATIVE_INFINITY,
		};
		if (typeof held === 'number') return held;
		return typeof held !== 'string' ? undefined : (words[held] ?? finite(held));
	}
	const text = typeof held === 'number' ? String(held) : held;
	if (typeof text !== 'string' || !/^-?\d{1,20}$/.test(text)) return undefined;
	if (type === 'nanos') return text.startsWith('-') ? undefined : msOf(BigInt(text));
	return Number(text);
}

function finite(text: string): number | undefined {
	const number = Number(text);
	return text.trim() !== '' && Number.isFinite(number) ? number : undefined;
}
