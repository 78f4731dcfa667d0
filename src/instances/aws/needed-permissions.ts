/** What will be needed later, as far as AWS says it beforehand: EC2 takes `DryRun`, Auto Scaling and ELB have none. */
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import type { _InstanceType } from '@aws-sdk/client-ec2';
import type { PermissionsFound } from '../platform/platform.ts';
import { asPlatformError, wordsOf } from '../platform/platform-call.ts';
import type { Action, CallAws } from './actions.ts';
import type { AwsConfig } from './config.ts';

const CREATE = 'ec2:CreateLaunchTemplateVersion';

/** Beside those that the first look has used; `DryRun` of the EC2 one tells. */
export function untestable({ lifecycleHook, instanceTypes, targetGroups, protect }: AwsConfig): Action[] {
	return [
		'autoscaling:SetDesiredCapacity',
		'autoscaling:TerminateInstanceInAutoScalingGroup',
		'autoscaling:SetInstanceHealth',
		...(protect ? (['autoscaling:SetInstanceProtection'] as const) : []),
		...(lifecycleHook === null
			? []
			: (['autoscaling:CompleteLifecycleAction', 'autoscaling:RecordLifecycleActionHeartbeat'] as const)),
		...(instanceTypes.length === 0 ? [] : (['autoscaling:StartInstanceRefresh'] as const)),
		...(targetGroups.length === 0
			? []
			: (['elasticloadbalancing:RegisterTargets', 'elasticloadbalancing:DeregisterTargets'] as const)),
	];
}

export async function findPermissions(
	it: { call: CallAws; config: AwsConfig; group: AutoScalingGroup },
	signal: AbortSignal,
): Promise<PermissionsFound> {
	const { call, config, group } = it;
	const untested: string[] = untestable(config);
	const why = 'AWS tells of them only when they are used';
	const template = group.LaunchTemplate;
	if (config.instanceTypes.length === 0 || template?.LaunchTemplateId === undefined)
		return { missing: [], untested, why };
	const input = {
		DryRun: true,
		LaunchTemplateId: template.LaunchTemplateId,
		SourceVersion: template.Version ?? '$Default',
		LaunchTemplateData: { InstanceType: config.instanceTypes[0] as _InstanceType },
	};
	try {
		await call(CREATE, input, signal);
		// It never says yes in the form of an answer.
		return { missing: [], untested: [...untested, CREATE], why };
	} catch (error) {
		const fault = asPlatformError(error);
		if (fault.fault === 'denied') return { missing: [CREATE], untested, why };
		// “Request would have succeeded, but DryRun flag is set.”
		if (/DryRun/.test(fault.message)) return { missing: [], untested, why };
		return { missing: [], untested: [...untested, CREATE], why: `${why}; ${wordsOf(fault)}` };
	}
}
