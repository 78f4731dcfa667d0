import type { TraceContext } from './traceparent.ts';

/**
 * Ids of traces and spans, without a call of the system for each. The generator is
 * xoshiro128** (Blackman and Vigna, 2018), which is made for words of 32 bits as JavaScript has them; its 128 bits of
 * state come from the system, so that no two workers make the same ids. An id is unique, and no secret.
 */
export class TraceIds {
	readonly #state: Uint32Array;

	/** `seed`: four words, not all zero; for tests. */
	constructor(seed: Uint32Array = crypto.getRandomValues(new Uint32Array(4))) {
		this.#state = Uint32Array.from(seed.subarray(0, 4));
		// From this one state it would never come away.
		if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
	}

	/** A new trace, which begins with our span; no flags. */
	beginTrace(context: TraceContext): void {
		const words = context.words;
		do {
			for (let i = 0; i < 4; i++) words[i] = this.#next();
		} while (((words[0] as number) | (words[1] as number) | (words[2] as number) | (words[3] as number)) === 0);
		words[6] = 0;
		words[7] = 0;
		context.flags = 0;
		this.beginSpan(context);
	}

	/** Our span in a trace that another began. */
	beginSpan(context: TraceContext): void {
		const words = context.words;
		do {
			words[4] = this.#next();
			words[5] = this.#next();
		} while (((words[4] as number) | (words[5] as number)) === 0);
	}

	#next(): number {
		const state = this.#state;
		const second = state[1] as number;
		const third = (state[2] as number) ^ (state[0] as number);
		const fourth = (state[3] as number) ^ second;
		const scaled = Math.imul(second, 5);
		state[1] = second ^ third;
		state[0] = (state[0] as number) ^ fourth;
		state[2] = third ^ (second << 9);
		state[3] = (fourth << 11) | (fourth >>> 21);
		return Math.imul((scaled << 7) | (scaled >>> 25), 9);
	}
}
