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
	}

	/** Adds all of the other one, or with `times` −1 takes it out again. */
	merge(other: LogHistogram, times: 1 | -1 = 1): void {
		if (other.#total === 0) return;
		for (let at = 0; at < BUCKETS; at++) {
			const count = other.#counts[at] as number;
			if (count !== 0) this.#counts[at] = (this.#counts[at] as number) + times * count;
		}
		this.#total = Math.max(0, this.#total + times * other.#total);
		this.#sum += times * other.#sum;
	}

	clear(): void {
		if (this.#total === 0) return;
		this.#counts.fill(0);
		this.#total = 0;
		this.#sum = 0;
	}

	/** The time that a share of 0…1 does not exceed, ms; null: none was counted. */
	percentile(share: number): number | null {
		if (!(this.#total > 1e-9)) return null;
		const wanted = share * this.#total;
		let sum = 0;
		for (let at = 0; at < BUCKETS; at++) {
			sum += this.#counts[at] as number;
			if (sum >= wanted - 1e-9 && sum > 0) return Math.exp((at + OFFSET) / PER_LOG);
		}
		return null;
	}
}
