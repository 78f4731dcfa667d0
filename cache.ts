/** The public entry `ballast/cache`: for the application's code behind the gateway. It loads nothing of the gateway. */
export type { CacheCounts, CacheUse, UseCounts } from './src/app-cache/counters.ts';
export { type AppCache, createCache } from './src/app-cache/create-cache.ts';
export type { CacheOptions, Lifetime, RedisClient } from './src/app-cache/options.ts';
export {
	type CacheExplanation,
	cacheQueries,
	type QueryCache,
	type QueryCacheOptions,
} from './src/app-cache/queries/cache-queries.ts';
export type { FunctionNote } from './src/app-cache/queries/catalog.ts';
export type { PgPool } from './src/app-cache/queries/pg-port.ts';
