/** Adds up what the instances of one version did, over all that come and go meanwhile. */
import { Outcome } from '../core/board.ts';
import type { Sample } from './sample.ts';

/** Where the counts of an instance stand, by its slot on the board. They begin at 0 with the generation of the slot. */
export interface Counters {
	generation(slot: number): number;
	/** Attempts that ended: see `Ends`. */
	ended(slot: number): Ends;
	/** Adds its latencies to these buckets. */
	addLatency(slot: number, buckets: Float64Array): void;
}

/** Counts of 32 bits; they wrap. */
export interface Ends {
	/** By `Outcome`. */
	readonly ended: ArrayLike<number>;
	/** Those of them that were not the first of their request, and of these the ones that failed. */
	readonly again: number;
	readonly againFailed: number;
}

interface Known {
	generation: number;
	/** By `Outcome`, then `again` and `againFailed`. */
	ended: number[];
	latency: Float64Array;
}

const OUTCOMES = Object.keys(Outcome).length;
const AGAIN = OUTCOMES;
const AGAIN_FAILED = OUTCOMES + 1;
const FAILED = [Outcome.connectFailed, Outcome.failed, Outcome.timedOut, Outcome.status5xx] as const;

export class Tally {
	readonly #counters: Counters;
	readonly #buckets: number;
	readonly #known = new Map<number, Known>();
	#attempts = 0;
	#failed = 0;
	readonly #latency: Float64Array;

	/** What these slots did before does not count. */
	constructor(counters: Counters, buckets: number, slots: Iterable<number>) {
		this.#counters = counters;
		this.#buckets = buckets;
		this.#latency = new Float64Array(buckets);
		for (const slot of slots) this.#known.set(slot, this.#read(slot));
	}

	/** Takes in what these instances did since it was asked last; a new one counts from its beginning. */
	take(slots: Iterable<number>): void {
		for (const slot of slots) {
			const now = this.#read(slot);
			const known = this.#known.get(slot);
			const before = known?.generation === now.generation ? known : null;
			const more = (outcome: number): number => ((now.ended[outcome] as number) - (before?.ended[outcome] ?? 0)) | 0;
			// Only first attempts fall on the versions by their shares; others come from where one failed.
			const failed = FAILED.reduce((sum, outcome) => sum + more(outcome), 0);
			this.#attempts += more(Outcome.ok) + failed - more(AGAIN);
			this.#failed += failed - more(AGAIN_FAILED);
			for (let at = 0; at < this.#buckets; at++) {
				// A meter that is cleared for the next instance of the slot must not count backwards.
				const change = (now.latency[at] as number) - (before?.latency[at] ?? 0);
				if (change > 0) this.#latency[at] = (this.#latency[at] as number) + change;
			}
			this.#known.set(slot, now);
		}
	}

	/** All so far; a copy. */
	sample(): Sample {
		return { attempts: this.#attempts, failed: this.#failed, latency: this.#latency.slice() };
	}

	#read(slot: number): Known {
		const latency = new Float64Array(this.#buckets);
		this.#counters.addLatency(slot, latency);
		const { ended, again, againFailed } = this.#counters.ended(slot);
		return {
			generation: this.#counters.generation(slot),
			ended: [...Array.from(ended), again, againFailed],
			latency,
		};
	}
}
