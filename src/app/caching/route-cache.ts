import type { AnswerStore, AnswerUpdate } from '../../cache/answer-store.ts';
import type { CachePolicy } from '../../cache/cache-policy.ts';
import type { CacheHash } from '../../cache/rules/cache-hash.ts';
import { CacheKeyBuilder } from '../../cache/rules/cache-key.ts';
import { isKeyedByAuthorization } from '../../cache/rules/judge-answer.ts';
import type { UrlMarks } from '../../cache/url-marks.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import type { ResponseCache } from '../../gateway/response-cache.ts';
import type { CompressedAnswers } from './compressed-answers.ts';
import type { SecondLevels } from './second-levels.ts';

/** Where answers are, and what tells of changes. */
export interface CachingParts {
	readonly store: AnswerStore & AnswerUpdate;
	readonly marks: UrlMarks;
	readonly hash: CacheHash;
	/** Largest body that is stored where a route says nothing of it. */
	bodyMost: number;
	/** What is behind the store; null: nothing. */
	readonly levels: SecondLevels | null;
}

/** Who looks requests up for all routes of a worker. */
export interface Lookup {
	readonly hash: CacheHash;
	/** Where the answers are. */
	readonly parts: CachingParts;
	look(exchange: Exchange, cache: RouteCache): boolean;
}

/** The cache of a route. `space`: of routes that answer one URL differently, each has one of its own; '' for none. */
export class RouteCache implements ResponseCache<Exchange> {
	readonly policy: CachePolicy;
	readonly keys: CacheKeyBuilder;
	readonly keyedByAuthorization: boolean;
	/** Fields that clients do not get. */
	readonly hidden: ReadonlySet<string>;
	/** What its answers are compressed by; null: they go as they are. */
	compressed: CompressedAnswers | null = null;
	/** What passes is watched by it. */
	invalidation: { watch(exchange: Exchange): void } | null = null;
	/** Keeps answers to POST; null: nobody does. */
	posts: { watch(exchange: Exchange): void } | null = null;
	readonly #lookup: Lookup;

	constructor(lookup: Lookup, policy: CachePolicy, space: string) {
		this.#lookup = lookup;
		this.policy = policy.bodyMost === null ? { ...policy, bodyMost: lookup.parts.bodyMost } : policy;
		this.keys = new CacheKeyBuilder({ policy: policy.key, hash: lookup.hash, space });
		this.keyedByAuthorization = isKeyedByAuthorization(policy);
		this.hidden = new Set(policy.hideTags ? policy.tagFields : []);
	}

	look(exchange: Exchange): boolean {
		return this.#lookup.look(exchange, this);
	}

	passes(exchange: Exchange): void {
		this.invalidation?.watch(exchange);
		if (this.policy.posts && exchange.method === 'POST') this.posts?.watch(exchange);
	}
}
