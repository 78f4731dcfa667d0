import { PurgeTables } from '../../cache/purges/purge-tables.ts';
import { LevelCounts } from '../../cache/redis/level-counts.ts';
import { RedisKeys } from '../../cache/redis/redis-keys.ts';
import { RedisLevel } from '../../cache/redis/redis-level.ts';
import { SharedClock } from '../../cache/redis/shared-clock.ts';
import type { SecondLevel } from '../../cache/second-level.ts';
import { UrlMarks } from '../../cache/url-marks.ts';
import { RedisLink } from '../../redis/redis-link.ts';
import type { CachePlan } from '../cache-memory.ts';
import type { SharedCachePlan } from '../shared-cache.ts';
import { SecondLevels } from './second-levels.ts';

/** The levels behind the memory of one worker; over reloads the same while their configuration stays. */
export class OpenLevels {
	readonly #tell: (urls: readonly string[]) => void;
	#redis: { serial: number; level: SecondLevel } | null = null;

	/** `tell`: other nodes are to hear that URLs were changed. */
	constructor(tell: (urls: readonly string[]) => void) {
		this.#tell = tell;
	}

	/** In the order in which they are asked; null: there is none. */
	of({ shared, marks }: Pick<CachePlan, 'shared' | 'marks'>, worker: number): SecondLevels | null {
		const redis = this.#redisOf(shared, worker);
		return redis === null ? null : new SecondLevels([redis], new UrlMarks(marks));
	}

	/** Nothing is cached any more. */
	close(): void {
		this.#redisOf(null, 0);
	}

	#redisOf(shared: SharedCachePlan | null, worker: number): SecondLevel | null {
		if (this.#redis !== null && this.#redis.serial !== shared?.serial) {
			void this.#redis.level.close();
			this.#redis = null;
		}
		if (shared === null) return null;
		this.#redis ??= { serial: shared.serial, level: this.#open(shared, worker) };
		return this.#redis.level;
	}

	#open({ redis, cache, clock, purges, counts, sign }: SharedCachePlan, worker: number): SecondLevel {
		return new RedisLevel({
			link: new RedisLink({ config: redis }),
			keys: new RedisKeys(redis.keyPrefix),
			secret: Buffer.from(sign),
			clock: new SharedClock(clock),
			purges: new PurgeTables(purges),
			counts: new LevelCounts(counts, worker),
			timeoutMs: cache.timeoutMs,
			bodyMost: cache.bodyBytes,
			lifeMostMs: cache.lifeMs,
			tell: this.#tell,
		});
	}
}
