import { randomBytes } from 'node:crypto';
import { KeyedHash } from '../../core/keyed-hash.ts';
import { PurgeTimes, type SharedPurge } from './purge-times.ts';

const KEY_BYTES = 8;

/** When what was purged, for good and softly, by some clock or count. All threads of a node share it. */
export class PurgeTables {
	readonly #gone: PurgeTimes;
	readonly #stale: PurgeTimes;

	/** From `at`, a multiple of 8, in `buffer`. */
	constructor(buffer: SharedArrayBuffer, at = 0) {
		const key = new Int32Array(buffer, at, 2);
		const hash = new KeyedHash([key[0] as number, key[1] as number]);
		this.#gone = new PurgeTimes(buffer, at + KEY_BYTES, hash);
		this.#stale = new PurgeTimes(buffer, at + KEY_BYTES + PurgeTimes.BYTES, hash);
	}

	/** Empty, behind `at` bytes of zeros. */
	static create(at = 0): SharedArrayBuffer {
		const buffer = new SharedArrayBuffer(at + KEY_BYTES + 2 * PurgeTimes.BYTES);
		new Uint8Array(buffer).set(randomBytes(KEY_BYTES), at);
		return buffer;
	}

	/** What was asked for until `ms` is purged; `soft`: stale from then on. */
	mark(purge: SharedPurge, ms: number, soft: boolean): void {
		(soft ? this.#stale : this.#gone).mark(purge, ms);
	}

	/** When such an answer was purged the last time, for good or (`soft`) softly; 0: never. `key`: its bytes. */
	lastMs(key: Buffer, tags: readonly string[], soft: boolean): number {
		return (soft ? this.#stale : this.#gone).lastMs(key, tags);
	}

	/** Whether an answer that was asked for at `sinceMs` was purged for good. `key`: its bytes. */
	isPurged(key: Buffer, tags: readonly string[], sinceMs: number): boolean {
		return this.#gone.lastMs(key, tags) >= sinceMs;
	}

	/** From when on such an answer is stale; 0: by its own lifetime. */
	staleFromMs(key: Buffer, tags: readonly string[], sinceMs: number): number {
		const lastMs = this.#stale.lastMs(key, tags);
		return lastMs >= sinceMs ? lastMs : 0;
	}
}
