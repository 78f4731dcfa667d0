/** What else acts on the group: the platform's own scaling, schedules, a refresh; and the hook of its ends. */
import type { ScalingPolicy, ScheduledUpdateGroupAction } from '@aws-sdk/client-auto-scaling';
import { PlatformError } from '../platform/platform-error.ts';
import type { CallAws } from './actions.ts';
import type { AwsConfig } from './config.ts';

export interface Surroundings {
	/** The platform's own autoscaler, for people; null: none. */
	readonly autoscaler: string | null;
	/** Percent of an instance refresh under way; null: none. */
	readonly refresh: number | null;
	/** Of the hook: until it goes on by itself, ms; null: no hook. */
	readonly heartbeatMs: number | null;
}

/** Pages that are read of each list; more of them would be no other answer. */
const MOST_PAGES = 5;
const UNDER_WAY = /^(?:Pending|InProgress|Baking|RollbackInProgress|Cancelling)$/;

/** @throws PlatformError `not_found` when the hook is not there or is for launches */
export async function lookAround(
	call: CallAws,
	{ group, lifecycleHook }: AwsConfig,
	signal: AbortSignal,
): Promise<Surroundings> {
	const [policies, scheduled, refresh, heartbeatMs] = await Promise.all([
		policiesOf(call, group, signal),
		scheduledOf(call, group, signal),
		refreshOf(call, group, signal),
		lifecycleHook === null ? null : heartbeatOf(call, { group, hook: lifecycleHook }, signal),
	]);
	return { autoscaler: autoscalerOf(policies, scheduled, Date.now()), refresh, heartbeatMs };
}

/** Names what would also set the size; null: nothing. Policies that are switched off do not. */
export function autoscalerOf(
	policies: readonly ScalingPolicy[],
	scheduled: readonly ScheduledUpdateGroupAction[],
	nowMs: number,
): string | null {
	const names = [
		...policies
			.filter((policy) => policy.Enabled !== false && !forecastsOnly(policy))
			.map((policy) => `${kindOf(policy)} \`${policy.PolicyName}\``),
		...scheduled
			.filter(({ EndTime, Recurrence, StartTime }) =>
				EndTime === undefined
					? Recurrence !== undefined || (StartTime?.getTime() ?? nowMs) >= nowMs
					: EndTime.getTime() > nowMs,
			)
			.map(({ ScheduledActionName }) => `scheduled action \`${ScheduledActionName}\``),
	];
	if (names.length === 0) return null;
	return names.length === 1 ? (names[0] as string) : `${names[0]} and ${names.length - 1} more`;
}

function forecastsOnly({ PolicyType, PredictiveScalingConfiguration: predictive }: ScalingPolicy): boolean {
	return PolicyType === 'PredictiveScaling' && predictive?.Mode !== 'ForecastAndScale';
}

function kindOf({ PolicyType }: ScalingPolicy): string {
	if (PolicyType === 'TargetTrackingScaling') return 'target tracking policy';
	if (PolicyType === 'StepScaling') return 'step scaling policy';
	return PolicyType === 'PredictiveScaling' ? 'predictive scaling policy' : 'scaling policy';
}

async function policiesOf(call: CallAws, group: string, signal: AbortSignal): Promise<ScalingPolicy[]> {
	const found: ScalingPolicy[] = [];
	let NextToken: string | undefined;
	for (let at = 0; at < MOST_PAGES; at++) {
		const answer = await call('autoscaling:DescribePolicies', { AutoScalingGroupName: group, NextToken }, signal);
		found.push(...(answer.ScalingPolicies ?? []));
		NextToken = answer.NextToken || undefined;
		if (NextToken === undefined) break;
	}
	return found;
}

async function scheduledOf(call: CallAws, group: string, signal: AbortSignal): Promise<ScheduledUpdateGroupAction[]> {
	const found: ScheduledUpdateGroupAction[] = [];
	let NextToken: string | undefined;
	for (let at = 0; at < MOST_PAGES; at++) {
		const input = { AutoScalingGroupName: group, NextToken };
		const answer = await call('autoscaling:DescribeScheduledActions', input, signal);
		found.push(...(answer.ScheduledUpdateGroupActions ?? []));
		NextToken = answer.NextToken || undefined;
		if (NextToken === undefined) break;
	}
	return found;
}

/** The newest come first. */
async function refreshOf(call: CallAws, group: string, signal: AbortSignal): Promise<number | null> {
	const input = { AutoScalingGroupName: group, MaxRecords: 5 };
	const { InstanceRefreshes: all = [] } = await call('autoscaling:DescribeInstanceRefreshes', input, signal);
	const running = all.find(({ Status }) => UNDER_WAY.test(Status ?? ''));
	return running === undefined ? null : (running.PercentageComplete ?? 0);
}

async function heartbeatOf(
	call: CallAws,
	{ group, hook }: { group: string; hook: string },
	signal: AbortSignal,
): Promise<number> {
	const input = { AutoScalingGroupName: group, LifecycleHookNames: [hook] };
	const { LifecycleHooks: found = [] } = await call('autoscaling:DescribeLifecycleHooks', input, signal);
	const one = found.find(({ LifecycleHookName }) => LifecycleHookName === hook);
	if (one === undefined) throw new PlatformError('not_found', `group ${group} has no lifecycle hook \`${hook}\``);
	if (one.LifecycleTransition !== 'autoscaling:EC2_INSTANCE_TERMINATING')
		throw new PlatformError(
			'not_found',
			`lifecycle hook \`${hook}\` is for ${one.LifecycleTransition}, not for autoscaling:EC2_INSTANCE_TERMINATING`,
		);
	return (one.HeartbeatTimeout ?? 3600) * 1000;
}
