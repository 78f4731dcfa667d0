/** Requests that wait, a queue for each instance: all of them in one set of typed arrays. */

const NONE = -1;

export class WaitingRequests {
	/** Of each request: when it came, how long it will take, which one is behind it. */
	#sinceMs = new Float64Array(1024);
	#serviceMs = new Float64Array(1024);
	#behind = new Int32Array(1024);
	#free = NONE;
	#used = 0;
	/** Of each queue. */
	#first = new Int32Array(64).fill(NONE);
	#last = new Int32Array(64).fill(NONE);
	#length = new Int32Array(64);

	lengthOf(queue: number): number {
		return queue < this.#length.length ? (this.#length[queue] as number) : 0;
	}

	/** When the first one came; only where there is one. */
	firstMs(queue: number): number {
		return this.#sinceMs[this.#first[queue] as number] as number;
	}

	push(queue: number, sinceMs: number, serviceMs: number): void {
		if (queue >= this.#length.length) this.#growQueues(queue);
		const request = this.#take();
		this.#sinceMs[request] = sinceMs;
		this.#serviceMs[request] = serviceMs;
		this.#behind[request] = NONE;
		const last = this.#last[queue] as number;
		if (last === NONE) this.#first[queue] = request;
		else this.#behind[last] = request;
		this.#last[queue] = request;
		this.#length[queue] = (this.#length[queue] as number) + 1;
	}

	/** Takes the first one out and gives how long it will take; only where there is one. */
	pop(queue: number): number {
		const request = this.#first[queue] as number;
		const behind = this.#behind[request] as number;
		this.#first[queue] = behind;
		if (behind === NONE) this.#last[queue] = NONE;
		this.#length[queue] = (this.#length[queue] as number) - 1;
		this.#behind[request] = this.#free;
		this.#free = request;
		return this.#serviceMs[request] as number;
	}

	#take(): number {
		if (this.#free !== NONE) {
			const request = this.#free;
			this.#free = this.#behind[request] as number;
			return request;
		}
		if (this.#used === this.#behind.length) this.#growRequests();
		return this.#used++;
	}

	#growRequests(): void {
		const length = this.#behind.length * 2;
		const [since, service, behind] = [new Float64Array(length), new Float64Array(length), new Int32Array(length)];
		since.set(this.#sinceMs);
		service.set(this.#serviceMs);
		behind.set(this.#behind);
		this.#sinceMs = since;
		this.#serviceMs = service;
		this.#behind = behind;
	}

	#growQueues(queue: number): void {
		const length = Math.max(this.#length.length * 2, queue + 1);
		const [first, last] = [new Int32Array(length).fill(NONE), new Int32Array(length).fill(NONE)];
		const lengths = new Int32Array(length);
		first.set(this.#first);
		last.set(this.#last);
		lengths.set(this.#length);
		this.#first = first;
		this.#last = last;
		this.#length = lengths;
	}
}
