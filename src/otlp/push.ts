import type { LogEntry } from '../core/log-entry.ts';
import type { Span } from '../core/span.ts';
import { BatchPush } from './batch-push.ts';
import { type Destination, SIGNALS, type Signal } from './destination.ts';
import { MetricPush } from './metric-push.ts';
import type { HistogramShape, MetricSource } from './metric-source.ts';
import { noCounts, type PushCounts } from './push-counts.ts';
import { encodeLogs, encodeSpans, type OwnResource } from './requests.ts';

export interface OtlpPushOptions {
	destinations: readonly Destination[];
	own: OwnResource;
	source: MetricSource;
	shape: HistogramShape;
	/** Since when the source counts, epoch ms. */
	startMs: number;
	/** A destination began to fail, or works again: `reason` is '' then. For an event. */
	changed(destination: string, signal: Signal, reason: string): void;
}

export interface DestinationCounts extends PushCounts {
	destination: string;
	signal: Signal;
}

/** OTLP out: metrics at an interval, lines and spans as they come, to each destination for itself. */
export class OtlpPush {
	readonly #counts: DestinationCounts[] = [];
	readonly #metrics: MetricPush[] = [];
	readonly #logs: BatchPush<LogEntry>[] = [];
	readonly #spans: BatchPush<Span>[] = [];

	constructor(options: OtlpPushOptions) {
		const { own, source, shape, startMs } = options;
		for (const destination of options.destinations) {
			for (const signal of SIGNALS) {
				if (destination.urls[signal] === undefined) continue;
				const counts = { destination: destination.name, signal, ...noCounts() };
				const changed = (reason: string): void => options.changed(destination.name, signal, reason);
				const common = { destination, counts, changed };
				this.#counts.push(counts);
				if (signal === 'metrics') this.#metrics.push(new MetricPush({ ...common, own, source, shape, startMs }));
				else if (signal === 'logs') {
					this.#logs.push(new BatchPush({ ...common, signal, encode: (things) => encodeLogs(own, things) }));
				} else this.#spans.push(new BatchPush({ ...common, signal, encode: (things) => encodeSpans(own, things) }));
			}
		}
	}

	/** Whether anyone wants lines, and spans. */
	get wants(): { logs: boolean; spans: boolean } {
		return { logs: this.#logs.length > 0, spans: this.#spans.length > 0 };
	}

	/** For metrics of our own. */
	get counts(): readonly Readonly<DestinationCounts>[] {
		return this.#counts;
	}

	/**
	 * Sends metrics from now on. `from`: where deltas begin. Default: with zero, or where they ended; `now`: what was
	 * counted before was sent by another; or where those of a push that was stopped ended.
	 */
	start(from?: OtlpPush | 'now'): void {
		for (const push of this.#metrics) {
			const before = from instanceof OtlpPush ? from.#metrics.find((one) => one.isAs(push)) : undefined;
			push.start(before ?? (from === undefined ? undefined : 'now'));
		}
	}

	/** Sends metrics once more, and then no more until `start`; lines and spans go on. */
	async pauseMetrics(): Promise<void> {
		await Promise.all(this.#metrics.map((push) => push.stop()));
	}

	logs(entries: readonly LogEntry[]): void {
		for (const push of this.#logs) push.add(entries);
	}

	spans(spans: readonly Span[]): void {
		for (const push of this.#spans) push.add(spans);
	}

	/** Sends what there is, for at most the time of one request each. `metrics`: whether those, too. */
	async stop({ metrics = true }: { metrics?: boolean } = {}): Promise<void> {
		const all = [...(metrics ? this.#metrics : []), ...this.#logs, ...this.#spans];
		await Promise.all(all.map((push) => push.stop()));
	}
}
