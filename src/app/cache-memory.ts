import { randomBytes } from 'node:crypto';
import { BODY_MOST, diskBodyMost } from '../cache/cache-policy.ts';
import type { DiskPlan } from '../cache/disk/disk-bodies.ts';
import { AnswerMemory } from '../cache/memory/answer-memory.ts';
import { type MemoryStore, openAnswerStore } from '../cache/memory/memory-store.ts';
import { RecentPurges } from '../cache/purges/recent-purges.ts';
import { CacheHash } from '../cache/rules/cache-hash.ts';
import { UrlMarks } from '../cache/url-marks.ts';
import type { PurgeSelect } from '../cdn/purge-target.ts';
import type { PurgedHere, Purger } from '../cdn/purger.ts';
import type { Config } from '../config/config.ts';
import { MAX_WORKERS } from '../core/board.ts';
import type { NodeReading } from '../metrics/node-readers.ts';
import type { CacheKeeping } from './cache-keeping.ts';
import type { EventLog } from './event-log.ts';
import { SharedCache, type SharedCacheMemory, type SharedCacheParts, type SharedCachePlan } from './shared-cache.ts';

/** The memory of the response cache, and the key that its places and secrets are hashed with. */
export interface CachePlan {
	memory: SharedArrayBuffer;
	/** When URLs were changed: of `UrlMarks`. */
	marks: SharedArrayBuffer;
	/** What was purged: of `RecentPurges`. */
	recent: SharedArrayBuffer;
	/** 32 bytes. */
	key: Uint8Array;
	/** Where large bodies lie; null: in memory, or nowhere. */
	disk: DiskPlan | null;
	/** Largest body that is stored where a route says nothing of it. */
	bodyMost: number;
	/** Answers that other nodes have, too; null: none. */
	shared: SharedCachePlan | null;
}

type KeptConfig = Pick<Config, 'cache' | 'store'>;

/** Whose locks in the memory are the control plane's. */
const OWN_ID = MAX_WORKERS - 1;

/** Holds the memory that all workers keep answers in: over reloads the same while its size stays. */
export class CacheMemory implements Purger, SharedCacheMemory {
	readonly shared: SharedCache;
	#plan: CachePlan | null = null;
	#store: MemoryStore | null = null;
	#config: KeptConfig | null = null;
	/** What of it outlasts this process; null: nothing. */
	keeping: CacheKeeping | null = null;

	constructor(log: Pick<EventLog, 'add'>) {
		const event: SharedCacheParts['event'] = (level, text, kind = '') =>
			log.add({ level, subject: 'cache', text, kind });
		this.shared = new SharedCache({ memory: this, event });
	}

	/** A worker ended in the middle of something: what it held is never let go of, so the others go on with an empty memory. */
	lost(worker: number, workers: { tell(message: { type: 'cache'; cache: CachePlan }): void }): void {
		if (this.#plan === null) return;
		AnswerMemory.abandon(this.#plan.memory, worker);
		// In all plans that have it.
		Object.assign(this.#plan, this.#create(this.#plan));
		workers.tell({ type: 'cache', cache: this.#plan });
	}

	/** `before`: what goes on in another memory. */
	#create(before: CachePlan | null): Omit<CachePlan, 'shared'> {
		const { cache, store: kept } = this.#config as KeptConfig;
		const memory = AnswerMemory.create(cache.memoryBytes);
		const { key, disk } = before ?? this.keeping?.plan({ cache, store: kept }) ?? { key: randomBytes(32), disk: null };
		const marks = before?.marks ?? UrlMarks.create();
		const recent = RecentPurges.create();
		this.#store = openAnswerStore(memory, OWN_ID, { disk, recent });
		this.keeping?.opened({ store: this.#store, marks: new UrlMarks(marks), key: Buffer.from(key) });
		return { memory, marks, recent, key, disk, bodyMost: bodyMostOf(cache) };
	}

	/** null: nothing is cached. */
	of({ services, cache, store, state }: Pick<Config, 'services' | 'state'> & KeptConfig): CachePlan | null {
		const used = services.some(
			(service) => service.cache !== null || Object.values(service.routeCaches).some((policy) => policy !== null),
		);
		const shared = this.shared.of({ cache, state }, used);
		const before = this.#config;
		this.#config = { cache, store };
		this.keeping?.configure(this.#config);
		if (!used) return this.#forget();
		if (this.#plan === null || before === null || isAnother(before, this.#config))
			this.#plan = { ...this.#create(null), shared };
		this.#plan.shared = shared;
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
	get usage(): NodeReading['cache'] {
		if (this.#store === null) return null;
		const shared = this.shared.reading;
		const levels = shared === null ? [] : [shared];
		return { ...this.#store.usage, evicted: this.#store.evicted, disk: this.#store.diskUsage, levels };
	}

	/** Of all workers' answers, and of those of other nodes that share a Redis with this one; how many there were here. */
	async purge(select: PurgeSelect, soft: boolean): Promise<PurgedHere> {
		// Told first: what is purged here must not come back from there.
		const told = this.shared.tell(select, soft);
		const removed = await this.purgeOwn(select, soft);
		const nodes = await told;
		return nodes === undefined ? { removed } : { removed, nodes };
	}

	changedOwn(urls: readonly string[]): void {
		if (this.#plan === null) return;
		const { keyed } = new CacheHash(Buffer.from(this.#plan.key));
		const marks = new UrlMarks(this.#plan.marks);
		for (const url of urls) {
			const bytes = Buffer.from(url, 'latin1');
			keyed.begin();
			keyed.bytes(0, bytes, 0, bytes.length);
			keyed.finish();
			marks.mark(keyed.a, Date.now());
			this.#store?.purgeKey({ bytes, length: bytes.length, high: keyed.a, low: keyed.b }, false);
		}
	}

	async purgeOwn(select: PurgeSelect, soft: boolean): Promise<number> {
		this.keeping?.purging(select, soft);
		const removed = (await this.#store?.purge(select, soft)) ?? 0;
		await this.keeping?.purged();
		return removed;
	}
}

const bodyMostOf = ({ disk }: Config['cache']): number => (disk === null ? BODY_MOST : diskBodyMost(disk));

/** Whether answers that are stored by the one are not where the other would look. */
function isAnother(one: KeptConfig, other: KeptConfig): boolean {
	const place = ({ cache, store }: KeptConfig): string =>
		JSON.stringify([cache.memoryBytes, cache.warm || cache.disk !== null ? store : null, cache.disk?.folder]);
	return place(one) !== place(other);
}
