/** The key of an answer: everything that it hangs on, as one hash. */
import { createHash } from 'node:crypto';
import { saysNow } from './sql-walk.ts';

/** More of values than this, and the answer is not kept. */
const MOST_CHARACTERS = 65_536;

/** A copy of the values that nobody changes, and their text; undefined: one of them is not plain, or says `now`. */
export function plainValues(values: readonly unknown[]): { copy: unknown[]; text: string } | undefined {
	const copy: unknown[] = [];
	const parts: string[] = [];
	for (const value of values) {
		const plain = plainValue(value);
		if (plain === undefined) return undefined;
		copy.push(plain.copy);
		parts.push(plain.text);
	}
	const text = JSON.stringify(parts);
	return text.length > MOST_CHARACTERS ? undefined : { copy, text };
}

interface Plain {
	copy: unknown;
	text: string;
}

function plainValue(value: unknown): Plain | undefined {
	if (value === null || value === undefined) return { copy: null, text: 'n' };
	if (typeof value === 'string') return saysNow(value) ? undefined : { copy: value, text: `s${value}` };
	if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
		return { copy: value, text: `s${value}` };
	}
	if (value instanceof Date) {
		const time = value.getTime();
		// `pg` writes the hour of this machine's zone, which matters to a timestamp without one.
		return Number.isNaN(time) ? undefined : { copy: new Date(time), text: `d${time} ${value.getTimezoneOffset()}` };
	}
	if (Buffer.isBuffer(value)) {
		return value.length > MOST_CHARACTERS
			? undefined
			: { copy: Buffer.from(value), text: `b${value.toString('base64')}` };
	}
	if (!Array.isArray(value)) return undefined;
	const inner = plainValues(value);
	return inner === undefined ? undefined : { copy: inner.copy, text: `a${inner.text}` };
}

export function queryKey(parts: readonly string[]): string {
	return `q:${createHash('sha256').update(JSON.stringify(parts)).digest('base64url')}`;
}
