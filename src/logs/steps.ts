/** Work that is done in steps of some ten ms, so that whoever runs it may do something else in between. */
export type Steps<T> = Generator<undefined, T, undefined>;

export function toEnd<T>(steps: Steps<T>): T {
	for (;;) {
		const step = steps.next();
		if (step.done === true) return step.value;
	}
}

/** A step takes about this long, ms. */
const AIM_MS = 30;

/** How much of time one step looks at: more when that went fast, less when it was slow. */
export class Pace {
	widthMs: number;
	readonly #leastMs: number;
	#startedMs = 0;

	constructor(firstMs: number, leastMs = 1000) {
		this.widthMs = firstMs;
		this.#leastMs = leastMs;
	}

	begin(): void {
		this.#startedMs = performance.now();
	}

	/** `fixed`: what the step took depends little on how much it looked at; but that is a guess. */
	end(fixed = false): void {
		const tookMs = performance.now() - this.#startedMs;
		if (fixed && tookMs < AIM_MS * 3) this.widthMs *= 2;
		else if (tookMs < AIM_MS / 4) this.widthMs *= 4;
		else if (tookMs > AIM_MS * 2) this.widthMs = Math.max(this.#leastMs, Math.floor(this.widthMs / 2));
	}
}
