/** What is kept of an entry that went. */
interface Box<V> {
	value: V | undefined;
}

/**
 * A map whose entries come and go by the thousand a second. A `Map` that has outgrown its table, or was cleared, leaves
 * in the old one where the next is, for iterators that are under way; one that lived long enough to count as old keeps
 * all later ones, and all that ever stood in them, from being let go of with the young. Here that is an empty box.
 */
export class ShortLivedMap<K, V> {
	readonly #boxes = new Map<K, Box<V>>();

	get size(): number {
		return this.#boxes.size;
	}

	get(key: K): V | undefined {
		return this.#boxes.get(key)?.value;
	}

	set(key: K, value: V): void {
		const box = this.#boxes.get(key);
		if (box === undefined) this.#boxes.set(key, { value });
		else box.value = value;
	}

	/** False: there was none. */
	delete(key: K): boolean {
		const box = this.#boxes.get(key);
		if (box === undefined) return false;
		box.value = undefined;
		return this.#boxes.delete(key);
	}

	clear(): void {
		for (const box of this.#boxes.values()) box.value = undefined;
		this.#boxes.clear();
	}

	keys(): IterableIterator<K> {
		return this.#boxes.keys();
	}

	*values(): Generator<V> {
		for (const { value } of this.#boxes.values()) yield value as V;
	}

	*[Symbol.iterator](): Generator<[K, V]> {
		for (const [key, { value }] of this.#boxes) yield [key, value as V];
	}
}
