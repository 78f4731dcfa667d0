/** In a project of your own this is the package: `import { cacheQueries, createCache } from 'ballast/cache'`. */
export { type AppCache, cacheQueries, createCache, type QueryCache } from '../../cache.ts';
