import { BackOff } from './back-off.ts';
import { bodiesOf } from './bodies.ts';
import type { Destination } from './destination.ts';
import { MetricReader, metricsOf, type Reading } from './metric-reader.ts';
import type { HistogramShape, MetricSource } from './metric-source.ts';
import { sendBody } from './otlp-client.ts';
import type { PushCounts } from './push-counts.ts';
import { encodeMetrics, type OwnResource } from './requests.ts';

export interface MetricPushOptions {
	destination: Destination;
	own: OwnResource;
	source: MetricSource;
	shape: HistogramShape;
	/** Since when the source counts, epoch ms. */
	startMs: number;
	counts: PushCounts;
	/** Something failed that did not fail before, or works again: '' for that. */
	changed(reason: string): void;
}

/** Points in one body: half a MB at most of them. */
const MOST_POINTS = 2000;

/**
 * Sends the registry's values at an interval. There is no queue: what did not arrive is in the next reading, a
 * cumulative one by its nature, a delta since it begins where the last one that arrived ended.
 */
export class MetricPush {
	readonly #options: MetricPushOptions;
	readonly #reader: MetricReader;
	readonly #backOff = new BackOff();
	#timer: NodeJS.Timeout | undefined;
	#running: Promise<void> | undefined;
	#stopped = false;
	#reason = '';

	constructor(options: MetricPushOptions) {
		this.#options = options;
		const { temporality, histograms } = options.destination;
		this.#reader = new MetricReader(options.source, {
			temporality,
			histograms,
			shape: options.shape,
			startMs: options.startMs,
		});
	}

	/** Whether it sends to the same place in the same form. */
	isAs(other: MetricPush): boolean {
		const [one, two] = [this.#options.destination, other.#options.destination];
		const { temporality, histograms } = one;
		return one.urls.metrics === two.urls.metrics && temporality === two.temporality && histograms === two.histograms;
	}

	/** `from`: where deltas begin; default with zero, or where they ended when it was stopped. */
	start(from?: MetricPush | 'now'): void {
		if (from === 'now') this.#reader.begin(Date.now());
		else if (from !== undefined) this.#reader.goOn(from.#reader);
		this.#stopped = false;
		this.#plan(this.#options.destination.intervalMs);
	}

	/** Sends what there is once more; `start` goes on from there. */
	async stop(): Promise<void> {
		this.#stopped = true;
		clearTimeout(this.#timer);
		await this.#running;
		await this.#push();
	}

	#plan(ms: number): void {
		if (this.#stopped) return;
		this.#timer = setTimeout(() => {
			this.#running = this.#push().then((waitMs) => this.#plan(waitMs));
		}, ms).unref();
	}

	/** Ms until the next one. */
	async #push(): Promise<number> {
		const { destination, own, counts } = this.#options;
		const tooBig = (): void => {
			counts.dropped++;
		};
		const encode = (readings: readonly Reading[]): Buffer =>
			encodeMetrics(own, metricsOf(readings, destination.temporality));
		const bounds = { maxBytes: destination.maxBytes, maxThings: MOST_POINTS };
		for (const body of bodiesOf(this.#reader.read(Date.now()), bounds, { encode, tooBig })) {
			const sent = await sendBody(destination, 'metrics', body.bytes);
			counts.requests++;
			if (sent.kind === 'taken') {
				for (const { commit } of body.things) commit();
				counts.sent += Math.max(0, body.things.length - sent.rejected);
				counts.rejected += Math.min(body.things.length, sent.rejected);
				continue;
			}
			counts.failures++;
			this.#say(sent.reason);
			const waitMs = this.#backOff.failed(sent.kind === 'later' ? sent.afterMs : destination.intervalMs);
			return Math.max(waitMs, Math.min(destination.intervalMs, 5000));
		}
		this.#backOff.succeeded();
		this.#say('');
		return destination.intervalMs;
	}

	#say(reason: string): void {
		if (reason === this.#reason) return;
		this.#reason = reason;
		this.#options.changed(reason);
	}
}
