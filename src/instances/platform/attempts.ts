/** Changes of the size that failed and are tried again, each direction for itself. */
import type { Direction } from './troubles.ts';

interface Attempt {
	tries: number;
	/** Epoch ms of the last failure, and before which it is not tried again. */
	failedAt: number;
	notBefore: number;
	/** The platform said no: nothing was done, and nothing is said of the other direction. */
	answered: boolean;
}

const NONE: Readonly<Attempt> = { tries: 0, failedAt: 0, notBefore: 0, answered: true };

export class Attempts {
	readonly #of: Record<Direction, Attempt> = { out: { ...NONE }, in: { ...NONE } };

	/** Failures in a row. */
	tries(direction: Direction): number {
		return this.#of[direction].tries;
	}

	/** @returns failures in a row, this one included */
	failed(direction: Direction, answered: boolean, nowMs: number): number {
		const attempt = this.#of[direction];
		attempt.failedAt = nowMs;
		attempt.answered = answered;
		return ++attempt.tries;
	}

	/** Is tried again, no sooner than that. */
	wait(direction: Direction, forMs: number, nowMs: number): void {
		this.#of[direction].notBefore = nowMs + forMs;
	}

	/** How long to wait until a change in this direction, ms; 0: not at all. One that may have been made is waited for by both. */
	waitMs(direction: Direction, nowMs: number): number {
		const other = this.#of[direction === 'out' ? 'in' : 'out'];
		const until = Math.max(this.#of[direction].notBefore, other.answered ? 0 : other.notBefore);
		return Math.max(0, until - nowMs);
	}

	/** It failed, the platform said so, and what is read by now shows what came of it. @param lagMs of what is read */
	isRefused(direction: Direction, lagMs: number, nowMs: number): boolean {
		const { tries, failedAt, answered } = this.#of[direction];
		return tries > 0 && answered && nowMs - failedAt >= lagMs;
	}

	/** It worked, or is not tried any more. */
	clear(direction: Direction): void {
		this.#of[direction] = { ...NONE };
	}
}
