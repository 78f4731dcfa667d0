interface Call<Item, Answer> {
	readonly items: readonly Item[];
	resolve(answers: Answer[]): void;
	reject(error: unknown): void;
}

/** On their way at once: while Redis runs one script the answers of the last are read, and the next one is written. */
const LANES = 2;
/** What waits is divided between free lanes, but not into less. */
const DIVIDED_LEAST = 16;

/**
 * Calls that come while others are under way are sent together: many callers cost a script a turn, not one each. A call
 * is not divided unless it is larger than `most` by itself. All go in the order in which they came.
 */
export class CallGroup<Item, Answer> {
	readonly #send: (items: readonly Item[]) => Promise<Answer[]>;
	readonly #most: { items: number; bytes: number };
	readonly #bytes: (item: Item) => number;
	#waiting: Call<Item, Answer>[] = [];
	/** Items of those. */
	#count = 0;
	readonly #running = new Set<Promise<void>>();
	#due: Promise<void> | null = null;

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
			this.#count += items.length;
			this.#soon();
		});
	}

	/** Resolves when nothing is under way. */
	async settled(): Promise<void> {
		for (;;) {
			if (this.#due !== null) await this.#due;
			else if (this.#running.size > 0) await Promise.race(this.#running);
			else return;
		}
	}

	/** What else comes in this turn goes along. */
	#soon(): void {
		if (this.#running.size >= LANES || this.#waiting.length === 0) return;
		this.#due ??= new Promise((resolve) => {
			setImmediate(() => {
				this.#due = null;
				this.#begin();
				resolve();
			});
		});
	}

	#begin(): void {
		while (this.#running.size < LANES && this.#waiting.length > 0) {
			const share = Math.max(DIVIDED_LEAST, Math.ceil(this.#count / (LANES - this.#running.size)));
			const sent = this.#together(this.#take(Math.min(share, this.#most.items))).then(() => {
				this.#running.delete(sent);
				this.#soon();
			});
			this.#running.add(sent);
		}
	}

	#take(most: number): Call<Item, Answer>[] {
		let [count, items, bytes] = [0, 0, 0];
		for (const call of this.#waiting) {
			const more = items + call.items.length;
			for (const item of call.items) bytes += this.#bytes(item);
			if (count > 0 && (more > most || bytes > this.#most.bytes)) break;
			items = more;
			count++;
		}
		this.#count -= items;
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
