/** Which instance has the fewest requests: a list of instances for each count, all in typed arrays. */

const NONE = -1;

export class LeastBusy {
	#next = new Int32Array(64);
	#previous = new Int32Array(64);
	#count = new Int32Array(64);
	/** The first instance with so many requests. */
	#heads = new Int32Array(64).fill(NONE);
	#least = 0;
	#size = 0;

	get size(): number {
		return this.#size;
	}

	/** An instance with the fewest requests; −1: there is none. */
	first(): number {
		if (this.#size === 0) return NONE;
		while ((this.#heads[this.#least] as number) === NONE) this.#least++;
		return this.#heads[this.#least] as number;
	}

	add(instance: number, count: number): void {
		if (instance >= this.#next.length) this.#growInstances(instance);
		this.#link(instance, count);
		this.#size++;
		if (count < this.#least || this.#size === 1) this.#least = count;
	}

	remove(instance: number): void {
		this.#unlink(instance);
		this.#size--;
	}

	/** The instance has so many now. */
	move(instance: number, count: number): void {
		this.#unlink(instance);
		this.#link(instance, count);
		if (count < this.#least) this.#least = count;
	}

	#link(instance: number, count: number): void {
		if (count >= this.#heads.length) this.#growCounts(count);
		const head = this.#heads[count] as number;
		this.#next[instance] = head;
		this.#previous[instance] = NONE;
		if (head !== NONE) this.#previous[head] = instance;
		this.#heads[count] = instance;
		this.#count[instance] = count;
	}

	#unlink(instance: number): void {
		const [next, previous] = [this.#next[instance] as number, this.#previous[instance] as number];
		if (previous === NONE) this.#heads[this.#count[instance] as number] = next;
		else this.#next[previous] = next;
		if (next !== NONE) this.#previous[next] = previous;
	}

	#growInstances(instance: number): void {
		const length = Math.max(this.#next.length * 2, instance + 1);
		const grown = (old: Int32Array<ArrayBuffer>) => {
			const wider = new Int32Array(length);
			wider.set(old);
			return wider;
		};
		this.#next = grown(this.#next);
		this.#previous = grown(this.#previous);
		this.#count = grown(this.#count);
	}

	#growCounts(count: number): void {
		const heads = new Int32Array(Math.max(this.#heads.length * 2, count + 1)).fill(NONE);
		heads.set(this.#heads);
		this.#heads = heads;
	}
}
