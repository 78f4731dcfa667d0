import { CACHE_RESULTS, type CacheResult } from '../core/cached.ts';
import { Counter, Meter, SeriesSum } from './meter.ts';

/** The figures of a route, an instance or a service, as people see them. */
export interface Counts {
	requests: number;
	status: { '1xx': number; '2xx': number; '3xx': number; '4xx': number; '5xx': number };
	/** Answers that Ballast had to make itself. */
	failed: number;
	aborted: number;
	/** Attempts beyond the first of each request. */
	retries: number;
	/** Requests that waited for an instance. */
	held: number;
	/** Refused with 429: over a rate limit. */
	limited: number;
	/** Refused because the service or the node had too much to do; `failed` counts them too. */
	shed: number;
	/** Answers by where they came from, on routes with a cache. */
	cached: Record<CacheResult, number>;
	bytesIn: number;
	bytesOut: number;
	p50Ms: number;
	p95Ms: number;
	p99Ms: number;
	/** Requests a second over the last 10 s. */
	perSecond: number;
}

const cachedBy = (count: (at: number) => number): Counts['cached'] =>
	Object.fromEntries(CACHE_RESULTS.map((result, at) => [result, count(at)])) as Counts['cached'];

/** Seconds over which rates are taken. */
const WINDOW = 10;

/** The meters of all workers, read as one. */
export class MeterGroup {
	readonly #meters = new Map<number, Meter>();
	/** What workers counted that are no more. */
	readonly #past = new Meter();
	/** Requests of each series at each of the last seconds. */
	readonly #history: Float64Array[] = [];

	chunk(worker: number, index: number, buffer: SharedArrayBuffer): void {
		let meter = this.#meters.get(worker);
		if (meter === undefined) this.#meters.set(worker, (meter = new Meter()));
		meter.attach(index, buffer);
	}

	/** A worker ended: what it counted is kept. */
	retire(worker: number): void {
		const meter = this.#meters.get(worker);
		if (meter === undefined) return;
		this.#past.absorb(meter);
		this.#meters.delete(worker);
	}

	/** A series begins again. The workers clear their own part. */
	clear(series: number): void {
		this.#past.clear(series);
		for (const second of this.#history) second[series] = 0;
	}

	/** Once a second. */
	sample(seriesCount: number): void {
		const now = new Float64Array(seriesCount);
		for (let series = 0; series < seriesCount; series++) now[series] = this.#requests(series);
		this.#history.push(now);
		if (this.#history.length > WINDOW + 1) this.#history.shift();
	}

	/** One counter of a series: what it has counted so far. */
	count(series: number, counter: number): number {
		let sum = this.#past.count(series, counter);
		for (const meter of this.#meters.values()) sum += meter.count(series, counter);
		return sum;
	}

	#requests(series: number): number {
		let sum = this.#past.requests(series);
		for (const meter of this.#meters.values()) sum += meter.requests(series);
		return sum;
	}

	/** Several series as one. */
	counts(series: readonly number[]): Counts {
		const sum = this.sum(series);
		const perSecond = series.reduce((rates, one) => rates + this.#rate(one), 0);
		const at = (counter: number): number => sum.counters[counter] as number;
		const status = (kind: number): number => at(Counter.status1xx + kind - 1);
		return {
			requests: at(Counter.requests),
			status: { '1xx': status(1), '2xx': status(2), '3xx': status(3), '4xx': status(4), '5xx': status(5) },
			failed: at(Counter.failed),
			aborted: at(Counter.aborted),
			retries: at(Counter.retries),
			held: at(Counter.held),
			limited: at(Counter.limited),
			shed: at(Counter.shed),
			cached: cachedBy((result) => at(Counter.cached + result)),
			bytesIn: at(Counter.bytesIn),
			bytesOut: at(Counter.bytesOut),
			p50Ms: sum.quantile(0.5) / 1000,
			p95Ms: sum.quantile(0.95) / 1000,
			p99Ms: sum.quantile(0.99) / 1000,
			perSecond,
		};
	}

	sum(series: readonly number[]): SeriesSum {
		const sum = new SeriesSum();
		for (const one of series) {
			this.#past.addTo(one, sum);
			for (const meter of this.#meters.values()) meter.addTo(one, sum);
		}
		return sum;
	}

	/** What was counted elsewhere. `past`: before the window in which rates are taken. */
	add(series: number, sum: SeriesSum, { past }: { past: boolean }): void {
		this.#past.add(series, sum);
		if (!past) return;
		const requests = sum.counters[Counter.requests] as number;
		for (const second of this.#history) second[series] = (second[series] ?? 0) + requests;
	}

	#rate(series: number): number {
		const oldest = this.#history[0]?.[series] ?? 0;
		const newest = this.#history[this.#history.length - 1]?.[series] ?? 0;
		return this.#history.length < 2 ? 0 : Math.max(0, newest - oldest) / (this.#history.length - 1);
	}
}
