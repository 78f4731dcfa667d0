import { randomBytes } from 'node:crypto';
import type { PurgeSelect as StoreSelect } from '../cache/answer-store.ts';
import { BODY_MOST, diskBodyMost } from '../cache/cache-policy.ts';
import type { DiskPlan } from '../cache/disk/disk-bodies.ts';
import { AnswerMemory } from '../cache/memory/answer-memory.ts';
import { type MemoryStore, openAnswerStore } from '../cache/memory/memory-store.ts';
import { keysOf, keysUnder } from '../cache/purge-key.ts';
import { UrlMarks } from '../cache/url-marks.ts';
import type { PurgeSelect } from '../cdn/purge-target.ts';
import type { Purger } from '../cdn/purger.ts';
import type { Config } from '../config/config.ts';
import { MAX_WORKERS } from '../core/board.ts';
import type { CacheKeeping } from './cache-keeping.ts';

/** The memory of the response cache, and the key that its places and secrets are hashed with. */
export interface CachePlan {
	memory: SharedArrayBuffer;
	/** When URLs were changed: of `UrlMarks`. */
	marks: SharedArrayBuffer;
	/** 32 bytes. */
	key: Uint8Array;
	/** Where large bodies lie; null: in memory, or nowhere. */
	disk: DiskPlan | null;
	/** Largest body that is stored where a route says nothing of it. */
	bodyMost: number;
}

export interface CacheUsage {
	bytes: number;
	most: number;
	entries: number;
	/** Total. */
	evicted: number;
	/** null: there is none. */
	disk: { bytes: number; most: number; entries: number; evicted: number } | null;
}

/** Whose locks in the memory are the control plane's. */
const OWN_ID = MAX_WORKERS - 1;

/** Holds the memory that all workers keep answers in: over reloads the same while its size stays. */
export class CacheMemory implements Purger {
	#plan: CachePlan | null = null;
	#store: MemoryStore | null = null;
	#config: Pick<Config, 'cache' | 'store'> | null = null;
	/** What of it outlasts this process; null: nothing. */
	keeping: CacheKeeping | null = null;

	/** A worker ended in the middle of something: what it held is never let go of, so the others go on with an empty memory. */
	lost(worker: number, workers: { tell(message: { type: 'cache'; cache: CachePlan }): void }): void {
		if (this.#plan === null) return;
		AnswerMemory.abandon(this.#plan.memory, worker);
		// In all plans that have it.
		Object.assign(this.#plan, this.#create(this.#plan));
		workers.tell({ type: 'cache', cache: this.#plan });
	}

	/** `before`: what goes on in another memory. */
	#create(before: CachePlan | null): CachePlan {
		const { cache, store: kept } = this.#config as Pick<Config, 'cache' | 'store'>;
		const memory = AnswerMemory.create(cache.memoryBytes);
		const { key, disk } = before ?? this.keeping?.plan({ cache, store: kept }) ?? { key: randomBytes(32), disk: null };
		const marks = before?.marks ?? UrlMarks.create();
		this.#store = openAnswerStore(memory, OWN_ID, { disk });
		this.keeping?.opened({ store: this.#store, marks: new UrlMarks(marks), key: Buffer.from(key) });
		return { memory, marks, key, disk, bodyMost: bodyMostOf(cache) };
	}

	/** null: nothing is cached. */
	of({ services, cache, store }: Pick<Config, 'services' | 'cache' | 'store'>): CachePlan | null {
		const used = services.some(
			(service) => service.cache !== null || Object.values(service.routeCaches).some((policy) => policy !== null),
		);
		const before = this.#config;
		this.#config = { cache, store };
		this.keeping?.configure(this.#config);
		if (!used) return this.#forget();
		if (this.#plan === null || before === null || isAnother(before, this.#config)) this.#plan = this.#create(null);
		this.#plan.bodyMost = bodyMostOf(cache);
		return this.#plan;
	}

	#forget(): null {
		this.#plan = null;
		this.#store = null;
		this.keeping?.opened(null);
		return null;
	}

	get active(): boolean {
		return this.#store !== null;
	}

	/** null: nothing is cached. */
	get usage(): CacheUsage | null {
		if (this.#store === null) return null;
		return { ...this.#store.usage, evicted: this.#store.evicted, disk: this.#store.diskUsage };
	}

	/** Of all workers' answers. */
	async purge(select: PurgeSelect, soft: boolean): Promise<{ removed: number }> {
		let removed = 0;
		// One walk for all URLs or prefixes of a request.
		for (const each of selectsOf(select)) {
			this.keeping?.purging(each, soft);
			removed += (await this.#store?.purge(each, soft)) ?? 0;
		}
		await this.keeping?.purged();
		return { removed };
	}
}

const bodyMostOf = ({ disk }: Config['cache']): number => (disk === null ? BODY_MOST : diskBodyMost(disk));

/** Whether answers that are stored by the one are not where the other would look. */
function isAnother(one: Pick<Config, 'cache' | 'store'>, other: Pick<Config, 'cache' | 'store'>): boolean {
	const place = ({ cache, store }: Pick<Config, 'cache' | 'store'>): string =>
		JSON.stringify([cache.memoryBytes, cache.warm || cache.disk !== null ? store : null, cache.disk?.folder]);
	return place(one) !== place(other);
}

function selectsOf(select: PurgeSelect): StoreSelect[] {
	if ('urls' in select) return [{ key: keysOf(select.urls) }];
	if ('prefixes' in select) return [{ key: keysUnder(select.prefixes) }];
	return 'tags' in select ? select.tags.map((tag) => ({ tag })) : [{ all: true }];
}
