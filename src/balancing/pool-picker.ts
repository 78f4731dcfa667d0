import { mixBits } from '../core/hash.ts';
import type { Balancer } from './port.ts';

/** One of several pools that share a service's requests. */
export interface SharedPool {
	balancer: Balancer;
	/** Where its share is in the cells, thousandths; < 0: it has none and is only fallen back on. */
	readonly share: number;
	readonly members: readonly { readonly slot: number }[];
	/** A version on trial: it gets its share, and beyond that only what no other pool has an open instance for. */
	readonly trial: boolean;
}

const WHOLE = 1000;
const ON_TRIAL = 2;
/** Prime to `WHOLE` and near its golden section: in a thousand turns each point comes once, evenly spread. */
const STEP = 617;
/** Parts the choice of the pool from that of the instance, which hashes the same key. */
const SALT = 0x2545f491;

/**
 * Chooses among the pools of a service by their shares, and within by the pool's own balancer. Where
 * that one has nothing open, the next takes over at once: those with a share first, each time by
 * priority. A key always means the same pool, unless shares change.
 */
export class PoolPicker {
	readonly #cells: Int32Array;
	readonly #pools: readonly SharedPool[];
	#turn: number;

	/** @param pools at least one, by priority; balanced alike, over one board */
	constructor({ cells }: { cells: Int32Array }, pools: readonly SharedPool[], worker: number) {
		this.#cells = cells;
		this.#pools = pools;
		this.#turn = (worker * 131) % WHOLE;
	}

	/**
	 * See `Balancer.pick`.
	 * @param elsewhere rather in a pool of which no instance was tried
	 */
	pick(key: number, tried: readonly number[], nowMs: number, elsewhere = false): number {
		if (elsewhere) {
			const slot = this.#pickUntried(key, tried, nowMs);
			if (slot >= 0) return slot;
		}
		const first = this.#pools[this.#choose(key)] as SharedPool;
		const slot = first.balancer.pick(key, tried, nowMs);
		if (slot >= 0 && (tried.length === 0 || !tried.includes(slot))) return slot;
		// What a version on trial gets must not hang on what fails, or is full, elsewhere.
		for (let rank = 0, worst = slot < 0 ? ON_TRIAL : ON_TRIAL - 1; rank <= worst; rank++) {
			for (const pool of this.#pools) {
				if (pool === first || this.#rank(pool) !== rank) continue;
				const other = pool.balancer.pick(key, tried, nowMs);
				if (other >= 0 && !tried.includes(other)) return other;
			}
		}
		return slot;
	}

	#pickUntried(key: number, tried: readonly number[], nowMs: number): number {
		for (let rank = 0; rank < ON_TRIAL; rank++) {
			for (const pool of this.#pools) {
				if (this.#rank(pool) !== rank) continue;
				if (pool.members.some(({ slot }) => tried.includes(slot))) continue;
				const slot = pool.balancer.pick(key, tried, nowMs);
				if (slot >= 0) return slot;
			}
		}
		return -1;
	}

	/** See `Balancer.settle`: what is measured stands on the board, whichever pool the instance is in. */
	settle(slot: number, us: number, nowMs: number): void {
		this.#pools[0]?.balancer.settle(slot, us, nowMs);
	}

	/** See `Balancer.token`. */
	token(slot: number): number {
		for (const { balancer } of this.#pools) {
			const token = balancer.token(slot);
			if (token !== 0) return token;
		}
		return 0;
	}

	#share({ share }: SharedPool): number {
		return share < 0 ? 0 : (this.#cells[share] as number);
	}

	/** Which pools take over first: those with a share, those without, those on trial. */
	#rank(pool: SharedPool): number {
		if (pool.trial) return ON_TRIAL;
		return this.#share(pool) > 0 ? 0 : 1;
	}

	#choose(key: number): number {
		if (key === 0) {
			this.#turn += STEP;
			if (this.#turn >= WHOLE) this.#turn -= WHOLE;
			return this.#at(this.#turn);
		}
		for (let at = 0; at < this.#pools.length; at++) {
			const pool = this.#pools[at] as SharedPool;
			if (this.#share(pool) > 0 && pool.balancer.knows?.(key) === true) return at;
		}
		return this.#at((mixBits(key ^ SALT) >>> 0) % WHOLE);
	}

	/** The pool at this point of the shares, laid one behind the other; the first where they do not reach. */
	#at(point: number): number {
		let left = point;
		for (let at = 0; at < this.#pools.length; at++) {
			left -= this.#share(this.#pools[at] as SharedPool);
			if (left < 0) return at;
		}
		return 0;
	}
}
