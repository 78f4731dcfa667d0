/** Counts of times by size, in buckets that grow by 2 %: percentiles are within 1 %. */

const GROWTH = 1.02;
const PER_LOG = 1 / Math.log(GROWTH);
/** Shorter ones count as so long, ms. */
const LEAST_MS = 0.01;
/** Up to 10^7 ms, almost three hours. */
const BUCKETS = Math.ceil(Math.log(1e7 / LEAST_MS) * PER_LOG) + 1;
const OFFSET = Math.log(LEAST_MS) * PER_LOG;

export class LogHistogram {
	readonly #counts = new Float64Array(BUCKETS);
	#total = 0;
	#sum = 0;
	/** Buckets outside of these are empty. */
	#low = BUCKETS;
	#high = -1;

	/** How many were counted. */
	get count(): number {
		return this.#total;
	}

	/** null: none was counted. */
	get meanMs(): number | null {
		return this.#total > 0 ? this.#sum / this.#total : null;
	}

	add(ms: number, count = 1): void {
		const at = ms > LEAST_MS ? Math.min(BUCKETS - 1, (Math.log(ms) * PER_LOG - OFFSET + 0.5) | 0) : 0;
		this.#counts[at] = (this.#counts[at] as number) + count;
		this.#total += count;
		this.#sum += ms * count;
		if (at < this.#low) this.#low = at;
		if (at > this.#high) this.#high = at;
	}

	/** Adds all of the other one so many times; with −1 takes out what was added. */
	merge(other: LogHistogram, times = 1): void {
		if (other.#total === 0) return;
		const [mine, theirs] = [this.#counts, other.#counts];
		for (let at = other.#low; at <= other.#high; at++) mine[at] = (mine[at] as number) + times * (theirs[at] as number);
		this.#total = Math.max(0, this.#total + times * other.#total);
		this.#sum += times * other.#sum;
		if (other.#low < this.#low) this.#low = other.#low;
		if (other.#high > this.#high) this.#high = other.#high;
	}

	clear(): void {
		if (this.#high >= 0) this.#counts.fill(0, this.#low, this.#high + 1);
		this.#low = BUCKETS;
		this.#high = -1;
		this.#total = 0;
		this.#sum = 0;
	}

	/** The time that a share of 0…1 does not exceed, ms; null: none was counted. */
	percentile(share: number): number | null {
		if (!(this.#total > 1e-9)) return null;
		let rest = (1 - share) * this.#total + 1e-9;
		let at = this.#high;
		for (; at > this.#low; at--) {
			rest -= this.#counts[at] as number;
			if (rest < 0) break;
		}
		return Math.exp((at + OFFSET) / PER_LOG);
	}
}
