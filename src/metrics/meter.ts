/**
 * Counts and latency histograms in shared memory. Each worker has a meter that only it writes;
 * readers on other threads add the workers' meters up. A series is a route or an instance.
 */
import { Cached } from '../core/cached.ts';

/** Series in one chunk; a chunk is made when one of its series is first used. */
const CHUNK_SERIES = 8;
export const COUNTERS = 32;
/** Log-linear: 32 steps an octave, so a value is at most 1/32 off; covers 1 µs … 71 min. */
export const BUCKETS = 896;
const SERIES_BYTES = COUNTERS * 8 + BUCKETS * 4;

/** Counters of a series. `status` counts stand at `status1xx + class − 1`. */
export const Counter = {
	requests: 0,
	status1xx: 1,
	/** The client left before an answer began. */
	aborted: 6,
	/** Answers that Ballast made itself for want of one from an instance. */
	failed: 7,
	/** Payload bytes of requests and answers. */
	bytesIn: 8,
	bytesOut: 9,
	/** Sum of durations, µs. */
	durationUs: 10,
	/** Attempts beyond the first. */
	retries: 11,
	/** Requests that waited for an instance. */
	held: 14,
	/** Answers of 429 to who was over a rate limit. */
	limited: 12,
	/** Requests refused because the service or the node had too much to do; `failed` counts them too. */
	shed: 13,
	/** Sums of the parts of durations, µs: waiting for an instance; for a connection to it; for its answer to begin; from there to the end. */
	queueUs: 15,
	connectUs: 16,
	firstByteUs: 17,
	transferUs: 18,
	/** Answers that broke off after they had begun. */
	broken: 19,
	/** Answers by where they came from, on routes with a cache: those of `CACHE_RESULTS`, one after the other. */
	cached: 20,
} as const;

/** The bucket of a duration in µs. */
export function bucketOf(us: number): number {
	const value = us < 0 ? 0 : us > 0xffffffff ? 0xffffffff : Math.floor(us);
	if (value < 32) return value;
	const exponent = 31 - Math.clz32(value);
	return (exponent - 4) * 32 + ((value >>> (exponent - 5)) & 31);
}

/** The middle of a bucket, µs. */
export function bucketValue(bucket: number): number {
	if (bucket < 32) return bucket;
	const exponent = Math.floor(bucket / 32) + 4;
	const width = 2 ** (exponent - 5);
	return (32 + (bucket % 32)) * width + width / 2;
}

interface Chunk {
	counters: Float64Array;
	buckets: Uint32Array;
}

/** What was counted for one request. */
export interface Observation {
	status: number;
	failed: boolean;
	limited: boolean;
	shed: boolean;
	us: number;
	bytesIn: number;
	bytesOut: number;
	retries: number;
	held: boolean;
	broken: boolean;
	cached: Cached;
	queueUs: number;
	connectUs: number;
	firstByteUs: number;
	transferUs: number;
}

/** One of which nothing was seen yet. */
export const nothingSeen = (): Observation => ({
	status: 0,
	failed: false,
	limited: false,
	shed: false,
	us: 0,
	bytesIn: 0,
	bytesOut: 0,
	retries: 0,
	held: false,
	broken: false,
	cached: Cached.none,
	queueUs: 0,
	connectUs: 0,
	firstByteUs: 0,
	transferUs: 0,
});

export class Meter {
	readonly #chunks: (Chunk | undefined)[] = [];
	readonly #onChunk: ((index: number, buffer: SharedArrayBuffer) => void) | undefined;

	/** `onChunk` learns of each chunk that is made, so that it can tell the readers. */
	constructor(onChunk?: (index: number, buffer: SharedArrayBuffer) => void) {
		this.#onChunk = onChunk;
	}

	/** Takes over a chunk that another thread made. */
	attach(index: number, buffer: SharedArrayBuffer): void {
		const counterBytes = CHUNK_SERIES * COUNTERS * 8;
		this.#chunks[index] = {
			counters: new Float64Array(buffer, 0, CHUNK_SERIES * COUNTERS),
			buckets: new Uint32Array(buffer, counterBytes, CHUNK_SERIES * BUCKETS),
		};
	}

	#chunk(series: number): Chunk {
		const index = Math.floor(series / CHUNK_SERIES);
		const found = this.#chunks[index];
		if (found !== undefined) return found;
		const buffer = new SharedArrayBuffer(CHUNK_SERIES * SERIES_BYTES);
		this.attach(index, buffer);
		this.#onChunk?.(index, buffer);
		return this.#chunks[index] as Chunk;
	}

	observe(series: number, observation: Observation): void {
		const { counters, buckets } = this.#chunk(series);
		const base = (series % CHUNK_SERIES) * COUNTERS;
		const { status, us } = observation;
		counters[base] = (counters[base] as number) + 1;
		const kind = status === 0 ? Counter.aborted : Counter.status1xx + ((status / 100) | 0) - 1;
		counters[base + kind] = (counters[base + kind] as number) + 1;
		if (observation.failed) counters[base + Counter.failed] = (counters[base + Counter.failed] as number) + 1;
		if (observation.limited) counters[base + Counter.limited] = (counters[base + Counter.limited] as number) + 1;
		if (observation.shed) counters[base + Counter.shed] = (counters[base + Counter.shed] as number) + 1;
		counters[base + Counter.bytesIn] = (counters[base + Counter.bytesIn] as number) + observation.bytesIn;
		counters[base + Counter.bytesOut] = (counters[base + Counter.bytesOut] as number) + observation.bytesOut;
		counters[base + Counter.durationUs] = (counters[base + Counter.durationUs] as number) + us;
		if (observation.retries > 0)
			counters[base + Counter.retries] = (counters[base + Counter.retries] as number) + observation.retries;
		if (observation.held) counters[base + Counter.held] = (counters[base + Counter.held] as number) + 1;
		if (observation.broken) counters[base + Counter.broken] = (counters[base + Counter.broken] as number) + 1;
		if (observation.cached !== Cached.none) {
			const cached = base + Counter.cached + observation.cached - 1;
			counters[cached] = (counters[cached] as number) + 1;
		}
		const parts = base + Counter.queueUs;
		counters[parts] = (counters[parts] as number) + observation.queueUs;
		counters[parts + 1] = (counters[parts + 1] as number) + observation.connectUs;
		counters[parts + 2] = (counters[parts + 2] as number) + observation.firstByteUs;
		counters[parts + 3] = (counters[parts + 3] as number) + observation.transferUs;
		const cell = (series % CHUNK_SERIES) * BUCKETS + bucketOf(us);
		buckets[cell] = (buckets[cell] as number) + 1;
	}

	/** The series begins again: its index belongs to another instance now. */
	clear(series: number): void {
		const chunk = this.#chunks[Math.floor(series / CHUNK_SERIES)];
		if (chunk === undefined) return;
		const at = series % CHUNK_SERIES;
		chunk.counters.fill(0, at * COUNTERS, (at + 1) * COUNTERS);
		chunk.buckets.fill(0, at * BUCKETS, (at + 1) * BUCKETS);
	}

	/** Adds this meter's figures of a series to a sum. */
	addTo(series: number, sum: SeriesSum): void {
		const chunk = this.#chunks[Math.floor(series / CHUNK_SERIES)];
		if (chunk === undefined) return;
		const at = series % CHUNK_SERIES;
		for (let i = 0; i < COUNTERS; i++)
			sum.counters[i] = (sum.counters[i] as number) + (chunk.counters[at * COUNTERS + i] as number);
		for (let i = 0; i < BUCKETS; i++)
			sum.buckets[i] = (sum.buckets[i] as number) + (chunk.buckets[at * BUCKETS + i] as number);
	}

	/** Adds a sum to a series. */
	add(series: number, sum: SeriesSum): void {
		const { counters, buckets } = this.#chunk(series);
		const at = series % CHUNK_SERIES;
		for (let i = 0; i < COUNTERS; i++)
			counters[at * COUNTERS + i] = (counters[at * COUNTERS + i] as number) + (sum.counters[i] as number);
		for (let i = 0; i < BUCKETS; i++)
			buckets[at * BUCKETS + i] = (buckets[at * BUCKETS + i] as number) + (sum.buckets[i] as number);
	}

	/** Requests counted for a series; cheaper than a whole sum. */
	requests(series: number): number {
		return this.count(series, Counter.requests);
	}

	count(series: number, counter: number): number {
		const chunk = this.#chunks[Math.floor(series / CHUNK_SERIES)];
		return chunk === undefined ? 0 : (chunk.counters[(series % CHUNK_SERIES) * COUNTERS + counter] as number);
	}

	/** Adds all of another meter: what a worker that died had counted is kept. */
	absorb(other: Meter): void {
		other.#chunks.forEach((from, index) => {
			if (from === undefined) return;
			const to = this.#chunk(index * CHUNK_SERIES);
			for (let i = 0; i < to.counters.length; i++)
				to.counters[i] = (to.counters[i] as number) + (from.counters[i] as number);
			for (let i = 0; i < to.buckets.length; i++)
				to.buckets[i] = (to.buckets[i] as number) + (from.buckets[i] as number);
		});
	}
}

/** A series added up over workers. */
export class SeriesSum {
	readonly counters = new Float64Array(COUNTERS);
	readonly buckets = new Float64Array(BUCKETS);

	/** The duration in µs that this share (0…1) of requests did not exceed; 0 without any. */
	quantile(share: number): number {
		let total = 0;
		for (let i = 0; i < BUCKETS; i++) total += this.buckets[i] as number;
		if (total === 0) return 0;
		let rest = Math.max(1, Math.ceil(total * share));
		for (let i = 0; i < BUCKETS; i++) {
			rest -= this.buckets[i] as number;
			if (rest <= 0) return bucketValue(i);
		}
		return bucketValue(BUCKETS - 1);
	}
}
