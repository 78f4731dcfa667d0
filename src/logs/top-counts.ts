/** Some of `TopCounts`, to be kept. */
export interface PackedCounts {
	/** Value and count in turn, biggest first. */
	top: (string | number)[];
	/** See `TopCounts`. */
	others: number;
	lack: number;
}

/** The biggest of many counts, in bounded memory. Whoever found no room is counted as `others`. */
export class TopCounts {
	others = 0;
	/** What the count of a value may be too low by, at most: it may have been among those that found no room. */
	lack = 0;
	readonly #most: number;
	readonly #counts = new Map<string, number>();

	constructor(most = 10_000) {
		this.#most = most;
	}

	/** Says whether the value was not there. */
	add(value: string, count: number): boolean {
		const before = this.#counts.get(value);
		this.#counts.set(value, (before ?? 0) + count);
		if (before !== undefined) return false;
		if (this.#counts.size > this.#most * 2) this.#shrink();
		return true;
	}

	/** Biggest first; the rest is added up. */
	top(limit: number): { values: { value: string; count: number }[]; others: number } {
		const biggest = this.#biggest(limit);
		let rest = 0;
		for (const count of this.#counts.values()) rest += count;
		for (const { count } of biggest) rest -= count;
		return { values: biggest, others: this.others + rest };
	}

	entries(): Iterable<[string, number]> {
		return this.#counts;
	}

	/** The biggest `most`, or as many of them as have so many characters together. */
	packed(most: number, characters: number): PackedCounts {
		const sorted = this.#sorted();
		const top: (string | number)[] = [];
		let room = characters;
		let kept = 0;
		for (const [value, count] of sorted) {
			if (kept === most || (room -= value.length) < 0) break;
			top.push(value, count);
			kept++;
		}
		const left = sorted.slice(kept).reduce((sum, [, count]) => sum + count, 0);
		return { top, others: this.others + left, lack: this.lack + (sorted[kept]?.[1] ?? 0) };
	}

	/** What `packed` gave. */
	addPacked({ top, others, lack }: PackedCounts): void {
		for (let at = 0; at + 1 < top.length; at += 2) this.add(top[at] as string, top[at + 1] as number);
		this.others += others;
		this.lack += lack;
	}

	#shrink(): void {
		const left = this.#sorted().slice(this.#most);
		this.lack += left[0]?.[1] ?? 0;
		for (const [value, count] of left) {
			this.others += count;
			this.#counts.delete(value);
		}
	}

	/** Without sorting all of them. */
	#biggest(limit: number): { value: string; count: number }[] {
		const biggest: { value: string; count: number }[] = [];
		for (const [value, count] of this.#counts) {
			const least = biggest.at(-1);
			if (biggest.length === limit && least !== undefined && !isBefore([value, count], least)) continue;
			const at = biggest.findIndex((other) => isBefore([value, count], other));
			biggest.splice(at === -1 ? biggest.length : at, 0, { value, count });
			if (biggest.length > limit) biggest.pop();
		}
		return biggest;
	}

	#sorted(): [string, number][] {
		return [...this.#counts].sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1));
	}
}

const isBefore = ([value, count]: [string, number], other: { value: string; count: number }) =>
	count > other.count || (count === other.count && value < other.value);
