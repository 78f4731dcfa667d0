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

	/** null: nothing is cached. */
	of({ services, cache }: Pick<Config, 'services' | 'cache'>): CachePlan | null {
		const used = services.some(
			(service) => service.cache !== null || Object.values(service.routeCaches).some((policy) => policy !== null),
		);
		if (!used) return null;
		if (this.#plan === null || this.#bytes !== cache.memoryBytes) {
			this.#bytes = cache.memoryBytes;
			this.#plan = {
				memory: AnswerMemory.create(cache.memoryBytes),
				marks: UrlMarks.create(),
				key: randomBytes(32),
			};
		}
		return this.#plan;
	}
}
