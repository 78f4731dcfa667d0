import type { SharedPool } from './pool-picker.ts';
import type { Balancer } from './port.ts';

/** Chooses in one of several pools, whatever its share; where that one has nothing open, as for all others. */
export class PreferredPool {
	readonly #pool: SharedPool;
	readonly #all: Pick<Balancer, 'pick' | 'settle' | 'token'>;

	constructor(pool: SharedPool, all: Pick<Balancer, 'pick' | 'settle' | 'token'>) {
		this.#pool = pool;
		this.#all = all;
	}

	/** See `Balancer.pick`. */
	pick(key: number, tried: readonly number[], nowMs: number): number {
		const slot = this.#pool.balancer.pick(key, tried, nowMs);
		return slot >= 0 && !tried.includes(slot) ? slot : this.#all.pick(key, tried, nowMs);
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
