import type { CacheHash } from '../../cache/rules/cache-hash.ts';
import type { Judging } from '../../cache/rules/judge-answer.ts';
import type { Fill } from './fill.ts';
import type { CameHead } from './fill-owner.ts';
import type { RouteCache } from './route-cache.ts';

/** An answer that came for a fill, as the rules judge it. */
export function judging(fill: Fill, { head, bytes, framing, requestMs }: CameHead, hash: CacheHash): Judging {
	const contentLength = framing.chunked ? -1 : framing.contentLength;
	const { policy } = fill.cache as RouteCache;
	return {
		request: fill,
		control: fill.control,
		answer: { head, bytes, contentLength, requestMs, responseMs: Date.now() },
		policy,
		hash,
	};
}
