/** CloudWatch, as far as Ballast uses it. */
import type * as sdk from '@aws-sdk/client-cloudwatch';
import { type Act, type Operation, Refusal } from './operation.ts';

type Out<T> = Omit<T, '$metadata'>;

export interface FakePoint {
	readonly atMs: number;
	readonly value: number;
}

/** Of all clouds in this process, by `namespace|metric|instance`; each test names its own instances. */
export class FakeMetrics {
	readonly #series = new Map<string, FakePoint[]>();

	add(series: string, point: FakePoint): void {
		this.#series.set(series, [...(this.#series.get(series) ?? []), point]);
	}

	of(series: string): readonly FakePoint[] {
		return this.#series.get(series) ?? [];
	}
}

export function cloudwatchOf(metrics: FakeMetrics): Readonly<Record<string, Operation>> {
	return {
		GetMetricData(input: sdk.GetMetricDataCommandInput, _act: Act) {
			const queries = input.MetricDataQueries ?? [];
			if (queries.length > 500)
				throw new Refusal('ValidationError', 'The collection MetricDataQueries must not have a size greater than 500.');
			const ids = queries.map(({ Id }) => Id ?? '');
			const wrong = ids.find((id) => !/^[a-z][a-zA-Z0-9_]*$/.test(id));
			if (wrong !== undefined)
				throw new Refusal(
					'ValidationError',
					`The value '${wrong}' for parameter Id does not start with a lowercase letter.`,
				);
			if (new Set(ids).size !== ids.length) throw new Refusal('ValidationError', 'Ids must be unique.');
			const [from, to] = [input.StartTime?.getTime() ?? 0, input.EndTime?.getTime() ?? 0];
			if (from >= to)
				throw new Refusal('ValidationError', 'The parameter StartTime must be less than the parameter EndTime.');
			return {
				MetricDataResults: queries.map((query) => {
					const metric = query.MetricStat?.Metric;
					const instance = metric?.Dimensions?.find(({ Name }) => Name === 'InstanceId')?.Value;
					const points = metrics
						.of(`${metric?.Namespace}|${metric?.MetricName}|${instance}`)
						.filter(({ atMs }) => atMs >= from && atMs < to)
						.toSorted((a, b) => (input.ScanBy === 'TimestampAscending' ? a.atMs - b.atMs : b.atMs - a.atMs));
					return {
						Id: query.Id,
						Label: metric?.MetricName,
						Timestamps: points.map(({ atMs }) => new Date(atMs)),
						Values: points.map(({ value }) => value),
						StatusCode: 'Complete' as const,
					};
				}),
				Messages: [],
			} satisfies Out<sdk.GetMetricDataCommandOutput>;
		},
	};
}
