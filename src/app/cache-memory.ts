import { randomBytes } from 'node:crypto';
import { AnswerMemory } from '../cache/memory/answer-memory.ts';
import { UrlMarks } from '../cache/url-marks.ts';
import type { Config } from '../config/config.ts';

/** The memory of the response cache, and the key that its places and secrets are hashed with. */
export interface CachePlan {
	memory: SharedArrayBuffer;
	/** When URLs were changed: of `UrlMarks`. */
	marks: SharedArrayBuffer;
	/** 32 bytes. */
	key: Uint8Array;
}

/** Holds the memory that all workers keep answers in; over reloads the same while its size stays. */
export class CacheMemory {
	#plan: CachePlan | null = null;
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
		return { memory: AnswerMemory.create(this.#bytes), marks: UrlMarks.create(), key: randomBytes(32) };
	}

	/** null: nothing is cached. */
	of({ services, cache }: Pick<Config, 'services' | 'cache'>): CachePlan | null {
		const used = services.some(
			(service) => service.cache !== null || Object.values(service.routeCaches).some((policy) => policy !== null),
		);
		if (!used) return null;
		if (this.#plan === null || this.#bytes !== cache.memoryBytes) {
			this.#bytes = cache.memoryBytes;
			this.#plan = this.#create();
		}
		return this.#plan;
	}
}
