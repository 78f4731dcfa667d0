import type { AnyValue, KeyValue } from './common-messages.ts';

export type Fields = Readonly<Record<string, string | number | boolean>>;

export function attributesOf(fields: Fields): KeyValue[] {
	return Object.entries(fields).map(([key, value]) => ({ key, value: anyValueOf(value) }));
}

export function anyValueOf(value: string | number | boolean): AnyValue {
	if (typeof value === 'string') return { stringValue: value };
	if (typeof value === 'boolean') return { boolValue: value };
	return Number.isSafeInteger(value) ? { intValue: value } : { doubleValue: value };
}

/** What is kept of the attributes of a peer. */
export interface AttributeBounds {
	/** Most attributes of one thing; further ones are left out. */
	count: number;
	/** Most characters of a key; an attribute with a longer one is left out. */
	keyChars: number;
	/** Most characters of a value; a longer one is cut. */
	valueChars: number;
}

export const BOUNDS: AttributeBounds = { count: 64, keyChars: 128, valueChars: 4096 };

/** Flat: lists and maps as JSON text. Of a key that is there twice the last one counts. */
export function fieldsOf(attributes: readonly KeyValue[] = [], bounds: AttributeBounds = BOUNDS): Fields {
	// No prototype: `__proto__` and the like are keys as any other.
	const fields: Record<string, string | number | boolean> = Object.create(null);
	let count = 0;
	for (const { key = '', value } of attributes) {
		if (key === '' || key.length > bounds.keyChars || value === undefined) continue;
		if (!(key in fields) && ++count > bounds.count) break;
		fields[key] = flat(value, bounds.valueChars);
	}
	return fields;
}

export function textOf(value: AnyValue | undefined, mostChars: number): string {
	return value === undefined ? '' : String(flat(value, mostChars));
}

function flat(value: AnyValue, mostChars: number): string | number | boolean {
	const { stringValue, boolValue, intValue, doubleValue } = value;
	if (stringValue !== undefined) return cut(stringValue, mostChars);
	if (intValue !== undefined) return intValue;
	if (doubleValue !== undefined) return Number.isFinite(doubleValue) ? doubleValue : String(doubleValue);
	if (boolValue !== undefined) return boolValue;
	const plain = plainOf(value);
	return plain === undefined ? '' : cut(typeof plain === 'string' ? plain : JSON.stringify(plain), mostChars);
}

function plainOf(value: AnyValue): unknown {
	if (value.bytesValue !== undefined) return Buffer.from(value.bytesValue).toString('base64');
	if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(plainOf);
	if (value.kvlistValue !== undefined) {
		const entries = value.kvlistValue.values ?? [];
		return Object.fromEntries(entries.map((entry) => [entry.key ?? '', plainOf(entry.value ?? {})]));
	}
	return value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue;
}

/** Without half of a character at its end. */
export function cut(text: string, mostChars: number): string {
	return text.length <= mostChars ? text : text.slice(0, mostChars).toWellFormed();
}
