/** The biggest of many counts, in bounded memory. Whoever found no room is counted as `others`. */
export class TopCounts {
	others = 0;
	readonly #most: number;
	readonly #counts = new Map<string, number>();

	constructor(most = 10_000) {
		this.#most = most;
	}

	add(value: string, count: number): void {
		const before = this.#counts.get(value);
		this.#counts.set(value, (before ?? 0) + count);
		if (before === undefined && this.#counts.size > this.#most * 2) this.#shrink();
	}

	/** Biggest first; the rest is added up. */
	top(limit: number): { values: { value: string; count: number }[]; others: number } {
		const sorted = this.#sorted();
		const rest = sorted.slice(limit).reduce((sum, [, count]) => sum + count, 0);
		return { values: sorted.slice(0, limit).map(([value, count]) => ({ value, count })), others: this.others + rest };
	}

	entries(): Iterable<[string, number]> {
		return this.#counts;
	}

	#shrink(): void {
		for (const [value, count] of this.#sorted().slice(this.#most)) {
			this.others += count;
			this.#counts.delete(value);
		}
	}

	#sorted(): [string, number][] {
		return [...this.#counts].sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1));
	}
}
