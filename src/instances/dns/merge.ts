/** What a look-up's answer means for the addresses in use: the last good ones outlive failures. */
import type { FamilyAnswer, LookupAnswer } from './lookup.ts';

export interface Known {
	readonly v4: readonly string[];
	readonly v6: readonly string[];
}

export interface Merged {
	readonly known: Known;
	/** Why the last good addresses were kept, wholly or for one family; null when all is well. */
	readonly failed: string | null;
}

/** A family that could not be asked keeps what it had; when nothing at all is found, everything is kept. */
export function merge(known: Known, answer: LookupAnswer): Merged {
	const pick = (had: readonly string[], now: FamilyAnswer): readonly string[] =>
		now.failed === null ? now.addresses : had;
	const next: Known = { v4: pick(known.v4, answer.v4), v6: pick(known.v6, answer.v6) };
	const failed = answer.v4.failed ?? answer.v6.failed;
	const found = answer.v4.addresses.length + answer.v6.addresses.length;
	if (found > 0) {
		// Some networks never answer for AAAA: no failure as long as that family never had an address.
		const lost =
			(answer.v4.failed !== null && known.v4.length > 0) || (answer.v6.failed !== null && known.v6.length > 0);
		return { known: next, failed: lost ? failed : null };
	}
	return { known, failed: failed ?? 'the name has no addresses' };
}

/** Longest time that a record's TTL can put a look-up off, ms: a TTL of a day would freeze the instances. */
const MOST_TTL_MS = 300_000;

/**
 * When to look up next, ms, before jitter: the configured interval, but not before the records
 * expire; after a first failure at once-ish, doubling up to the interval.
 */
export function nextLookupMs(resolveMs: number, failures: number, ttlMs: number | null): number {
	if (failures > 0) return Math.min(resolveMs, 250 * 2 ** Math.min(failures - 1, 16));
	return Math.max(resolveMs, Math.min(ttlMs ?? 0, MOST_TTL_MS));
}
