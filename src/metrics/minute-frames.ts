import type { MetricKind } from '../core/metric.ts';

/** What one metric did in a minute. */
export interface MinuteMetric {
	name: string;
	kind: MetricKind;
	/** Of a histogram: how many cells it has. */
	cells: number;
	labels: readonly string[];
	/** Who the ids of the frame are: the values of their labels. */
	series: readonly (readonly [id: number, values: readonly string[]])[];
	/** See `frame.ts`; of a gauge with means. */
	frame: Uint8Array;
}

/** A minute, or what of it was recorded. Plain data: it goes to the store thread. */
export interface MinuteFrames {
	/** Its begin, epoch ms. */
	timeMs: number;
	coveredMs: number;
	metrics: readonly MinuteMetric[];
}
