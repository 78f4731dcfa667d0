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
		const shown = biggest.reduce((sum, { count }) => sum + count, 0);
		return { values: biggest, others: this.others + this.#sum() - shown };
	}

	entries(): Iterable<[string, number]> {
		return this.#counts;
	}

	/** The biggest `most`, or as many of them as have so many characters together. */
	packed(most: number, characters: number): PackedCounts {
		const { kept, most: mostLeft } = this.#split(most);
		kept.sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1));
		const top: (string | number)[] = [];
		let [room, lacks, all] = [characters, mostLeft, 0];
		for (const [value, count] of kept) {
			if ((room -= value.length) < 0) {
				lacks = Math.max(lacks, count);
				break;
			}
			top.push(value, count);
			all += count;
		}
		return { top, others: this.others + this.#sum() - all, lack: this.lack + lacks };
	}

	/** What `packed` gave. */
	addPacked({ top, others, lack }: PackedCounts): void {
		for (let at = 0; at + 1 < top.length; at += 2) this.add(top[at] as string, top[at + 1] as number);
		this.others += others;
		this.lack += lack;
	}

	#shrink(): void {
		const { kept, most } = this.#split(this.#most);
		const before = this.#sum();
		this.lack += most;
		this.#counts.clear();
		for (const [value, count] of kept) this.#counts.set(value, count);
		this.others += before - this.#sum();
	}

	#sum(): number {
		let sum = 0;
		for (const count of this.#counts.values()) sum += count;
		return sum;
	}

	/** The biggest of them, in no order, of equal ones those that came first; and how big the others are at most. */
	#split(most: number): { kept: [string, number][]; most: number } {
		if (this.#counts.size <= most) return { kept: [...this.#counts], most: 0 };
		// Sorted as numbers: to sort the values with their names takes many times as long.
		const counts = Float64Array.from(this.#counts.values()).sort();
		const least = counts[counts.length - most] as number;
		let room = most - counts.reduce((bigger, count) => bigger + (count > least ? 1 : 0), 0);
		const kept = [...this.#counts].filter(([, count]) => count > least || (count === least && room-- > 0));
		return { kept, most: counts[counts.length - most - 1] as number };
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
}

const isBefore = ([value, count]: [string, number], other: { value: string; count: number }) =>
	count > other.count || (count === other.count && value < other.value);
