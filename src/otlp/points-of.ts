import type { Labels, MetricKind } from '../core/metric.ts';
import { type AttributeBounds, type Fields, fieldsOf } from './attributes.ts';
import type { KeyValue } from './common-messages.ts';
import { nameOf } from './log-records.ts';
import {
	DELTA,
	type ExponentialPoint,
	type HistogramPoint,
	type Metric,
	type MetricsRequest,
	type NumberPoint,
} from './metric-messages.ts';
import { prometheusMetricName, prometheusName } from './metric-names.ts';
import type { Refusal, RemotePoint } from './remote-point.ts';

/** Labels of a series, and how long their names and values may be. */
const LABEL_BOUNDS: AttributeBounds = { count: 16, keyChars: 64, valueChars: 128 };
const MOST_NAME = 128;
const MOST_BOUNDS = 64;
/** DataPointFlags: the point says only that there is no value. */
const NO_VALUE = 1;
/** What exponential histograms are cut at: OpenTelemetry's bounds. */
const BOUNDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

interface Family {
	name: string;
	kind: MetricKind;
	resource: Fields;
	delta: boolean;
}

/** The points of a request, each bounded; those that are over a bound, or are no numbers, are refused. */
export function pointsOf(request: MetricsRequest, mostPoints: number): { points: RemotePoint[]; refusal: Refusal } {
	const reader = new PointReader(mostPoints);
	for (const { resource, scopeMetrics = [] } of request.resourceMetrics ?? []) {
		const fields = fieldsOf(resource?.attributes);
		for (const { metrics = [] } of scopeMetrics) for (const metric of metrics) reader.metric(metric, fields);
	}
	return { points: reader.points, refusal: { rejected: reader.rejected, reason: reader.reason } };
}

class PointReader {
	readonly points: RemotePoint[] = [];
	rejected = 0;
	reason = '';
	readonly #most: number;

	constructor(most: number) {
		this.#most = most;
	}

	metric(metric: Metric, resource: Fields): void {
		const { name = '', unit = '', gauge, sum, histogram, exponentialHistogram, summary } = metric;
		const family = (kind: MetricKind, temporality = 0): Family => ({
			name: name.length <= MOST_NAME ? prometheusMetricName(name, unit, kind) : '',
			kind,
			resource,
			delta: temporality === DELTA,
		});
		if (gauge !== undefined) this.#numbers(family('gauge'), gauge.dataPoints);
		else if (sum !== undefined) {
			// A sum that may fall is a gauge, if it is the whole of it.
			const of = family(sum.isMonotonic === true ? 'counter' : 'gauge', sum.aggregationTemporality);
			if (of.kind === 'gauge' && of.delta)
				this.#refuse(sum.dataPoints?.length ?? 0, 'a delta of a sum that may fall cannot be added up');
			else this.#numbers(of, sum.dataPoints);
		} else if (histogram !== undefined) {
			const of = family('histogram', histogram.aggregationTemporality);
			for (const point of histogram.dataPoints ?? []) this.#histogram(of, point);
		} else if (exponentialHistogram !== undefined) {
			const of = family('histogram', exponentialHistogram.aggregationTemporality);
			for (const point of exponentialHistogram.dataPoints ?? []) this.#exponential(of, point);
		} else this.#refuse(summary?.dataPoints?.length ?? 0, 'summaries are not taken');
	}

	#numbers(family: Family, points: readonly NumberPoint[] = []): void {
		for (const point of points) {
			const value = point.asDouble ?? point.asInt ?? Number.NaN;
			this.#add(family, point, { value, bounds: [], counts: [] });
		}
	}

	#histogram(family: Family, point: HistogramPoint): void {
		const bounds = Array.from(point.explicitBounds ?? []);
		const counts = Array.from(point.bucketCounts ?? []);
		const rising = bounds.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > (bounds[i - 1] as number)));
		// No buckets at all is allowed: the count is then all that is known.
		if (counts.length === 0 && bounds.length === 0) counts.push(point.count ?? 0);
		if (bounds.length > MOST_BOUNDS) this.#refuse(1, `a histogram has more than ${MOST_BOUNDS} bounds`);
		else if (!rising || counts.length !== bounds.length + 1)
			this.#refuse(1, "a histogram's bounds and counts do not fit");
		else this.#add(family, point, { value: point.sum ?? 0, bounds, counts });
	}

	#exponential(family: Family, point: ExponentialPoint): void {
		const { scale = 0, positive, negative } = point;
		const found = Array.from(positive?.bucketCounts ?? []);
		if (scale < -10 || scale > 20 || found.length > 1000) return this.#refuse(1, 'an exponential histogram is too big');
		const counts = new Array<number>(BOUNDS.length + 1).fill(0);
		const add = (value: number, count: number): void => {
			let cell = 0;
			while (cell < BOUNDS.length && value > (BOUNDS[cell] as number)) cell++;
			counts[cell] = (counts[cell] as number) + count;
		};
		const below = Array.from(negative?.bucketCounts ?? []).reduce((total, one) => total + one, 0);
		add(0, (point.zeroCount ?? 0) + below);
		for (const [i, count] of found.entries()) add(2 ** (((positive?.offset ?? 0) + i + 0.5) / 2 ** scale), count);
		this.#add(family, point, { value: point.sum ?? 0, bounds: BOUNDS, counts });
	}

	#add(
		{ name, kind, resource, delta }: Family,
		point: { attributes?: KeyValue[]; timeUnixNano?: number; flags?: number },
		values: Pick<RemotePoint, 'value' | 'bounds' | 'counts'>,
	): void {
		if (((point.flags ?? 0) & NO_VALUE) !== 0) return;
		if (name === '') this.#refuse(1, 'a metric has no name, or one that is too long');
		else if (!Number.isFinite(values.value)) this.#refuse(1, 'a value is no number');
		else if (this.points.length >= this.#most) this.#refuse(1, `more than ${this.#most} points at once`);
		else {
			const labels = labelsOf(point.attributes, resource);
			this.points.push({ name, kind, labels, timeMs: point.timeUnixNano ?? 0, delta, ...values });
		}
	}

	#refuse(count: number, reason: string): void {
		this.rejected += count;
		if (count > 0 && this.reason === '') this.reason = reason;
	}
}

/** Who it is of goes last: a peer's label cannot stand in its place. */
function labelsOf(attributes: readonly KeyValue[] | undefined, resource: Fields): Labels {
	const labels: Record<string, string> = Object.create(null);
	for (const [key, value] of Object.entries(fieldsOf(attributes, LABEL_BOUNDS))) {
		const name = prometheusName(key);
		if (name !== '' && name !== 'le') labels[name] = String(value);
	}
	return Object.assign(labels, ownerOf(resource));
}

export function ownerOf(resource: Fields): Labels {
	const service = nameOf(resource, 'service.name');
	const instance = nameOf(resource, 'service.instance.id');
	return { ...(service === '' ? {} : { service }), ...(instance === '' ? {} : { instance }) };
}
