/** Readings of moments, made into readings of the two windows. */
import type { SignalReading, SignalValue } from './samples.ts';

/** Of a longer window each bucket takes several readings. */
const MOST_BUCKETS = 600;
const TICK_MS = 1000;

/** Sums of the buckets from `fromBucket` on. */
interface Span {
	buckets: number;
	fromBucket: number;
	sum: number;
	count: number;
}

/**
 * Adding and reading cost the same however long the window is. Of `each` the sum is the mean over time of what all
 * instances had together, held against those that are there now: after a scale-out the mean falls at once, and what
 * was added is not taken for load.
 */
export class SignalWindow {
	readonly #bucketMs: number;
	readonly #sums: Float64Array;
	readonly #counts: Float64Array;
	readonly #stable: Span;
	readonly #panic: Span | null;
	/** The newest bucket; −1: none yet. */
	#bucket = -1;
	#last: SignalValue | null = null;

	/** `panic` null: off. */
	constructor({ windowMs, panic }: { windowMs: number; panic: { windowMs: number } | null }) {
		const longestMs = Math.max(windowMs, panic?.windowMs ?? 0, 1);
		this.#bucketMs = Math.max(TICK_MS, Math.ceil(longestMs / MOST_BUCKETS));
		const span = (ms: number): Span => ({
			buckets: Math.max(1, Math.ceil(ms / this.#bucketMs)),
			...{ fromBucket: 0, sum: 0, count: 0 },
		});
		this.#stable = span(windowMs);
		this.#panic = panic === null ? null : span(panic.windowMs);
		const size = Math.max(this.#stable.buckets, this.#panic?.buckets ?? 0);
		this.#sums = new Float64Array(size);
		this.#counts = new Float64Array(size);
	}

	/** In the order of time; a time before the last one counts as the last one. `value` null: it could not be read. */
	add(nowMs: number, value: SignalValue | null): void {
		if (value === null) return;
		const bucket = this.#advance(nowMs);
		this.#last = value;
		const sum = whole(value);
		if (sum === null) return;
		const at = bucket % this.#sums.length;
		this.#sums[at] = (this.#sums[at] as number) + sum;
		this.#counts[at] = (this.#counts[at] as number) + 1;
		for (const span of [this.#stable, this.#panic]) {
			if (span === null) continue;
			span.sum += sum;
			span.count += 1;
		}
	}

	/** `stable` null: nothing was read in all of the window. */
	read(nowMs: number): SignalReading {
		this.#advance(nowMs);
		return { stable: this.#valueOf(this.#stable), panic: this.#panic === null ? null : this.#valueOf(this.#panic) };
	}

	#advance(nowMs: number): number {
		const bucket = Math.max(this.#bucket, Math.floor(nowMs / this.#bucketMs));
		if (bucket === this.#bucket) return bucket;
		const before = this.#bucket;
		this.#bucket = bucket;
		for (const span of [this.#stable, this.#panic])
			if (span !== null) this.#leave(span, bucket - span.buckets + 1, before);
		// What the new ones overwrite is over for both spans by now.
		const fresh = before === -1 ? 0 : Math.min(bucket - before, this.#sums.length);
		for (let one = bucket - fresh + 1; one <= bucket; one++) {
			this.#sums[one % this.#sums.length] = 0;
			this.#counts[one % this.#sums.length] = 0;
		}
		return bucket;
	}

	/** @param newest The newest bucket that was written to. */
	#leave(span: Span, fromBucket: number, newest: number): void {
		const end = Math.min(fromBucket, newest + 1);
		for (let one = Math.max(0, span.fromBucket); one < end; one++) {
			span.sum -= this.#sums[one % this.#sums.length] as number;
			span.count -= this.#counts[one % this.#sums.length] as number;
		}
		span.fromBucket = fromBucket;
		// Nothing of rounding is left over from one rush to the next.
		if (span.count === 0) span.sum = 0;
	}

	#valueOf({ sum, count }: Span): SignalValue | null {
		const last = this.#last;
		if (last === null || count === 0) return null;
		const mean = Math.max(0, sum / count);
		if (!('sum' in last)) return { value: sum / count };
		const { counted, missing, ignored } = last;
		return { sum: counted === 0 ? 0 : (mean * counted) / (counted + missing), counted, missing, ignored };
	}
}

/** What all instances have together, those without a value taken to be like the others; null: nothing can be told. */
function whole(value: SignalValue): number | null {
	if (!('sum' in value)) return Number.isFinite(value.value) ? value.value : null;
	const { sum, counted, missing } = value;
	return counted === 0 || !Number.isFinite(sum) ? null : (sum * (counted + missing)) / counted;
}
