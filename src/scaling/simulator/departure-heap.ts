/** The requests that are being worked on, by the time of their end: a heap with four children a node, in typed arrays. */
export class DepartureHeap {
	#times = new Float64Array(1024);
	#values = new Int32Array(1024);
	#size = 0;

	get size(): number {
		return this.#size;
	}

	/** Infinity: it is empty. */
	get firstMs(): number {
		return this.#size > 0 ? (this.#times[0] as number) : Number.POSITIVE_INFINITY;
	}

	/** The value of the first one; only where there is one. */
	get first(): number {
		return this.#values[0] as number;
	}

	push(timeMs: number, value: number): void {
		if (this.#size === this.#times.length) this.#grow();
		const [times, values] = [this.#times, this.#values];
		let at = this.#size++;
		while (at > 0) {
			const parent = (at - 1) >> 2;
			const above = times[parent] as number;
			if (above <= timeMs) break;
			times[at] = above;
			values[at] = values[parent] as number;
			at = parent;
		}
		times[at] = timeMs;
		values[at] = value;
	}

	/** Takes the first out and gives its value; only where there is one. */
	pop(): number {
		const first = this.#values[0] as number;
		const size = --this.#size;
		if (size > 0) this.#sink(0, this.#times[size] as number, this.#values[size] as number);
		return first;
	}

	/** The first one goes and another comes, in one walk: what an end is that lets a waiting request begin. */
	replace(timeMs: number, value: number): void {
		this.#sink(0, timeMs, value);
	}

	#sink(from: number, timeMs: number, value: number): void {
		const [times, values, size] = [this.#times, this.#values, this.#size];
		let at = from;
		for (;;) {
			const child = 4 * at + 1;
			if (child >= size) break;
			let least = child;
			let leastMs = times[child] as number;
			const end = child + 4 < size ? child + 4 : size;
			for (let other = child + 1; other < end; other++) {
				const otherMs = times[other] as number;
				if (otherMs < leastMs) {
					least = other;
					leastMs = otherMs;
				}
			}
			if (leastMs >= timeMs) break;
			times[at] = leastMs;
			values[at] = values[least] as number;
			at = least;
		}
		times[at] = timeMs;
		values[at] = value;
	}

	#grow(): void {
		const [times, values] = [new Float64Array(this.#times.length * 2), new Int32Array(this.#times.length * 2)];
		times.set(this.#times);
		values.set(this.#values);
		this.#times = times;
		this.#values = values;
	}
}
