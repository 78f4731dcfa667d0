/** How many instances there are and what they are about: starting, ready, warming up, draining. */
import type { Distribution } from './distribution.ts';
import type { SeededRandom } from './seeded-random.ts';

export interface FleetFacts {
	/** From the order until an instance is ready. */
	startUp: Distribution;
	/** From ready until it is as fast as the others, ms. */
	warmUpMs: number;
	/** From ready until a policy takes its figures for true, ms. */
	ignoredMs: number;
	random: SeededRandom;
	/** How many there are at first, ready and warm, and when that is. */
	first: { atMs: number; size: number };
}

export class Fleet {
	readonly #facts: FleetFacts;
	/** When each will be ready, rising. */
	#starting: number[] = [];
	readonly #cold = new Young();
	readonly #ignored = new Young();
	#desired: number;
	#ready: number;
	#draining = 0;
	#sinceMs: number;
	#paidMs = 0;

	constructor(facts: FleetFacts) {
		const { size, atMs } = facts.first;
		this.#facts = facts;
		this.#desired = size;
		this.#ready = size;
		this.#sinceMs = atMs;
	}

	get desired(): number {
		return this.#desired;
	}

	get ready(): number {
		return this.#ready;
	}

	get starting(): number {
		return this.#starting.length;
	}

	get draining(): number {
		return this.#draining;
	}

	/** Those that are there, whatever they do. */
	get all(): number {
		return this.#ready + this.#starting.length + this.#draining;
	}

	/** When the next one becomes ready; Infinity: none does. */
	get nextReadyMs(): number {
		return this.#starting[0] ?? Number.POSITIVE_INFINITY;
	}

	/** Ready ones that are slower than the others yet. */
	cold(nowMs: number): number {
		return Math.min(this.#ready, this.#cold.count(nowMs));
	}

	/** Ready ones whose figures say nothing yet. */
	ignored(nowMs: number): number {
		return Math.min(this.#ready, this.#ignored.count(nowMs));
	}

	/** Instance-ms that were there until now, from the order of an instance to its end. */
	paidMs(nowMs: number): number {
		this.#pay(nowMs);
		return this.#paidMs;
	}

	/** Orders instances, or gives up those that start, the newest first. Gives how many ready ones are to be drained. */
	resize(desired: number, nowMs: number): number {
		this.#pay(nowMs);
		this.#desired = desired;
		const more = desired - this.#ready - this.#starting.length;
		if (more > 0) {
			for (let n = 0; n < more; n++) this.#starting.push(nowMs + this.#facts.startUp.draw(this.#facts.random));
			this.#starting.sort((one, other) => one - other);
			return 0;
		}
		const givenUp = Math.min(-more, this.#starting.length);
		if (givenUp > 0) this.#starting.length -= givenUp;
		return -more - givenUp;
	}

	/** The next one is ready. Gives when it will be warm. */
	becomeReady(): number {
		const atMs = this.#starting.shift() as number;
		this.#ready++;
		const { warmUpMs, ignoredMs } = this.#facts;
		if (warmUpMs > 0) this.#cold.add(atMs + warmUpMs);
		if (ignoredMs > 0) this.#ignored.add(atMs + ignoredMs);
		return atMs + warmUpMs;
	}

	/** One takes no more requests. */
	drain(): void {
		this.#ready--;
		this.#draining++;
	}

	/** One that drained is gone. */
	leave(nowMs: number, count = 1): void {
		this.#pay(nowMs);
		this.#draining -= count;
	}

	#pay(nowMs: number): void {
		if (nowMs <= this.#sinceMs) return;
		this.#paidMs += this.all * (nowMs - this.#sinceMs);
		this.#sinceMs = nowMs;
	}
}

/** Times that something is over for one instance each, in rising order. */
class Young {
	#untilMs: number[] = [];
	#at = 0;

	add(untilMs: number): void {
		this.#untilMs.push(untilMs);
	}

	/** For how many it is not over. */
	count(nowMs: number): number {
		while (this.#at < this.#untilMs.length && (this.#untilMs[this.#at] as number) <= nowMs) this.#at++;
		if (this.#at > 1024) {
			this.#untilMs = this.#untilMs.slice(this.#at);
			this.#at = 0;
		}
		return this.#untilMs.length - this.#at;
	}
}
