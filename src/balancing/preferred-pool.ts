import type { PoolPicker, SharedPool } from './pool-picker.ts';

type AllPools = Pick<PoolPicker, 'pick' | 'settle' | 'token'>;

/** Chooses in one of several pools, whatever its share; where that one has nothing open, as for all others. */
export class PreferredPool {
	readonly #pool: SharedPool;
	readonly #all: AllPools;

	constructor(pool: SharedPool, all: AllPools) {
		this.#pool = pool;
		this.#all = all;
	}

	/** See `PoolPicker.pick`. */
	pick(key: number, tried: readonly number[], nowMs: number, elsewhere = false): number {
		const slot = elsewhere ? -1 : this.#pool.balancer.pick(key, tried, nowMs);
		return slot >= 0 && !tried.includes(slot) ? slot : this.#all.pick(key, tried, nowMs, elsewhere);
	}

	/** See `Balancer.settle`. */
	settle(slot: number, us: number, nowMs: number): void {
		this.#all.settle(slot, us, nowMs);
	}

	/** See `Balancer.token`. */
	token(slot: number): number {
		return this.#all.token(slot);
	}
}
