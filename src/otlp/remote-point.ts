import type { Labels, MetricKind } from '../core/metric.ts';

/** A value of a series of another program, as it came by OTLP or from a page of metrics. */
export interface RemotePoint {
	/** Prometheus' name. */
	name: string;
	kind: MetricKind;
	/** Who it is of (`service`, `instance`; '' is left out) and the peer's own labels. */
	labels: Labels;
	timeMs: number;
	/** Since the point before, not since the begin. */
	delta: boolean;
	/** Of a counter or gauge; of a histogram its sum. */
	value: number;
	/** Of a histogram: upper bounds, and counts for each and for what is above the last. */
	bounds: readonly number[];
	counts: readonly number[];
}

/** Things that were not taken, and why, for a partial success. */
export interface Refusal {
	rejected: number;
	/** '' for none. */
	reason: string;
}

export const NONE_REFUSED: Refusal = { rejected: 0, reason: '' };

/** Two of them as one; the first reason stands. */
export function together(one: Refusal, other: Refusal): Refusal {
	return { rejected: one.rejected + other.rejected, reason: one.reason === '' ? other.reason : one.reason };
}
