import { performance } from 'node:perf_hooks';
import type { CacheKey } from '../../cache/answer-store.ts';

const PLACES = 4096;
/** So long nobody waits for an answer that proved not to be stored. */
const KNOWN_MS = 30_000;

/** Keys whose answers were not stored a while ago; a few may be forgotten or, rarely, taken for others. */
export class RecentRefusals {
	readonly #hashes = new Int32Array(PLACES);
	readonly #untilMs = new Float64Array(PLACES);

	has({ high, low }: CacheKey): boolean {
		const at = low & (PLACES - 1);
		return this.#hashes[at] === (high | 0) && (this.#untilMs[at] as number) > performance.now();
	}

	add({ high, low }: CacheKey): void {
		const at = low & (PLACES - 1);
		this.#hashes[at] = high;
		this.#untilMs[at] = performance.now() + KNOWN_MS;
	}
}
