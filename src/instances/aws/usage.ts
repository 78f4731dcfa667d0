/** CPU and memory of instances, from CloudWatch. */
import type { MetricDataQuery, MetricDataResult } from '@aws-sdk/client-cloudwatch';
import { type MemberSize, machineUsage, type PlatformUsage } from '../platform/platform.ts';
import type { CallAws } from './actions.ts';

/** Queries that one call takes. */
const MOST_QUERIES = 500;
/** Figures come each minute with detailed monitoring, else each fifth, and a few minutes late. */
const SPAN_MS = 15 * 60_000;
/** With basic monitoring; ms. */
export const USAGE_LAG_MS = 6 * 60_000;
/** CloudWatch is paid by figure: asked no more often than a new one can come. */
export const USAGE_KEEP_MS = 30_000;

const FIGURES = [
	{ prefix: 'cpu', Namespace: 'AWS/EC2', MetricName: 'CPUUtilization' },
	{ prefix: 'memory', Namespace: 'CWAgent', MetricName: 'mem_used_percent' },
] as const;

/** @param machine what an instance has; null: not known. Told of those of which something is known. @throws PlatformError */
export async function usageOf(
	{ call, machine }: { call: CallAws; machine(id: string): MemberSize | null },
	ids: readonly string[],
	signal: AbortSignal,
): Promise<ReadonlyMap<string, PlatformUsage>> {
	const usage = new Map<string, PlatformUsage>();
	const batch = Math.floor(MOST_QUERIES / FIGURES.length);
	for (let at = 0; at < ids.length; at += batch) {
		const some = ids.slice(at, at + batch);
		const results = await ask(call, some, signal);
		some.forEach((id, index) => {
			const [cpu, memory] = FIGURES.map(({ prefix }) => newest(results.get(`${prefix}${index}`)));
			if (cpu === undefined && memory === undefined) return;
			const atMs = Math.max(cpu?.atMs ?? 0, memory?.atMs ?? 0);
			const shares = { cpu: cpu?.value ?? null, memory: memory?.value ?? null, atMs };
			usage.set(id, machineUsage(shares, machine(id)));
		});
	}
	return usage;
}

async function ask(
	call: CallAws,
	ids: readonly string[],
	signal: AbortSignal,
): Promise<ReadonlyMap<string, MetricDataResult>> {
	const queries = ids.flatMap((id, index) => FIGURES.map((figure) => queryOf(id, index, figure)));
	const now = Date.now();
	const results = new Map<string, MetricDataResult>();
	let NextToken: string | undefined;
	do {
		const answer = await call(
			'cloudwatch:GetMetricData',
			{
				MetricDataQueries: queries,
				StartTime: new Date(now - SPAN_MS),
				EndTime: new Date(now),
				ScanBy: 'TimestampDescending',
				NextToken,
			},
			signal,
		);
		// The newest come first, so that of a result in two parts the first one counts.
		for (const result of answer.MetricDataResults ?? []) {
			const known = results.get(result.Id ?? '');
			if (known === undefined || (known.Values ?? []).length === 0) results.set(result.Id ?? '', result);
		}
		NextToken = answer.NextToken || undefined;
	} while (NextToken !== undefined && !signal.aborted);
	return results;
}

function queryOf(
	id: string,
	index: number,
	{ prefix, Namespace, MetricName }: (typeof FIGURES)[number],
): MetricDataQuery {
	return {
		Id: `${prefix}${index}`,
		MetricStat: {
			Metric: { Namespace, MetricName, Dimensions: [{ Name: 'InstanceId', Value: id }] },
			Period: 60,
			Stat: 'Average',
		},
		ReturnData: true,
	};
}

/** As a share of 1; both figures come in percent. */
function newest(result: MetricDataResult | undefined): { value: number; atMs: number } | undefined {
	const [percent, at] = [result?.Values?.[0], result?.Timestamps?.[0]];
	return percent === undefined || at === undefined ? undefined : { value: percent / 100, atMs: at.getTime() };
}
