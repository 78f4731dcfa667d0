/** What was seen of one version: attempts and how long answers took. */
import type { Hits } from './tails.ts';

export interface Sample {
	/** First attempts of requests that ended; those that the client gave up are not among them. */
	readonly attempts: number;
	/** Of them without an answer, or with one of 5xx. */
	readonly failed: number;
	/** How many requests took how long, by bucket; see `Durations`. */
	readonly latency: ArrayLike<number>;
}

/** What the buckets of a latency mean. */
export interface Durations {
	readonly buckets: number;
	/** The duration that stands for a bucket, µs; it grows with the bucket. */
	us(bucket: number): number;
}

/** What came since an earlier sample of the same version. */
export function since(sample: Sample, earlier: Sample): Sample {
	const latency = new Float64Array(sample.latency);
	for (let bucket = 0; bucket < latency.length; bucket++)
		latency[bucket] = (latency[bucket] as number) - (earlier.latency[bucket] ?? 0);
	return { attempts: sample.attempts - earlier.attempts, failed: sample.failed - earlier.failed, latency };
}

/** Share of the attempts that failed, 0…1; 0 without any. */
export function failedShare({ attempts, failed }: Sample): number {
	return attempts === 0 ? 0 : failed / attempts;
}

/** The duration in µs that this share (0…1) of the requests did not exceed; 0 without any. */
export function quantile({ latency }: Sample, durations: Durations, share: number): number {
	let total = 0;
	for (let bucket = 0; bucket < latency.length; bucket++) total += latency[bucket] as number;
	if (total === 0) return 0;
	let rest = Math.max(1, Math.ceil(total * share));
	for (let bucket = 0; bucket < latency.length; bucket++) {
		rest -= latency[bucket] as number;
		if (rest <= 0) return durations.us(bucket);
	}
	return durations.us(latency.length - 1);
}

/** How many requests took longer than this many µs, of how many. */
export function slowerThan({ latency }: Sample, durations: Durations, us: number): Hits {
	let hit = 0;
	let of = 0;
	for (let bucket = 0; bucket < latency.length; bucket++) {
		of += latency[bucket] as number;
		if (durations.us(bucket) > us) hit += latency[bucket] as number;
	}
	return { hit, of };
}
