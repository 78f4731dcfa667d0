import type { NodeLimits } from '../gateway/config.ts';
import type { HoldCount } from '../resilience/hold-room.ts';
import { NodeCell } from './plan.ts';

/** Bounds the waiting requests of all workers together: each counts its own, the sum is held to the limits. */
export class NodeHoldCount implements HoldCount {
	readonly #all: Int32Array;
	readonly #own: number;
	workers = 1;
	limits: Pick<NodeLimits, 'holdRequests' | 'holdBytes'>;

	constructor(all: Int32Array, worker: number, limits: NodeLimits) {
		this.#all = all;
		this.#own = worker * NodeCell.cells;
		this.limits = limits;
	}

	enter(bytes: number): boolean {
		// Entered first and then looked at, so that two workers never both take the last place.
		Atomics.add(this.#all, this.#own + NodeCell.held, 1);
		Atomics.add(this.#all, this.#own + NodeCell.heldBytes, bytes);
		const { holdRequests, holdBytes } = this.limits;
		if (this.#sum(NodeCell.held) <= holdRequests && this.#sum(NodeCell.heldBytes) <= holdBytes) return true;
		this.leave(bytes);
		return false;
	}

	grow(bytes: number): boolean {
		Atomics.add(this.#all, this.#own + NodeCell.heldBytes, bytes);
		if (bytes <= 0 || this.#sum(NodeCell.heldBytes) <= this.limits.holdBytes) return true;
		Atomics.sub(this.#all, this.#own + NodeCell.heldBytes, bytes);
		return false;
	}

	leave(bytes: number): void {
		Atomics.sub(this.#all, this.#own + NodeCell.held, 1);
		Atomics.sub(this.#all, this.#own + NodeCell.heldBytes, bytes);
	}

	#sum(cell: number): number {
		let sum = 0;
		for (let worker = 0; worker < this.workers; worker++)
			sum += Atomics.load(this.#all, worker * NodeCell.cells + cell);
		return sum;
	}
}
