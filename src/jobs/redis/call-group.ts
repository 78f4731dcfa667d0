interface Call<Item, Answer> {
	readonly items: readonly Item[];
	resolve(answers: Answer[]): void;
	reject(error: unknown): void;
}

/**
 * Calls that come while one is under way are sent together, as the next one: many callers cost a script a turn, not one
 * each. A call is not divided unless it is larger than `most` by itself.
 */
export class CallGroup<Item, Answer> {
	readonly #send: (items: readonly Item[]) => Promise<Answer[]>;
	readonly #most: { items: number; bytes: number };
	readonly #bytes: (item: Item) => number;
	#waiting: Call<Item, Answer>[] = [];
	#running: Promise<void> | null = null;

	constructor(
		send: (items: readonly Item[]) => Promise<Answer[]>,
		most: { items: number; bytes: number },
		bytes: (item: Item) => number,
	) {
		this.#send = send;
		this.#most = most;
		this.#bytes = bytes;
	}

	run(items: readonly Item[]): Promise<Answer[]> {
		if (items.length === 0) return Promise.resolve([]);
		return new Promise((resolve, reject) => {
			this.#waiting.push({ items, resolve, reject });
			this.#running ??= this.#drain();
		});
	}

	/** Resolves when nothing is under way. */
	async settled(): Promise<void> {
		while (this.#running !== null) await this.#running;
	}

	async #drain(): Promise<void> {
		// What else comes in this turn goes along.
		await new Promise((resolve) => setImmediate(resolve));
		while (this.#waiting.length > 0) await this.#together(this.#take());
		this.#running = null;
	}

	#take(): Call<Item, Answer>[] {
		let [count, items, bytes] = [0, 0, 0];
		for (const call of this.#waiting) {
			items += call.items.length;
			for (const item of call.items) bytes += this.#bytes(item);
			if (count > 0 && (items > this.#most.items || bytes > this.#most.bytes)) break;
			count++;
		}
		return this.#waiting.splice(0, count);
	}

	async #together(calls: readonly Call<Item, Answer>[]): Promise<void> {
		const items = calls.flatMap((call) => call.items);
		try {
			const answers: Answer[] = [];
			for (let at = 0; at < items.length; at += this.#most.items) {
				answers.push(...(await this.#send(items.slice(at, at + this.#most.items))));
			}
			for (const call of calls) call.resolve(answers.splice(0, call.items.length));
		} catch (error) {
			for (const call of calls) call.reject(error);
		}
	}
}
