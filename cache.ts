/** The public entry `ballast/cache`: for the application's code behind the gateway. It loads nothing of the gateway. */
export type { CacheCounts, CacheUse, UseCounts } from './src/app-cache/counters.ts';
export { type AppCache, createCache } from './src/app-cache/create-cache.ts';
export type { CacheOptions, Lifetime, RedisClient } from './src/app-cache/options.ts';
