import type { CacheRedisConfig } from '../cache/cache-policy.ts';
import { PurgeTables } from '../cache/purges/purge-tables.ts';
import type { SharedPurge } from '../cache/purges/purge-times.ts';
import { LevelCounts } from '../cache/redis/level-counts.ts';
import type { UntoldPurge } from '../cache/redis/purge-record.ts';
import { PurgeStream } from '../cache/redis/purge-stream.ts';
import { RedisKeys, sharedSecrets } from '../cache/redis/redis-keys.ts';
import { SharedClock } from '../cache/redis/shared-clock.ts';
import type { LevelPurge } from '../cache/second-level.ts';
import type { Config } from '../config/config.ts';
import { MAX_WORKERS } from '../core/board.ts';
import type { CacheLevelReading } from '../metrics/node-readers.ts';
import type { RedisConfig } from '../redis/config.ts';
import { RedisLink } from '../redis/redis-link.ts';
import type { Level } from './event-log.ts';

/** How workers reach the answers that nodes share. Plain data, and memory that all threads share; secrets are in it. */
export interface SharedCachePlan {
	/** Another one for another configuration. */
	serial: number;
	redis: RedisConfig;
	cache: CacheRedisConfig;
	clock: SharedArrayBuffer;
	purges: SharedArrayBuffer;
	counts: SharedArrayBuffer;
	/** Of `sharedSecrets`. */
	hash: Uint8Array;
	sign: Uint8Array;
}

/** What other nodes' purges are carried out on. */
export interface SharedCacheMemory {
	purgeOwn(purge: LevelPurge, soft: boolean): Promise<unknown>;
	/** By what the keys of URLs begin with. */
	changedOwn(urls: readonly string[]): void;
}

export interface SharedCacheParts {
	readonly memory: SharedCacheMemory;
	event(level: Level, text: string, kind?: string): void;
}

/** How long whoever purges waits until other nodes can hear of it, ms. */
const TOLD_MS = 1000;
/** How long the end of the program waits for that, ms. */
const END_MS = 2000;

/** The control plane's part of answers that nodes share: it tells purges, and hears of those of others. */
export class SharedCache {
	readonly #parts: SharedCacheParts;
	#text = '';
	#plan: SharedCachePlan | null = null;
	#stream: PurgeStream | null = null;
	#serial = 0;
	#up: boolean | null = null;
	/** How often purges of other nodes were lost. */
	#missed = 0;

	constructor(parts: SharedCacheParts) {
		this.#parts = parts;
	}

	/** null: nothing is shared. `used`: something is cached. */
	of({ state, cache }: Pick<Config, 'state' | 'cache'>, used: boolean): SharedCachePlan | null {
		if (!used || state.redis === null || cache.redis === null) {
			this.lose(this.#end().length);
			return null;
		}
		const text = JSON.stringify([state.redis, cache.redis]);
		if (this.#plan !== null && text === this.#text) return this.#plan;
		const untold = this.#end();
		this.#text = text;
		this.#plan = this.#begin(state.redis, cache.redis);
		this.adopt(untold);
		return this.#plan;
	}

	#begin(redis: RedisConfig, cache: CacheRedisConfig): SharedCachePlan {
		const [clock, purges, counts] = [SharedClock.create(), PurgeTables.create(), LevelCounts.create(MAX_WORKERS)];
		const { memory } = this.#parts;
		this.#stream = new PurgeStream({
			commands: new RedisLink({ config: redis }),
			reader: new RedisLink({ config: redis, onState: ({ up, why }) => this.#told(up, why) }),
			key: new RedisKeys(redis.keyPrefix).purges,
			clock: new SharedClock(clock),
			tables: new PurgeTables(purges),
			apply: (purge, soft) => this.#apply(purge, soft),
			missed: (lost) => this.#emptied(lost),
			aloneMs: cache.aloneMs,
			// Fresh ones are asked about again, so that what was purged elsewhere does not live on.
			alone: () => void memory.purgeOwn({ everything: true }, true),
		});
		const { hash, sign } = sharedSecrets(cache.secret ?? redis.login.password);
		return { serial: ++this.#serial, redis, cache, clock, purges, counts, hash, sign };
	}

	/** What waits to be told to other nodes. */
	left(): UntoldPurge[] {
		return this.#stream?.left() ?? [];
	}

	/** Tells what waited elsewhere. False: nothing is shared. */
	adopt(untold: readonly UntoldPurge[]): boolean {
		this.#stream?.adopt(untold);
		return this.#stream !== null;
	}

	/** Another core tells what waits here. */
	hand(): void {
		this.#stream?.hand();
	}

	/** So many will not be told. */
	lose(untold: number): void {
		if (untold > 0)
			this.#parts.event(
				'warn',
				`${untold} purges or changes of URLs could not be told to Redis, and are lost for other nodes: what they and Redis have of it is given until its lifetime ends; purge again once Redis is back`,
				'purges_untold',
			);
	}

	/** Nothing is shared any more; what waits to be told. */
	#end(): UntoldPurge[] {
		const untold = this.left();
		this.#stream?.close();
		this.#stream = null;
		this.#plan = null;
		this.#text = '';
		this.#up = null;
		return untold;
	}

	#emptied(lost: boolean): void {
		void this.#parts.memory.purgeOwn({ everything: true }, false);
		if (!lost) return;
		this.#missed++;
		this.#parts.event(
			'warn',
			'purges of other nodes are not to be had any more, since this node was away from Redis for too long, or Redis was emptied: its memory was emptied, and of Redis only newer answers are given',
			'purges_missed',
		);
	}

	#apply(purge: SharedPurge, soft: boolean): void {
		const { memory } = this.#parts;
		if ('changed' in purge) memory.changedOwn(purge.changed);
		else void memory.purgeOwn(purge, soft);
	}

	/** Said once for an outage, and once for its end. */
	#told(up: boolean, why: string): void {
		const before = this.#up;
		this.#up = up;
		if (up && before === false) this.#parts.event('info', 'the shared cache in Redis can be reached again');
		if (!up)
			this.#parts.event(
				'warn',
				`the shared cache in Redis cannot be reached: ${why}; each node caches for itself meanwhile`,
				'shared_cache_down',
			);
	}

	/** A worker saw that URLs were changed: what it noted itself, other nodes are to hear. */
	changed(urls: readonly string[]): void {
		void this.#stream?.tell({ changed: urls }, false, TOLD_MS);
	}

	/**
	 * What is meant is not given from Redis any more, and other nodes hear of it: now, or once Redis answers. undefined:
	 * nothing is shared.
	 */
	async tell(purge: LevelPurge, soft: boolean): Promise<'told' | 'waiting' | undefined> {
		if (this.#stream === null) return undefined;
		return (await this.#stream.tell(purge, soft, TOLD_MS)) ? 'told' : 'waiting';
	}

	/** null: nothing is shared. */
	get reading(): CacheLevelReading | null {
		if (this.#plan === null) return null;
		const { timeUs, ...results } = LevelCounts.sum(this.#plan.counts);
		const [missed, untold] = [this.#missed, this.#stream?.waiting ?? 0];
		const down = this.#up === false;
		return { level: 'redis', down, missed, untold, results: Object.entries(results), seconds: timeUs / 1e6 };
	}

	/** The end of this core: what waits to be told is told; what could not be. */
	async end(): Promise<UntoldPurge[]> {
		await this.#stream?.drain(END_MS);
		return this.#end();
	}
}
