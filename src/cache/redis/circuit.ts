/** Failures in a row after which a level is left alone. */
const FAILURES = 5;
/** At first for so long, ms, then for twice as long each time, up to the second. */
const LEAST_MS = 500;
const MOST_MS = 10_000;

/**
 * Leaves alone what does not answer: after some failures in a row nobody asks for a while, then one does, and all others
 * once that one has an answer. What is slow or gone costs a few requests their wait for each time that it is tried.
 */
export class Circuit {
	#failures = 0;
	/** How often it was tried in vain since it opened. */
	#opened = 0;
	#openUntilMs = 0;
	#trying = false;

	/** Whether to ask now; each yes is followed by `succeeded` or `failed`. */
	enter(nowMs: number): boolean {
		if (this.#opened === 0) return true;
		if (this.#trying || nowMs < this.#openUntilMs) return false;
		this.#trying = true;
		return true;
	}

	get open(): boolean {
		return this.#opened > 0;
	}

	succeeded(): void {
		this.#failures = 0;
		this.#opened = 0;
		this.#trying = false;
	}

	/** `random`: from 0 to 1. */
	failed(nowMs: number, random: number = Math.random()): void {
		const tried = this.#trying;
		this.#trying = false;
		if (!tried && (this.#opened > 0 || ++this.#failures < FAILURES)) return;
		this.#failures = 0;
		const waitMs = Math.min(MOST_MS, LEAST_MS * 2 ** Math.min(this.#opened, 10));
		this.#opened++;
		this.#openUntilMs = nowMs + waitMs * (0.5 + random / 2);
	}
}
