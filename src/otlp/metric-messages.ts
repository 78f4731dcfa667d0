/** opentelemetry/proto/metrics/v1 and its export request. All fields may be missing. */
import { KEY_VALUE, type KeyValue, RESOURCE, type Resource, SCOPE, type Scope } from './common-messages.ts';
import { type Message, many, message, one } from './message.ts';

/** AggregationTemporality. */
export const DELTA = 1;
export const CUMULATIVE = 2;

interface Point {
	attributes?: KeyValue[];
	startTimeUnixNano?: number;
	timeUnixNano?: number;
	flags?: number;
}
export interface NumberPoint extends Point {
	asDouble?: number;
	asInt?: number;
}
export interface HistogramPoint extends Point {
	count?: number;
	sum?: number;
	bucketCounts?: ArrayLike<number>;
	explicitBounds?: ArrayLike<number>;
	min?: number;
	max?: number;
}
export interface Buckets {
	offset?: number;
	bucketCounts?: ArrayLike<number>;
}
export interface ExponentialPoint extends Point {
	count?: number;
	sum?: number;
	scale?: number;
	zeroCount?: number;
	positive?: Buckets;
	negative?: Buckets;
	min?: number;
	max?: number;
	zeroThreshold?: number;
}
export interface Quantile {
	quantile?: number;
	value?: number;
}
export interface SummaryPoint extends Point {
	count?: number;
	sum?: number;
	quantileValues?: Quantile[];
}
export interface Gauge {
	dataPoints?: NumberPoint[];
}
export interface Sum {
	dataPoints?: NumberPoint[];
	aggregationTemporality?: number;
	isMonotonic?: boolean;
}
export interface Histogram {
	dataPoints?: HistogramPoint[];
	aggregationTemporality?: number;
}
export interface ExponentialHistogram {
	dataPoints?: ExponentialPoint[];
	aggregationTemporality?: number;
}
export interface Summary {
	dataPoints?: SummaryPoint[];
}
export interface Metric {
	name?: string;
	description?: string;
	unit?: string;
	gauge?: Gauge;
	sum?: Sum;
	histogram?: Histogram;
	exponentialHistogram?: ExponentialHistogram;
	summary?: Summary;
}
export interface ScopeMetrics {
	scope?: Scope;
	metrics?: Metric[];
}
export interface ResourceMetrics {
	resource?: Resource;
	scopeMetrics?: ScopeMetrics[];
}
export interface MetricsRequest {
	resourceMetrics?: ResourceMetrics[];
}

const NUMBER_POINT: Message<NumberPoint> = message<NumberPoint>({
	startTimeUnixNano: one(2, 'nanos'),
	timeUnixNano: one(3, 'nanos'),
	asDouble: one(4, 'double'),
	asInt: one(6, 'sfixed64'),
	attributes: many(7, () => KEY_VALUE),
	flags: one(8, 'uint32'),
});
const HISTOGRAM_POINT: Message<HistogramPoint> = message<HistogramPoint>({
	startTimeUnixNano: one(2, 'nanos'),
	timeUnixNano: one(3, 'nanos'),
	count: one(4, 'fixed64'),
	sum: one(5, 'double'),
	bucketCounts: many(6, 'fixed64'),
	explicitBounds: many(7, 'double'),
	attributes: many(9, () => KEY_VALUE),
	flags: one(10, 'uint32'),
	min: one(11, 'double'),
	max: one(12, 'double'),
});
const BUCKETS: Message<Buckets> = message<Buckets>({ offset: one(1, 'sint32'), bucketCounts: many(2, 'uint64') });
const EXPONENTIAL_POINT: Message<ExponentialPoint> = message<ExponentialPoint>({
	attributes: many(1, () => KEY_VALUE),
	startTimeUnixNano: one(2, 'nanos'),
	timeUnixNano: one(3, 'nanos'),
	count: one(4, 'fixed64'),
	sum: one(5, 'double'),
	scale: one(6, 'sint32'),
	zeroCount: one(7, 'fixed64'),
	positive: one(8, () => BUCKETS),
	negative: one(9, () => BUCKETS),
	flags: one(10, 'uint32'),
	min: one(12, 'double'),
	max: one(13, 'double'),
	zeroThreshold: one(14, 'double'),
});
const QUANTILE: Message<Quantile> = message<Quantile>({ quantile: one(1, 'double'), value: one(2, 'double') });
const SUMMARY_POINT: Message<SummaryPoint> = message<SummaryPoint>({
	startTimeUnixNano: one(2, 'nanos'),
	timeUnixNano: one(3, 'nanos'),
	count: one(4, 'fixed64'),
	sum: one(5, 'double'),
	quantileValues: many(6, () => QUANTILE),
	attributes: many(7, () => KEY_VALUE),
	flags: one(8, 'uint32'),
});
const GAUGE: Message<Gauge> = message<Gauge>({ dataPoints: many(1, () => NUMBER_POINT) });
const SUM: Message<Sum> = message<Sum>({
	dataPoints: many(1, () => NUMBER_POINT),
	aggregationTemporality: one(2, 'uint32'),
	isMonotonic: one(3, 'bool'),
});
const HISTOGRAM: Message<Histogram> = message<Histogram>({
	dataPoints: many(1, () => HISTOGRAM_POINT),
	aggregationTemporality: one(2, 'uint32'),
});
const EXPONENTIAL_HISTOGRAM: Message<ExponentialHistogram> = message<ExponentialHistogram>({
	dataPoints: many(1, () => EXPONENTIAL_POINT),
	aggregationTemporality: one(2, 'uint32'),
});
const SUMMARY: Message<Summary> = message<Summary>({ dataPoints: many(1, () => SUMMARY_POINT) });
const METRIC: Message<Metric> = message<Metric>({
	name: one(1, 'string'),
	description: one(2, 'string'),
	unit: one(3, 'string'),
	gauge: one(5, () => GAUGE),
	sum: one(7, () => SUM),
	histogram: one(9, () => HISTOGRAM),
	exponentialHistogram: one(10, () => EXPONENTIAL_HISTOGRAM),
	summary: one(11, () => SUMMARY),
});
const SCOPE_METRICS: Message<ScopeMetrics> = message<ScopeMetrics>({
	scope: one(1, () => SCOPE),
	metrics: many(2, () => METRIC),
});
const RESOURCE_METRICS: Message<ResourceMetrics> = message<ResourceMetrics>({
	resource: one(1, () => RESOURCE),
	scopeMetrics: many(2, () => SCOPE_METRICS),
});
export const METRICS_REQUEST: Message<MetricsRequest> = message<MetricsRequest>({
	resourceMetrics: many(1, () => RESOURCE_METRICS),
});
