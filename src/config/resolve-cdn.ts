/** What is written for a CDN: what a file says, and what contradicts itself. */
import type { CdnInput } from '../cdn/config.ts';
import { parseDuration } from '../core/units.ts';
import type { CdnPolicy } from '../gateway/cdn-policy.ts';
import type { Place } from './scope.ts';

/** Those that a cache may keep without being told (RFC 9110 §15.1), and what belongs to them. */
export const CDN_STATUSES: readonly number[] = [200, 203, 204, 206, 301, 304, 308, 404, 410];

const OF_LIFETIME = ['browserMaxAge', 'staleWhileRevalidate', 'staleIfError', 'field', 'statuses', 'override'] as const;

export function layCdn(base: CdnPolicy | null, input: CdnInput | undefined, place: Place): CdnPolicy | null {
	if (input === undefined) return base;
	if (input === 'off' || input === false) return null;
	const tags = input.tags ?? 'pass';
	if (input.maxAge === undefined) {
		for (const key of OF_LIFETIME)
			if (input[key] !== undefined && !place.lostKey())
				place.at(key).problem('expected `maxAge` beside it: without it nothing is written', { at: 'key' });
		if (tags === 'pass' && Object.keys(input).length === 0 && !place.lostKey())
			place.problem('expected `maxAge` or `tags`; leave `cdn` out where there is nothing to say');
		return tags === 'pass' ? null : { lifetime: null, tags };
	}
	const maxAge = seconds(input.maxAge);
	const lifetime = {
		maxAge,
		browserMaxAge: seconds(input.browserMaxAge ?? '0s'),
		staleWhileRevalidate: input.staleWhileRevalidate === undefined ? null : seconds(input.staleWhileRevalidate),
		staleIfError: input.staleIfError === undefined ? null : seconds(input.staleIfError),
		field: input.field ?? ('CDN-Cache-Control' as const),
		statuses: [...new Set(input.statuses ?? CDN_STATUSES)],
		override: input.override ?? false,
	};
	return { lifetime, tags };
}

/** Whole ones: nobody reads parts of them (RFC 9111 §1.2.2). */
function seconds(text: string): number {
	return Math.round((parseDuration(text) ?? 0) / 1000);
}
