import { performance } from 'node:perf_hooks';
import type { CacheKey } from './answer-store.ts';

const PLACES = 4096;
/** So long nobody waits for an answer that proved not to be stored, where nothing else is said. */
const KNOWN_MS = 30_000;

/**
 * Keys whose answers were not stored a while ago, for requests with `Authorization` apart: theirs alone may be refused.
 * A few may be forgotten or, rarely, taken for others.
 */
export class RecentRefusals {
	readonly #hashes = new Int32Array(PLACES);
	readonly #untilMs = new Float64Array(PLACES);
	readonly #knownMs: number;

	/** `knownMs`: how long one is known, ms; default 30 s. */
	constructor(knownMs: number = KNOWN_MS) {
		this.#knownMs = knownMs;
	}

	has({ high, low }: CacheKey, authorization: boolean): boolean {
		const at = placeOf(low, authorization);
		return this.#hashes[at] === (high | 0) && (this.#untilMs[at] as number) > performance.now();
	}

	add({ high, low }: CacheKey, authorization: boolean): void {
		const at = placeOf(low, authorization);
		this.#hashes[at] = high;
		this.#untilMs[at] = performance.now() + this.#knownMs;
	}
}

const placeOf = (low: number, authorization: boolean): number =>
	(low & (PLACES / 2 - 1)) | (authorization ? PLACES / 2 : 0);
