import type { CacheHash } from '../../cache/rules/cache-hash.ts';
import type { Judging } from '../../cache/rules/judge-answer.ts';
import type { AskedRequest } from './asked-request.ts';
import type { CameHead } from './fill-owner.ts';
import type { RouteCache } from './route-cache.ts';

interface Asked {
	readonly request: AskedRequest;
	readonly cache: RouteCache | null;
}

/** An answer that came to what was asked, as the rules see it. */
export function judging(
	{ request, cache }: Asked,
	{ head, bytes, framing, requestMs }: CameHead,
	hash: CacheHash,
): Judging {
	const contentLength = framing.chunked ? -1 : framing.contentLength;
	const { policy } = cache as RouteCache;
	return {
		request: request.seen,
		control: request.control,
		answer: { head, bytes, contentLength, requestMs, responseMs: Date.now() },
		policy,
		hash,
	};
}
