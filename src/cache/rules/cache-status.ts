import type { Output } from '../../wire/output.ts';

const HIT = Buffer.from('Cache-Status: Ballast; hit; ttl=');
const MINUS = Buffer.from('-');
const AGE = Buffer.from('Age: ');

/** Why the origin was asked (RFC 9211 §2.2). */
export type Forwarded = 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'miss' | 'request' | 'stale' | 'partial';

/** What the cache did for an answer that is no plain hit. */
export interface CacheReport {
	/** null: it was given from the store after all (another fetched it, or it is stale and the origin fails). */
	readonly fwd: Forwarded | null;
	/** What the origin answered, where the client gets something else; 0: the same. */
	readonly fwdStatus: number;
	readonly stored: boolean;
	readonly collapsed: boolean;
	/** Until it is stale, ms; null: of no meaning here. */
	readonly ttlMs: number | null;
	readonly key: string | null;
	/** A word of ours: a refusal, or how it is stale. */
	readonly detail: string | null;
}

/** The line of a hit. `ttlMs`: until it is stale; negative: since then. */
export function writeHitStatus(out: Output, ttlMs: number): void {
	out.bytes(HIT);
	const seconds = Math.floor(ttlMs / 1000);
	if (seconds < 0) out.bytes(MINUS);
	out.decimal(Math.abs(seconds));
	out.crlf();
}

/** The line of any other answer (RFC 9211). */
export function cacheStatusLine({ fwd, fwdStatus, stored, collapsed, ttlMs, key, detail }: CacheReport): string {
	let line = fwd === null ? 'Cache-Status: Ballast; hit' : `Cache-Status: Ballast; fwd=${fwd}`;
	if (fwd !== null && fwdStatus > 0) line += `; fwd-status=${fwdStatus}`;
	if (ttlMs !== null) line += `; ttl=${Math.floor(ttlMs / 1000)}`;
	if (fwd !== null && stored) line += '; stored';
	if (fwd !== null && collapsed) line += '; collapsed';
	if (key !== null) line += `; key="${key.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
	if (detail !== null) line += `; detail=${detail}`;
	return `${line}\r\n`;
}

/** `current_age` in whole seconds (RFC 9111 §5.1). */
export function writeAge(out: Output, ageMs: number): void {
	out.bytes(AGE);
	out.decimal(Math.floor(ageMs / 1000));
	out.crlf();
}
