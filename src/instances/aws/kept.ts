/** An answer that is good for a while: what changes seldom is not asked for at each look. */
export class Kept<T> {
	readonly #keepMs: number;
	readonly #ask: (signal: AbortSignal) => Promise<T>;
	#last: { readonly value: T; readonly atMs: number } | null = null;

	constructor(keepMs: number, ask: (signal: AbortSignal) => Promise<T>) {
		this.#keepMs = keepMs;
		this.#ask = ask;
	}

	/** A failed question keeps nothing: the next look asks again. */
	async get(signal: AbortSignal): Promise<T> {
		if (this.#last !== null && Date.now() - this.#last.atMs < this.#keepMs) return this.#last.value;
		const value = await this.#ask(signal);
		this.#last = { value, atMs: Date.now() };
		return value;
	}

	forget(): void {
		this.#last = null;
	}
}
