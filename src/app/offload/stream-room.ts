/**
 * How many streams are open, and whose: each tenant may have one more while it has fewer than are free. Alone it comes to
 * half of all, of several greedy ones each to the same part, and one that comes new always finds room.
 */
export class StreamRoom {
	readonly #open = new Map<string, number>();
	#all = 0;

	/** False: not now. `most`: of all tenants. Who is let in leaves again. */
	enter(tenant: string, most: number): boolean {
		const own = this.#open.get(tenant) ?? 0;
		if (own >= most - this.#all) return false;
		this.#open.set(tenant, own + 1);
		this.#all++;
		return true;
	}

	leave(tenant: string): void {
		const own = this.#open.get(tenant);
		if (own === undefined) return;
		this.#all--;
		if (own === 1) this.#open.delete(tenant);
		else this.#open.set(tenant, own - 1);
	}
}
