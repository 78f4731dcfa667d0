/** Proxies that are believed, and the files that their ranges are read from. */
import { MOST_RANGES_BYTES, parseRanges } from '../gateway/address-ranges.ts';

import { parseTrust } from '../gateway/config-syntax.ts';
import type { TrustEntry, TrustedRanges, TrustInput } from '../gateway/trust-config.ts';
import type { UserConfig } from './schema.ts';
import type { Place } from './scope.ts';

type LongTrust = Exclude<TrustInput, string | readonly unknown[]>;

/** Fields that proxies write the way of a request into; they are read anyway. */
const READ_ANYWAY = new Set(['x-forwarded-for', 'forwarded']);

/** `place`: of `trust`. Ranges alone become one list without doubles. */
export function resolveTrust({ trust, underscores }: UserConfig, place: Place): TrustEntry[] {
	if (trust === undefined) return [];
	const several = Array.isArray(trust);
	const all = several ? trust : [trust];
	const entries = all.flatMap((one, at): TrustEntry[] => {
		if (typeof one === 'string') return rangesOf(one);
		const own = several ? place.at(at) : place;
		return [longTrust(one, underscores ?? 'drop', own)];
	});
	return entries.filter((one, at) => typeof one !== 'string' || entries.indexOf(one) === at);
}

function rangesOf(text: string): string[] {
	const found = parseTrust(text);
	return typeof found === 'string' ? [] : found;
}

function longTrust({ ranges, file, header }: LongTrust, underscores: 'drop' | 'pass', place: Place): TrustedRanges {
	if (ranges === undefined && file === undefined && !place.lostKey())
		place.problem('expected `ranges`, or a `file` of them', { at: 'key' });
	if (ranges !== undefined && file !== undefined)
		place.at('ranges').problem('expected `ranges` or `file`; write two elements for both', { at: 'key' });
	const name = header?.toLowerCase() ?? null;
	if (name !== null && READ_ANYWAY.has(name))
		place.at('header').problem('expected another field; this one is read without being named', { value: header });
	if (name?.includes('_') === true && underscores === 'drop')
		place.at('header').problem('expected another field: `underscores` drops those with `_`', { value: header });
	const written = ranges === undefined ? [] : [ranges].flat().flatMap(rangesOf);
	const read = file === undefined ? [] : readRanges(file, place.at('file'));
	return {
		ranges: [...new Set([...written, ...read])],
		file: file === undefined ? null : place.scope.file(file),
		header: name,
	};
}

function readRanges(file: string, place: Place): string[] {
	const text = place.read(file, MOST_RANGES_BYTES);
	if (text === undefined) return [];
	const found = parseRanges(text);
	if (typeof found !== 'string') return found;
	place.problem(`expected a file of address ranges; ${found}`, { value: file });
	return [];
}
