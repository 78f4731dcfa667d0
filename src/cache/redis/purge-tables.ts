import { randomBytes } from 'node:crypto';
import { KeyedHash } from '../../core/keyed-hash.ts';
import { PurgeTimes, type SharedPurge } from './purge-times.ts';

const KEY_BYTES = 8;

/** When what was purged, for good and softly; by the clock of Redis. All threads of a node share it. */
export class PurgeTables {
	readonly #gone: PurgeTimes;
	readonly #stale: PurgeTimes;

	constructor(buffer: SharedArrayBuffer) {
		const key = new Int32Array(buffer, 0, 2);
		const hash = new KeyedHash([key[0] as number, key[1] as number]);
		this.#gone = new PurgeTimes(buffer, KEY_BYTES, hash);
		this.#stale = new PurgeTimes(buffer, KEY_BYTES + PurgeTimes.BYTES, hash);
	}

	/** Empty. */
	static create(): SharedArrayBuffer {
		const buffer = new SharedArrayBuffer(KEY_BYTES + 2 * PurgeTimes.BYTES);
		new Uint8Array(buffer).set(randomBytes(KEY_BYTES));
		return buffer;
	}

	/** What was asked for until `ms` is purged; `soft`: stale from then on. */
	mark(purge: SharedPurge, ms: number, soft: boolean): void {
		(soft ? this.#stale : this.#gone).mark(purge, ms);
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
