import type { CachePolicy } from '../../cache/cache-policy.ts';
import type { CacheHash } from '../../cache/rules/cache-hash.ts';
import { CacheKeyBuilder } from '../../cache/rules/cache-key.ts';
import { isKeyedByAuthorization } from '../../cache/rules/judge-answer.ts';
import { SURROGATE_CAPABILITY } from '../../cache/rules/surrogate-control.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import type { ResponseCache } from '../../gateway/response-cache.ts';
import type { FieldEdits } from '../../gateway/route.ts';

/** Who looks requests up for all routes of a worker. */
export interface Lookup {
	readonly hash: CacheHash;
	look(exchange: Exchange, cache: RouteCache): boolean;
}

/** The cache of a route. `space`: of routes that answer one URL differently, each has one of its own; '' for none. */
export class RouteCache implements ResponseCache<Exchange> {
	readonly policy: CachePolicy;
	readonly keys: CacheKeyBuilder;
	readonly keyedByAuthorization: boolean;
	/** Fields that clients do not get. */
	readonly hidden: ReadonlySet<string>;
	readonly #lookup: Lookup;

	constructor(lookup: Lookup, policy: CachePolicy, space: string) {
		this.#lookup = lookup;
		this.policy = policy;
		this.keys = new CacheKeyBuilder({ policy: policy.key, hash: lookup.hash, space });
		this.keyedByAuthorization = isKeyedByAuthorization(policy);
		this.hidden = new Set(policy.hideTags ? policy.tagFields : []);
	}

	look(exchange: Exchange): boolean {
		return this.#lookup.look(exchange, this);
	}
}

const NOTHING = Buffer.alloc(0);
const CAPABILITY = Buffer.from(`Surrogate-Capability: ${SURROGATE_CAPABILITY}\r\n`);

/** What a route edits in requests and answers, with what its cache adds to it. */
export function editsOf(
	{ surrogate }: CachePolicy,
	{ request, response }: { request: FieldEdits | null; response: FieldEdits | null },
): { request: FieldEdits | null; response: FieldEdits | null } {
	if (!surrogate) return { request, response };
	return {
		request: { removed: request?.removed ?? new Set(), added: Buffer.concat([request?.added ?? NOTHING, CAPABILITY]) },
		response: {
			removed: new Set([...(response?.removed ?? []), 'surrogate-control']),
			added: response?.added ?? NOTHING,
		},
	};
}
