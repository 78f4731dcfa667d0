/** Requests that came to a pool, from what its instances have answered and have under way. */
import { Counter } from '../../metrics/meter.ts';
import type { ScaledPoolInstance } from './scaled-pool.ts';

/** Totals of an instance, by its slot on the board. */
export interface InstanceCounts {
	count(slot: number, counter: number): number;
}

interface Known {
	slot: number;
	requests: number;
	failed: number;
	/** When it was there last. */
	tick: number;
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
	#tick = 0;

	constructor(counts: InstanceCounts) {
		this.#counts = counts;
	}

	/** @param held requests that wait for an instance */
	tick(instances: readonly ScaledPoolInstance[], held: number): TrafficTick {
		this.#tick++;
		let ended = 0;
		let failed = 0;
		let inFlight = held;
		let there = 0;
		for (const { id, slot, inFlight: own } of instances) {
			inFlight += own;
			if (slot < 0) continue;
			there++;
			const requests = this.#counts.count(slot, Counter.requests);
			const bad = this.#counts.count(slot, Counter.status1xx + 4) + this.#counts.count(slot, Counter.broken);
			const known = this.#known.get(id);
			if (known === undefined) {
				// What it had counted when it was first seen did not happen now.
				this.#known.set(id, { slot, requests, failed: bad, tick: this.#tick });
				continue;
			}
			// In another slot, or with less than before, it began anew.
			if (known.slot === slot && requests >= known.requests) {
				ended += requests - known.requests;
				failed += Math.max(0, bad - known.failed);
			}
			known.slot = slot;
			known.requests = requests;
			known.failed = bad;
			known.tick = this.#tick;
		}
		if (this.#known.size > there)
			for (const [id, { tick }] of this.#known) if (tick !== this.#tick) this.#known.delete(id);
		const arrived = this.#tick === 1 ? 0 : Math.max(0, ended + inFlight - this.#inFlight);
		this.#inFlight = inFlight;
		return { arrived, ended, failed, inFlight };
	}
}
