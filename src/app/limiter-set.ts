import { KeyedHash } from '../core/keyed-hash.ts';
import { RateLimits, type RouteLimit } from '../gateway/rate-limits.ts';
import { REST, type RouteEntry } from '../gateway/route-table.ts';
import { GcraTable } from '../resilience/gcra-table.ts';
import { limitKey, type RateLimitPlan } from './plan.ts';

/** The limiters of one plan in one worker, over the memory that all workers share. */
export class LimiterSet {
	readonly #plan: RateLimitPlan;
	readonly #hash: KeyedHash;
	readonly #made = new Map<string, RouteLimit>();

	constructor(plan: RateLimitPlan) {
		this.#plan = plan;
		this.#hash = new KeyedHash(plan.hashKey);
	}

	/** The limits of a route; null when it has none. */
	of({ service, route }: RouteEntry): RateLimits | null {
		const { rateLimit } = route ?? service;
		if (rateLimit.length === 0) return null;
		const name = route?.name ?? REST;
		const limits = rateLimit.map((policy): RouteLimit => {
			const key = limitKey(service.name, name, policy);
			let made = this.#made.get(key);
			if (made === undefined) {
				const memory = this.#plan.tables[key] as SharedArrayBuffer;
				this.#made.set(key, (made = { policy, limiter: new GcraTable(memory, policy) }));
			}
			return made;
		});
		return new RateLimits(limits, name, this.#hash);
	}
}
