/** What `createCache` is given, checked: refused with all that is wrong, never repaired. */
import { closest } from '../core/closest.ts';
import { parseDuration, parseSize } from '../core/units.ts';

/** An ioredis client or cluster of the application: its settings are taken over, the connection itself is left alone. */
export interface RedisClient {
	duplicate(...settings: never[]): unknown;
	options: object;
}

export interface CacheOptions {
	/** Stands before all keys in Redis; caches of one name share their values. 1 to 64 of `a-z 0-9 - _ .`, default `app`. */
	name?: string;
	/** Most memory for values in this process, 1MiB to 16GiB, default 64MiB. */
	memory?: string;
	/** The second level and the bus between instances: a `redis:` or `rediss:` address, or a client of ioredis. Default: memory alone. */
	redis?: string | RedisClient;
	/** For how long after its end a value may still be given when `load` fails or is late, to 30d; default `0s`, never. */
	grace?: string;
	/** How long a caller waits for `load` before it gets the value of before, where `grace` has kept one; default `1s`. */
	timeout?: string;
}

export interface CacheSettings {
	name: string;
	memoryBytes: number;
	redis: string | RedisClient | undefined;
	graceMs: number;
	timeoutMs: number;
}

/** How long a value is good, and what it hangs on. */
export interface Lifetime {
	/** `30s`, `5m`, `1h`; to 30d. */
	ttl: string;
	/** Names under which it can be invalidated; at most 16. */
	tags?: readonly string[];
	/** Instead of the cache's own. */
	grace?: string;
	/** Instead of the cache's own. */
	timeout?: string;
}

export interface LifetimeMs {
	ttlMs: number;
	graceMs: number;
	timeoutMs: number;
	tags: readonly string[];
}

const OPTIONS = ['name', 'memory', 'redis', 'grace', 'timeout'];
const LIFETIME = ['ttl', 'tags', 'grace', 'timeout'];
const MOST_MS = 30 * 86_400_000;
const MIB = 1_048_576;

/** Throws a TypeError that names the option and what is accepted. */
export function checkOptions(options: CacheOptions): CacheSettings {
	refuseUnknown(options, OPTIONS);
	const { name = 'app', memory = '64MiB', redis, grace = '0s', timeout = '1s' } = options;
	if (typeof name !== 'string' || !/^[a-z0-9_.-]{1,64}$/.test(name)) {
		throw new TypeError('name: expected 1 to 64 of a-z, 0-9, `-`, `_`, `.`');
	}
	const memoryBytes = parseSize(String(memory));
	if (memoryBytes === undefined || memoryBytes < MIB || memoryBytes > 16_384 * MIB) {
		throw new TypeError('memory: expected a size from 1MiB to 16GiB, like `64MiB`');
	}
	return {
		name,
		memoryBytes,
		redis: checkRedis(redis),
		graceMs: duration('grace', grace, 0),
		timeoutMs: duration('timeout', timeout, 1),
	};
}

/** Throws a TypeError; `ttl` alone is the short form of `{ ttl }`. */
export function checkLifetime(ttl: string | Lifetime, { graceMs, timeoutMs }: CacheSettings): LifetimeMs {
	if (typeof ttl === 'string') return { ttlMs: duration('ttl', ttl, 1), graceMs, timeoutMs, tags: [] };
	if (typeof ttl !== 'object' || ttl === null) throw new TypeError('ttl: expected a duration like `30s`, or { ttl }');
	refuseUnknown(ttl, LIFETIME);
	return {
		ttlMs: duration('ttl', ttl.ttl, 1),
		graceMs: ttl.grace === undefined ? graceMs : duration('grace', ttl.grace, 0),
		timeoutMs: ttl.timeout === undefined ? timeoutMs : duration('timeout', ttl.timeout, 1),
		tags: checkTags(ttl.tags ?? []),
	};
}

/** Throws a TypeError unless these are at most 16 names of 1 to 256 characters. */
export function checkTags(tags: readonly string[]): readonly string[] {
	if (!Array.isArray(tags) || tags.length > 16 || !tags.every((tag) => typeof tag === 'string' && isName(tag))) {
		throw new TypeError('tags: expected at most 16 names of 1 to 256 characters');
	}
	return tags;
}

/** Throws a TypeError unless it is a text of 1 to 1,024 characters. */
export function checkKey(key: string): string {
	if (typeof key === 'string' && key.length > 0 && key.length <= 1024) return key;
	throw new TypeError('key: expected 1 to 1024 characters');
}

/** Milliseconds of a duration from `leastMs` to 30d; throws a TypeError that names it. */
export function duration(name: string, text: unknown, leastMs: number): number {
	const ms = typeof text === 'string' ? parseDuration(text) : undefined;
	if (ms !== undefined && ms >= leastMs && ms <= MOST_MS) return ms;
	throw new TypeError(`${name}: expected a duration from ${leastMs}ms to 30d, like \`30s\``);
}

/** Throws a TypeError for a key that is none of these. */
export function refuseUnknown(options: object, known: readonly string[]): void {
	const other = Object.keys(options).find((key) => !known.includes(key));
	if (other === undefined) return;
	const near = closest(other, known);
	const hint = near === undefined ? `expected ${known.join(', ')}` : `did you mean \`${near}\`?`;
	throw new TypeError(`${other.slice(0, 64)}: not an option; ${hint}`);
}

const isName = (tag: string) => tag.length > 0 && tag.length <= 256;

function checkRedis(redis: CacheOptions['redis']): CacheSettings['redis'] {
	if (redis === undefined) return undefined;
	if (typeof redis === 'string') {
		// The address is not repeated: it may hold a password.
		if (/^rediss?:\/\//.test(redis) && URL.canParse(redis)) return redis;
	} else if (typeof redis?.duplicate === 'function') return redis;
	throw new TypeError('redis: expected an address like `redis://127.0.0.1:6379`, or a client of ioredis');
}
