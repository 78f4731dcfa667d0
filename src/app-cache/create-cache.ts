/** `createCache`: the cache of an application's own values, on BentoCache. */
import { type CacheCounts, metricsPage, newCounts, type UseCounts } from './counters.ts';
import {
	type CacheOptions,
	type CacheSettings,
	checkKey,
	checkLifetime,
	checkOptions,
	checkTags,
	type Lifetime,
	type LifetimeMs,
} from './options.ts';
import { openRedis, type RedisLink } from './redis/redis-link.ts';
import { RedisVersions } from './redis/redis-versions.ts';
import { localVersions, type TableVersions } from './table-versions.ts';
import { openTextStore, type TextStore } from './text-store.ts';

export interface AppCache {
	/**
	 * The value of a key, or what `load` gives. However many ask at a time, `load` runs once in this process. The value
	 * goes through JSON, at the first call too: every caller gets a copy of its own.
	 *
	 * Throws what `load` throws, unless `grace` has a value of before; TypeError: a value that JSON cannot hold.
	 */
	cached<T>(key: string, ttl: string | Lifetime, load: () => T | Promise<T>): Promise<T>;
	/** Forgets all values with one of these tags, on every instance; also those whose load is still running. */
	invalidate(...tags: string[]): Promise<void>;
	/** Forgets one key, on every instance. */
	delete(key: string): Promise<void>;
	/** A copy of what was counted since the start. */
	counts(): CacheCounts;
	/** The counts as a page in Prometheus' text format. */
	metrics(): string;
	/** Ends its connections to Redis. */
	close(): Promise<void>;
}

/** What `cacheQueries` needs of a cache; no part of what applications see. */
export interface CacheParts {
	settings: CacheSettings;
	texts: TextStore;
	redis: RedisLink | undefined;
	counts: CacheCounts;
	/** Of the tables of each database: one for all pools of this process. */
	versions: Map<string, TableVersions>;
}

const partsOf = new WeakMap<AppCache, CacheParts>();

/**
 * Throws a TypeError for an option that is not accepted, an Error where `bentocache` (or, with `redis`, `ioredis`) is
 * not installed. A Redis that is away is no error: the cache begins with memory alone.
 */
export async function createCache(options: CacheOptions = {}): Promise<AppCache> {
	const settings = checkOptions(options);
	const counts = newCounts();
	const prefix = `ballast:${settings.name}`;
	const onError = () => void counts.redisErrors++;
	const redis = settings.redis === undefined ? undefined : await openRedis({ redis: settings.redis, prefix, onError });
	const texts = await openTextStore({ prefix, memoryBytes: settings.memoryBytes, redis, onError });
	const parts: CacheParts = { settings, texts, redis, counts, versions: new Map() };
	const cache: AppCache = {
		cached: (key, ttl, load) => cached(parts, { key: checkKey(key), ...checkLifetime(ttl, settings) }, load),
		async invalidate(...tags) {
			counts.values.invalidations += checkTags(tags).length;
			await texts.invalidateTags(tags);
		},
		async delete(key) {
			counts.values.invalidations++;
			await texts.delete(valueKey(checkKey(key)));
		},
		counts: () => structuredClone(counts),
		metrics: () => metricsPage(settings.name, counts),
		async close() {
			for (const versions of parts.versions.values()) versions.close();
			await texts.close();
			redis?.close();
		},
	};
	partsOf.set(cache, parts);
	return cache;
}

/** Throws a TypeError for what `createCache` has not made. */
export function partsOfCache(cache: AppCache): CacheParts {
	const parts = partsOf.get(cache);
	if (parts === undefined) throw new TypeError('cache: expected what createCache gave');
	return parts;
}

/** The versions of a database's tables, the same for all who ask for them. */
export function versionsOf({ versions, redis, settings }: CacheParts, database: string): TableVersions {
	const known = versions.get(database);
	if (known !== undefined) return known;
	const key = `ballast:${settings.name}:tables:${database}`;
	const opened = redis === undefined ? localVersions() : new RedisVersions({ redis, key });
	versions.set(database, opened);
	return opened;
}

/** Counts how an answer was found. */
export function countFound(counts: UseCounts, { from, joined }: { from: string; joined: boolean }): void {
	if (joined) counts.joined++;
	if (from === 'stale') counts.stale++;
	else if (from === 'cache' || joined) counts.hits++;
	else counts.misses++;
}

interface Value extends LifetimeMs {
	key: string;
}

async function cached<T>({ texts, counts }: CacheParts, value: Value, load: () => T | Promise<T>): Promise<T> {
	const wanted = { ...value, key: valueKey(value.key) };
	const loadText = async () => {
		const text = JSON.stringify(await load());
		if (text === undefined) throw new TypeError('load gave what JSON cannot hold; give null where there is nothing');
		return text;
	};
	let found = await texts.find(wanted, loadText);
	let parsed = parseText<T>(found.text);
	if (parsed === undefined) {
		// Somebody else has written there.
		await texts.delete(wanted.key);
		found = await texts.find(wanted, loadText);
		parsed = parseText<T>(found.text);
	}
	countFound(counts.values, found);
	if (parsed === undefined) throw new Error('what Redis holds under this key is no value of this cache');
	return parsed.value;
}

/** Undefined: it is no JSON. */
function parseText<T>(text: string): { value: T } | undefined {
	try {
		return { value: JSON.parse(text) as T };
	} catch {
		return undefined;
	}
}

/** Apart from the keys of queries. */
const valueKey = (key: string) => `v:${key}`;
