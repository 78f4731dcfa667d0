/** Where an answer came from on a route with a cache, as it is counted, recorded and shown. */
export const Cached = {
	/** The route has no cache. */
	none: 0,
	hit: 1,
	/** Stored, and given although it is stale. */
	stale: 2,
	/** Stored, and the origin confirmed it. */
	revalidated: 3,
	/** Another request brought it. */
	collapsed: 4,
	miss: 5,
	/** Not looked up, or not to be stored by what the route or the request says. */
	bypass: 6,
} as const;
export type Cached = (typeof Cached)[keyof typeof Cached];

export type CacheResult = Exclude<keyof typeof Cached, 'none'>;

/** All results but `none`, in the order of their numbers, from 1. */
export const CACHE_RESULTS: readonly CacheResult[] = ['hit', 'stale', 'revalidated', 'collapsed', 'miss', 'bypass'];

/** '' of `none`, and of a number that is none. */
export const cachedName = (cached: number): CacheResult | '' => CACHE_RESULTS[cached - 1] ?? '';
