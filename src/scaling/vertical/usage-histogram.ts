/** A histogram that forgets: each sample weighs half after a half-life (Kubernetes' VPA). */

/** Each bucket is 5 % wider than the one before. */
const GROWTH = 1.05;
/** Weights are scaled down before they grow beyond what a number holds exactly. */
const RENORMALISE = 2 ** 40;

export interface HistogramShape {
	/** Width of the first bucket; below it nothing is told apart. */
	first: number;
	/** Values above count as this one. */
	most: number;
	halfLifeMs: number;
}

/** JSON: the weights that are not 0, by bucket. */
export interface SavedHistogram {
	referenceMs: number;
	weights: readonly (readonly [bucket: number, weight: number])[];
}

export class UsageHistogram {
	readonly #shape: HistogramShape;
	readonly #weights: Float64Array;
	#total = 0;
	/** Weights are relative to this time; 0: none yet. */
	#referenceMs = 0;

	constructor(shape: HistogramShape) {
		this.#shape = shape;
		this.#weights = new Float64Array(this.#bucketOf(shape.most) + 1);
	}

	/** Bucket n begins at first × (1 + 1.05 + … + 1.05^(n−1)). */
	#bucketOf(value: number): number {
		const { first } = this.#shape;
		if (!(value > first)) return 0;
		return Math.floor(Math.log((value / first) * (GROWTH - 1) + 1) / Math.log(GROWTH));
	}

	#endOf(bucket: number): number {
		return (this.#shape.first * (GROWTH ** (bucket + 1) - 1)) / (GROWTH - 1);
	}

	/** @param weight of the sample itself; 1 is normal, negative takes one back */
	add(value: number, atMs: number, weight = 1): void {
		if (!Number.isFinite(value) || value < 0) return;
		if (this.#referenceMs === 0) this.#referenceMs = atMs;
		const decayed = weight * 2 ** ((atMs - this.#referenceMs) / this.#shape.halfLifeMs);
		const bucket = Math.min(this.#weights.length - 1, this.#bucketOf(Math.min(value, this.#shape.most)));
		const before = this.#weights[bucket] as number;
		const now = Math.max(0, before + decayed);
		this.#weights[bucket] = now;
		this.#total += now - before;
		if (this.#total > RENORMALISE) this.#renormalise(atMs);
	}

	#renormalise(atMs: number): void {
		const factor = 2 ** ((this.#referenceMs - atMs) / this.#shape.halfLifeMs);
		this.#total = 0;
		for (const [bucket, weight] of this.#weights.entries()) {
			const scaled = weight * factor;
			// What weighs next to nothing any more is forgotten, so that old peaks do not last for ever.
			this.#weights[bucket] = scaled < 1e-6 ? 0 : scaled;
			this.#total += this.#weights[bucket] as number;
		}
		this.#referenceMs = atMs;
	}

	/** The end of the bucket below which this share of the weight lies, 0…1; null: there are no samples. */
	percentile(share: number): number | null {
		if (!(this.#total > 0)) return null;
		const goal = share * this.#total;
		let sum = 0;
		for (const [bucket, weight] of this.#weights.entries()) {
			sum += weight;
			if (weight > 0 && sum >= goal * (1 - 1e-9)) return Math.min(this.#shape.most, this.#endOf(bucket));
		}
		return this.#shape.most;
	}

	save(): SavedHistogram {
		const weights = [...this.#weights.entries()].filter(([, weight]) => weight > 0);
		return { referenceMs: this.#referenceMs, weights };
	}

	/** What is not understood is left out. */
	load(saved: unknown): void {
		const { referenceMs, weights } = (saved ?? {}) as Partial<Record<keyof SavedHistogram, unknown>>;
		if (typeof referenceMs !== 'number' || !Array.isArray(weights)) return;
		this.#referenceMs = referenceMs;
		this.#weights.fill(0);
		this.#total = 0;
		for (const pair of weights as unknown[]) {
			const [bucket, weight] = Array.isArray(pair) ? (pair as unknown[]) : [];
			if (!Number.isInteger(bucket) || typeof weight !== 'number' || !(weight > 0)) continue;
			if ((bucket as number) < 0 || (bucket as number) >= this.#weights.length) continue;
			this.#total += weight - (this.#weights[bucket as number] as number);
			this.#weights[bucket as number] = weight;
		}
	}
}
