/** Requests that came to a pool, from what its instances have answered and have under way. */
import { Counter } from '../../metrics/meter.ts';
import type { ScaledPoolInstance } from './scaled-pool.ts';

/** Totals of an instance, by its slot on the board. */
export interface InstanceCounts {
	count(slot: number, counter: number): number;
}

interface Known {
	requests: number;
	failed: number;
}

export interface TrafficTick {
	/** Requests that came since the last tick. */
	arrived: number;
	/** Those that ended since then, and of them those that failed. */
	ended: number;
	failed: number;
	/** Under way at instances, and waiting for one. */
	inFlight: number;
}

export class TrafficCount {
	readonly #counts: InstanceCounts;
	readonly #known = new Map<string, Known>();
	#inFlight = 0;
	#began = false;

	constructor(counts: InstanceCounts) {
		this.#counts = counts;
	}

	/** @param held requests that wait for an instance */
	tick(instances: readonly ScaledPoolInstance[], held: number): TrafficTick {
		let ended = 0;
		let failed = 0;
		let inFlight = held;
		const gone = new Set(this.#known.keys());
		for (const { id, slot, inFlight: own } of instances) {
			inFlight += own;
			if (slot < 0) continue;
			const key = `${id} ${slot}`;
			gone.delete(key);
			const now = {
				requests: this.#counts.count(slot, Counter.requests),
				failed: this.#counts.count(slot, Counter.status1xx + 4) + this.#counts.count(slot, Counter.broken),
			};
			const before = this.#known.get(key);
			this.#known.set(key, now);
			// What an instance had counted when it was first seen did not happen now; one that has less began anew.
			if (before === undefined || now.requests < before.requests) continue;
			ended += now.requests - before.requests;
			failed += Math.max(0, now.failed - before.failed);
		}
		for (const key of gone) this.#known.delete(key);
		const arrived = this.#began ? Math.max(0, ended + inFlight - this.#inFlight) : 0;
		this.#inFlight = inFlight;
		this.#began = true;
		return { arrived, ended, failed, inFlight };
	}
}
