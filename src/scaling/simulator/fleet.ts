/** How many instances there are and what they are about: starting, ready, warming up, draining. */
import type { Model } from './model.ts';
import type { SeededRandom } from './seeded-random.ts';

export class Fleet {
	readonly #model: Pick<Model, 'startUp' | 'warmUpMs'>;
	readonly #random: SeededRandom;
	/** When each will be ready, rising. */
	#starting: number[] = [];
	/** When each will be warm, rising; from `#warm` on. */
	#warmAt: number[] = [];
	#warm = 0;
	#desired: number;
	#ready: number;
	#draining = 0;
	#sinceMs: number;
	#paidMs = 0;

	/** The first instances are ready and warm. */
	constructor(model: Pick<Model, 'startUp' | 'warmUpMs'>, random: SeededRandom, first: { atMs: number; size: number }) {
		this.#model = model;
		this.#random = random;
		this.#desired = first.size;
		this.#ready = first.size;
		this.#sinceMs = first.atMs;
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

	/** Ready ones that are not warm yet. */
	warming(nowMs: number): number {
		while (this.#warm < this.#warmAt.length && (this.#warmAt[this.#warm] as number) <= nowMs) this.#warm++;
		if (this.#warm > 1024) {
			this.#warmAt = this.#warmAt.slice(this.#warm);
			this.#warm = 0;
		}
		return Math.min(this.#ready, this.#warmAt.length - this.#warm);
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
			for (let n = 0; n < more; n++) this.#starting.push(nowMs + this.#model.startUp.draw(this.#random));
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
		const warmMs = atMs + this.#model.warmUpMs;
		if (this.#model.warmUpMs > 0) this.#warmAt.push(warmMs);
		return warmMs;
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
