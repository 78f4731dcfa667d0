import { createHash } from 'node:crypto';
import { parseDuration } from '../core/units.ts';

/** Most characters of a key. */
const KEY_MOST = 255;

/** What can be wrong with a key, and what is accepted. */
export const KEY_FAULTS = {
	empty: 'The Idempotency-Key is empty.',
	too_long: `The Idempotency-Key is over ${KEY_MOST} characters.`,
	characters:
		'The Idempotency-Key is neither a quoted string (RFC 8941) nor visible ASCII characters without blanks and quotes.',
} as const;
export type KeyFault = keyof typeof KEY_FAULTS;

/**
 * The key of an `Idempotency-Key` field: a string of Structured Fields (`"abc"`), or the bare text that most clients
 * send.
 */
export function idempotencyKey(value: string): { key: string } | { fault: KeyFault } {
	const quoted = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(value);
	const key = quoted === null ? value : (quoted[1] as string).replace(/\\(.)/g, '$1');
	if (key.length === 0) return { fault: 'empty' };
	if (quoted === null && !/^[\x21\x23-\x7e]+$/.test(key)) return { fault: 'characters' };
	return key.length > KEY_MOST ? { fault: 'too_long' } : { key };
}

/** The parts hashed so that no two lists of parts look alike; 256 bits of base64url. */
export function hashOf(...parts: readonly string[]): string {
	const hash = createHash('sha256');
	for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
	return hash.digest('base64url');
}

/** A `Cancel-After` beyond this is as none, ms: ten years. */
const CANCEL_MOST_MS = 10 * 366 * 86_400_000;

/** `Cancel-After`: a duration such as `30s` or `1h30m`, or seconds; undefined: it says none. */
export function cancelAfterMs(value: string): number | undefined {
	const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : parseDuration(value);
	return ms !== undefined && ms > 0 ? Math.min(ms, CANCEL_MOST_MS) : undefined;
}
