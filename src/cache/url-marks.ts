const MARKS = 131_072;

/**
 * When URLs were last changed, by a few bits of their hashes, in memory that all workers share: what was asked for
 * before is not given any more. It is for answers that cannot all be named, since their keys hold more than the URL. Some
 * other URL has the same bits: its answers are fetched anew once, which is no harm.
 */
export class UrlMarks {
	/** Epoch ms. */
	readonly #times: Float64Array;

	/** `buffer`: what `create` gave. */
	constructor(buffer: SharedArrayBuffer) {
		this.#times = new Float64Array(buffer);
	}

	static create(): SharedArrayBuffer {
		return new SharedArrayBuffer(MARKS * 8);
	}

	/** The URL with this hash is changed now. */
	mark(hash: number, nowMs: number): void {
		this.#times[hash & (MARKS - 1)] = nowMs;
	}

	/** When it was changed the last time, or one with the same bits, epoch ms; 0: never. */
	lastMs(hash: number): number {
		return this.#times[hash & (MARKS - 1)] as number;
	}
}
