import { randomBytes } from 'node:crypto';
import type { PurgeSelect as StoreSelect } from '../cache/answer-store.ts';
import { AnswerMemory } from '../cache/memory/answer-memory.ts';
import { type MemoryStore, openAnswerStore } from '../cache/memory/memory-store.ts';
import { keysOf, keysUnder } from '../cache/purge-key.ts';
import { UrlMarks } from '../cache/url-marks.ts';
import type { PurgeSelect } from '../cdn/purge-target.ts';
import type { Purger } from '../cdn/purger.ts';
import type { Config } from '../config/config.ts';
import { MAX_WORKERS } from '../core/board.ts';

/** The memory of the response cache, and the key that its places and secrets are hashed with. */
export interface CachePlan {
	memory: SharedArrayBuffer;
	/** When URLs were changed: of `UrlMarks`. */
	marks: SharedArrayBuffer;
	/** 32 bytes. */
	key: Uint8Array;
}

/** Whose locks in the memory are the control plane's. */
const OWN_ID = MAX_WORKERS - 1;

/** Holds the memory that all workers keep answers in: over reloads the same while its size stays. */
export class CacheMemory implements Purger {
	#plan: CachePlan | null = null;
	#store: MemoryStore | null = null;
	#bytes = 0;

	/** A worker ended in the middle of something: what it held is never let go of, so the others go on with an empty memory. */
	lost(worker: number, workers: { tell(message: { type: 'cache'; cache: CachePlan }): void }): void {
		if (this.#plan === null) return;
		AnswerMemory.abandon(this.#plan.memory, worker);
		// In all plans that have it.
		Object.assign(this.#plan, this.#create());
		workers.tell({ type: 'cache', cache: this.#plan });
	}

	#create(): CachePlan {
		const memory = AnswerMemory.create(this.#bytes);
		this.#store = openAnswerStore(memory, OWN_ID);
		return { memory, marks: UrlMarks.create(), key: randomBytes(32) };
	}

	/** null: nothing is cached. */
	of({ services, cache }: Pick<Config, 'services' | 'cache'>): CachePlan | null {
		const used = services.some(
			(service) => service.cache !== null || Object.values(service.routeCaches).some((policy) => policy !== null),
		);
		if (!used) return this.#forget();
		if (this.#plan === null || this.#bytes !== cache.memoryBytes) {
			this.#bytes = cache.memoryBytes;
			this.#plan = this.#create();
		}
		return this.#plan;
	}

	#forget(): null {
		this.#plan = null;
		this.#store = null;
		return null;
	}

	get active(): boolean {
		return this.#store !== null;
	}

	/** null: nothing is cached. */
	get usage(): { bytes: number; most: number; entries: number; evicted: number } | null {
		return this.#store === null ? null : { ...this.#store.usage, evicted: this.#store.evicted };
	}

	/** Of all workers' answers. */
	async purge(select: PurgeSelect, soft: boolean): Promise<{ removed: number }> {
		let removed = 0;
		// One walk for all URLs or prefixes of a request.
		for (const each of selectsOf(select)) removed += (await this.#store?.purge(each, soft)) ?? 0;
		return { removed };
	}
}

function selectsOf(select: PurgeSelect): StoreSelect[] {
	if ('urls' in select) return [{ key: keysOf(select.urls) }];
	if ('prefixes' in select) return [{ key: keysUnder(select.prefixes) }];
	return 'tags' in select ? select.tags.map((tag) => ({ tag })) : [{ all: true }];
}
