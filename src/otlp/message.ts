/**
 * What a protobuf message consists of. OTLP needs some thirty messages of a protocol that is stable; a table of their
 * fields serves the writer, the reader and the reader of JSON.
 */

/**
 * How a field stands on the wire, and what it is here. `nanos` is a fixed64 of ns and a number of epoch ms here;
 * `hex` is an id's bytes, and lower-case hex here; the other integers of 64 bits are numbers, exact to 2⁵³.
 */
export type Scalar =
	| 'string'
	| 'bool'
	| 'double'
	| 'nanos'
	| 'fixed64'
	| 'sfixed64'
	| 'fixed32'
	| 'int64'
	| 'uint64'
	| 'uint32'
	| 'sint32'
	| 'hex'
	| 'bytes';

export interface Field {
	number: number;
	/** A function, since messages may hold one another. */
	type: Scalar | (() => Message<object>);
	repeated: boolean;
}

export interface Message<T extends object> {
	/** By their names in OTLP's JSON. */
	readonly fields: readonly (readonly [name: string, field: Field])[];
	readonly byNumber: ReadonlyMap<number, readonly [name: string, field: Field]>;
	/** Never there: only says what is read with it. */
	readonly example?: T;
}

/** Every field of `T` has its entry: `{ key: one(1, 'string') }`. */
export function message<T extends object>(fields: { [K in keyof Required<T>]: Field }): Message<T> {
	const list = Object.entries<Field>(fields);
	return { fields: list, byNumber: new Map(list.map((entry) => [entry[1].number, entry])) };
}

export const one = (number: number, type: Field['type']): Field => ({ number, type, repeated: false });
export const many = (number: number, type: Field['type']): Field => ({ number, type, repeated: true });

/** Numbers in a list stand in one block, without a tag for each. */
export function isPacked(type: Scalar): boolean {
	return type !== 'string' && type !== 'bytes' && type !== 'hex';
}

export const VARINT = 0;
export const FIXED64 = 1;
export const DELIMITED = 2;
export const FIXED32 = 5;

export function wireTypeOf(type: Scalar): number {
	if (type === 'string' || type === 'bytes' || type === 'hex') return DELIMITED;
	if (type === 'double' || type === 'nanos' || type === 'fixed64' || type === 'sfixed64') return FIXED64;
	return type === 'fixed32' ? FIXED32 : VARINT;
}
