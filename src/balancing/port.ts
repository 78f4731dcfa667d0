/** What balancing is asked, and what it needs to know of the instances. */

import type { SlotState } from '../core/board.ts';

/**
 * The live facts of the instances, by slot of the board: `Board` fits. They are read at each pick, so
 * that an instance that is drained or gets another weight is treated so by the very next request.
 */
export interface Loads {
	state(slot: number): SlotState;
	/** Requests under way, over all workers. */
	inFlight(slot: number): number;
	/** Thousandths; 1000 is normal, 0 means no new requests. */
	weight(slot: number): number;
	/** What this worker measured (µs; 0: nothing yet) and when (ms, low 32 bits). */
	latencyUs(slot: number, worker: number): number;
	latencyAt(slot: number, worker: number): number;
	setLatency(slot: number, worker: number, us: number, atMs: number): void;
}

/** An instance of the pool. `id` is stable over restarts; hashing and tokens stand on it. */
export interface Member {
	readonly slot: number;
	readonly id: string;
}

/** Which of the node's workers balances: 0 ≤ id < count. */
export interface WorkerPlace {
	readonly id: number;
	readonly count: number;
}

/**
 * Chooses an instance, and only that: health, retries and cookies live elsewhere.
 *
 * A slot is open when it is ready and has a weight; only open ones are picked.
 */
export interface Balancer {
	/** The pool changed. What is known of members that stay is kept. */
	set(members: readonly Member[]): void;
	/**
	 * An open slot, or -1 when there is none; one of `tried` only when every open one was tried.
	 * `key`: the hash of what the policy reads (for `cookie` the token itself), 0 = there is none.
	 * `nowMs`: a clock that all workers share, the same one as for `settle`.
	 */
	pick(key: number, tried: readonly number[], nowMs: number): number;
	/** An attempt ended: µs to the head of the answer, or < 0 when it failed. */
	settle(slot: number, us: number, nowMs: number): void;
	/** With cookie affinity what stands for this slot in the cookie (signed 32 bits, never the address); else 0. */
	token(slot: number): number;
	/** With cookie affinity: whether the key is the token of a member. */
	knows?(key: number): boolean;
}

/** No slot was tried. */
export const NONE_TRIED: readonly number[] = [];
