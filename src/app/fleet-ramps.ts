/** Slow start: brings the weights of a pool's instances that are new, or back, up step by step. */
import { weightAt } from '../health/slow-start.ts';
import type { Member } from './fleet-member.ts';

const STEP_MS = 250;

export class Ramps {
	readonly #slowStartMs: () => number;
	/** When each began, ms of the monotonic clock. */
	readonly #begun = new Map<Member, number>();
	#timer: NodeJS.Timeout | undefined;

	/** `slowStartMs`: as it is configured now; 0: off. */
	constructor(slowStartMs: () => number) {
		this.#slowStartMs = slowStartMs;
	}

	/** It becomes ready, or is back. */
	begin(member: Member): void {
		if (this.#slowStartMs() === 0) return;
		this.#begun.set(member, performance.now());
		member.setPart(weightAt(0, this.#slowStartMs()));
		this.#timer ??= setInterval(() => this.#step(performance.now()), STEP_MS).unref();
	}

	close(): void {
		clearInterval(this.#timer);
	}

	#step(now: number): void {
		for (const [member, begunAt] of this.#begun) {
			const part = member.state === 'ready' ? weightAt(now - begunAt, this.#slowStartMs()) : 1;
			member.setPart(part);
			if (part === 1) this.#begun.delete(member);
		}
		if (this.#begun.size > 0) return;
		clearInterval(this.#timer);
		this.#timer = undefined;
	}
}
