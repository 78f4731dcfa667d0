import type { CachePolicy } from '../../cache/cache-policy.ts';
import { SURROGATE_CAPABILITY } from '../../cache/rules/surrogate-control.ts';
import { CdnFields } from '../../gateway/cdn-fields.ts';
import type { HeaderPolicy } from '../../gateway/config.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import type { FieldEdits } from '../../gateway/field-edits.ts';
import type { ResponseCache } from '../../gateway/response-cache.ts';
import type { AnswerEdits } from '../../gateway/route.ts';
import type { RouteEntry } from '../../gateway/route-table.ts';
import type { ServicePlan } from '../plan.ts';
import { CompressedAnswers } from './compressed-answers.ts';
import { Invalidation, UncachedRoute } from './invalidation.ts';
import { PostAnswers } from './post-answers.ts';
import { type Lookup, RouteCache } from './route-cache.ts';

type Owner = RouteEntry['route'] | RouteEntry['service'];

interface Edits {
	readonly request: FieldEdits | null;
	readonly response: FieldEdits | null;
	/** In the place of `response`, where the route has some. */
	readonly cdn: AnswerEdits | null;
}

/** The caches of all routes of a plan, and what those without one have to tell them. */
export class RouteCaches {
	readonly #caches = new Map<Owner, RouteCache>();
	readonly #uncached: UncachedRoute;

	constructor(lookup: Lookup, entries: readonly RouteEntry[], plans: readonly ServicePlan[]) {
		const ofPlan = new Map(plans.map((plan) => [plan.name, plan]));
		for (const [owner, own] of Map.groupBy(entries, ({ route, service }): Owner => route ?? service)) {
			const [entry] = own as [RouteEntry, ...RouteEntry[]];
			const plan = ofPlan.get(entry.service.name);
			const policy = entry.route === null ? plan?.cache : plan?.routeCaches[entry.route.name];
			if (policy == null) continue;
			this.#caches.set(owner, new RouteCache(lookup, policy, isAlone(policy, own) ? spaceOf(entry) : ''));
		}
		const invalidation = new Invalidation(lookup.parts, [...this.#caches.values()]);
		const posts = new PostAnswers(lookup.parts, invalidation);
		const compressed = new CompressedAnswers(lookup.parts.store, lookup.hash);
		for (const cache of this.#caches.values()) {
			cache.invalidation = invalidation;
			cache.compressed = compressed;
			cache.posts = posts;
		}
		this.#uncached = new UncachedRoute(invalidation);
	}

	of(owner: Owner): ResponseCache<Exchange> {
		return this.#caches.get(owner) ?? this.#uncached;
	}

	/** What the route edits in requests and answers, with what its cache adds to it. */
	edits(owner: Owner, { request, response, cdn }: Edits): Edits {
		const policy = this.#caches.get(owner)?.policy;
		const kept = policy === undefined ? [] : keptFromClients(policy);
		if (kept.length === 0) return { request, response, cdn };
		return {
			request: policy?.surrogate === true ? capable(request) : request,
			response: { removed: new Set([...(response?.removed ?? []), ...kept]), added: response?.added ?? NOTHING },
			cdn: owner === null || owner.cdn === null ? cdn : new CdnFields(owner.cdn, without(owner.responseHeaders, kept)),
		};
	}
}

/** Of what was not stored, too: what is, has its own ways. */
const keptFromClients = ({ surrogate, hideTags, tagFields }: CachePolicy): string[] => [
	...(surrogate ? ['surrogate-control'] : []),
	...(hideTags ? tagFields : []),
];

const without = ({ set, remove }: HeaderPolicy, names: readonly string[]): HeaderPolicy => ({
	set,
	remove: [...remove, ...names],
});

const capable = (request: FieldEdits | null): FieldEdits => ({
	removed: request?.removed ?? new Set(),
	added: joined(request?.added, CAPABILITY),
});

const NOTHING = Buffer.alloc(0);
const CAPABILITY = Buffer.from(`Surrogate-Capability: ${SURROGATE_CAPABILITY}\r\n`);

const joined = (one: Buffer = NOTHING, other: Buffer): Buffer => Buffer.concat([one, other]);

/**
 * Whether host and target do not tell its answers from those of other routes: it is chosen by a field, or by a port that
 * keys leave out, what it forwards is another path than the one that it was chosen by, or its answers are for all hosts.
 */
function isAlone({ key }: CachePolicy, entries: readonly RouteEntry[]): boolean {
	return (
		key.anyHost ||
		entries.some(({ pattern, route, service }) => {
			const { strip, rewrite } = (route ?? service).path;
			const byPort = pattern.host !== null && OWN_PORT.test(pattern.host);
			return byPort || pattern.header !== null || strip !== null || rewrite !== null;
		})
	);
}

/** `a.example:80` is `a.example` to a key. */
const OWN_PORT = /:(?:80|443)$/;

const spaceOf = ({ service, route }: RouteEntry): string => `${service.name} ${route?.name ?? ''}`;
