/** EC2 Auto Scaling, as far as Ballast uses it. The types are the SDK's own; so the compiler checks the members too. */
import type * as sdk from '@aws-sdk/client-auto-scaling';
import type { CloudState, FakeGroup, FakeInstance } from './cloud-state.ts';
import { ACCOUNT, type Act, type Operation, page, Refusal } from './operation.ts';

type Out<T> = Omit<T, '$metadata'>;

export const AUTOSCALING: Readonly<Record<string, Operation>> = {
	DescribeAutoScalingGroups(input: sdk.DescribeAutoScalingGroupsCommandInput, { cloud, region }: Act) {
		const state = cloud.view();
		const names = input.AutoScalingGroupNames ?? [];
		const found = state.groups.filter(({ name }) => names.length === 0 || names.includes(name));
		const { items, next } = page(found, input.NextToken, input.MaxRecords ?? 50);
		return {
			AutoScalingGroups: items.map((group) => showGroup(group, state, region)),
			NextToken: next,
		} satisfies Out<sdk.DescribeAutoScalingGroupsCommandOutput>;
	},

	SetDesiredCapacity(input: sdk.SetDesiredCapacityCommandInput, { cloud }: Act) {
		const group = groupNamed(cloud.state, input.AutoScalingGroupName);
		const count = input.DesiredCapacity as number;
		const bound = count > group.max ? `above max value ${group.max}` : `below min value ${group.min}`;
		if (count > group.max || count < group.min)
			throw new Refusal(
				'ValidationError',
				`New SetDesiredCapacity value ${count} is ${bound} for the AutoScalingGroup.`,
			);
		if (count !== group.desired) cloud.changes.push(String(count));
		group.desired = count;
		group.retryAt = 0;
		return undefined;
	},

	TerminateInstanceInAutoScalingGroup(input: sdk.TerminateInstanceInAutoScalingGroupCommandInput, { cloud }: Act) {
		const instance = instanceOf(cloud.state, input.InstanceId);
		const group = groupNamed(cloud.state, instance.group);
		if (instance.lifecycle.startsWith('Terminating'))
			throw new Refusal(
				'ScalingActivityInProgress',
				`Activity is already in progress for instance ${instance.id}. Please wait until it is done.`,
			);
		if (input.ShouldDecrementDesiredCapacity === true) {
			if (group.desired - 1 < group.min)
				throw new Refusal(
					'ValidationError',
					`Currently, desiredSize equals minSize (${group.min}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.`,
				);
			group.desired--;
			cloud.changes.push(`-${instance.id}`);
		}
		cloud.end(instance, 'instance was taken out of service in response to a user request.');
		const activity = cloud.state.activities[0];
		return {
			Activity: {
				ActivityId: activity?.id,
				AutoScalingGroupName: group.name,
				Cause: activity?.cause,
				StartTime: new Date(),
				StatusCode: 'InProgress',
				Progress: 0,
			},
		} satisfies Out<sdk.TerminateInstanceInAutoScalingGroupCommandOutput>;
	},

	SetInstanceHealth(input: sdk.SetInstanceHealthCommandInput, { cloud }: Act) {
		const status = input.HealthStatus;
		if (status !== 'Healthy' && status !== 'Unhealthy')
			throw new Refusal('ValidationError', `Invalid health status: ${status}`);
		instanceOf(cloud.state, input.InstanceId).health = status;
		return undefined;
	},

	SetInstanceProtection(input: sdk.SetInstanceProtectionCommandInput, { cloud }: Act) {
		groupNamed(cloud.state, input.AutoScalingGroupName);
		const ids = input.InstanceIds ?? [];
		if (ids.length > 50) throw new Refusal('ValidationError', 'The number of instance IDs must not exceed 50.');
		const found = ids.map((id) => instanceOf(cloud.state, id));
		for (const instance of found) {
			if (instance.lifecycle !== 'InService')
				throw new Refusal(
					'ValidationError',
					`The instance ${instance.id} is not in InService or EnteringStandby or Standby.`,
				);
		}
		for (const instance of found) instance.protected = input.ProtectedFromScaleIn === true;
		return {};
	},

	DescribeLifecycleHooks(input: sdk.DescribeLifecycleHooksCommandInput, { cloud }: Act) {
		groupNamed(cloud.state, input.AutoScalingGroupName);
		const names = input.LifecycleHookNames ?? [];
		return {
			LifecycleHooks: cloud.state.hooks.filter(
				(hook) =>
					hook.AutoScalingGroupName === input.AutoScalingGroupName &&
					(names.length === 0 || names.includes(hook.LifecycleHookName ?? '')),
			),
		} satisfies Out<sdk.DescribeLifecycleHooksCommandOutput>;
	},

	CompleteLifecycleAction(input: sdk.CompleteLifecycleActionCommandInput, { cloud }: Act) {
		const instance = waiting(cloud.state, input);
		cloud.proceed(instance);
		return {};
	},

	RecordLifecycleActionHeartbeat(input: sdk.RecordLifecycleActionHeartbeatCommandInput, { cloud }: Act) {
		const instance = waiting(cloud.state, input);
		const hook = cloud.state.hooks.find(({ LifecycleHookName }) => LifecycleHookName === input.LifecycleHookName);
		instance.dueAt = Date.now() + (hook?.HeartbeatTimeout ?? 3600) * 1000;
		cloud.state.heartbeats[instance.id] = (cloud.state.heartbeats[instance.id] ?? 0) + 1;
		return {};
	},

	DescribeScalingActivities(input: sdk.DescribeScalingActivitiesCommandInput, { cloud }: Act) {
		const all = cloud.state.activities.filter(({ group }) => group === input.AutoScalingGroupName);
		const { items, next } = page(all, input.NextToken, Math.min(input.MaxRecords ?? 100, 100));
		return {
			Activities: items.map((one) => ({
				ActivityId: one.id,
				AutoScalingGroupName: one.group,
				Description: one.description,
				Cause: one.cause,
				StartTime: new Date(one.startedAt),
				EndTime: one.statusCode === 'InProgress' ? undefined : new Date(one.startedAt),
				StatusCode: one.statusCode,
				StatusMessage: one.statusMessage ?? undefined,
				Progress: 100,
			})),
			NextToken: next,
		} satisfies Out<sdk.DescribeScalingActivitiesCommandOutput>;
	},

	DescribePolicies(input: sdk.DescribePoliciesCommandInput, { cloud }: Act) {
		const all = cloud.state.policies.filter((one) => one.AutoScalingGroupName === input.AutoScalingGroupName);
		const { items, next } = page(all, input.NextToken, input.MaxRecords ?? 50);
		return { ScalingPolicies: items, NextToken: next } satisfies Out<sdk.DescribePoliciesCommandOutput>;
	},

	DescribeScheduledActions(input: sdk.DescribeScheduledActionsCommandInput, { cloud }: Act) {
		const all = cloud.state.scheduled.filter((one) => one.AutoScalingGroupName === input.AutoScalingGroupName);
		const { items, next } = page(all, input.NextToken, input.MaxRecords ?? 50);
		return {
			ScheduledUpdateGroupActions: items,
			NextToken: next,
		} satisfies Out<sdk.DescribeScheduledActionsCommandOutput>;
	},

	DescribeInstanceRefreshes(input: sdk.DescribeInstanceRefreshesCommandInput, { cloud }: Act) {
		groupNamed(cloud.state, input.AutoScalingGroupName);
		const all = cloud.state.refreshes.filter(({ group }) => group === input.AutoScalingGroupName).toReversed();
		const { items, next } = page(all, input.NextToken, input.MaxRecords ?? 50);
		return {
			InstanceRefreshes: items.map((one) => ({
				InstanceRefreshId: one.id,
				AutoScalingGroupName: one.group,
				Status: one.status,
				PercentageComplete: one.status === 'Successful' ? 100 : 0,
			})),
			NextToken: next,
		} satisfies Out<sdk.DescribeInstanceRefreshesCommandOutput>;
	},

	StartInstanceRefresh(input: sdk.StartInstanceRefreshCommandInput, { cloud }: Act) {
		const group = groupNamed(cloud.state, input.AutoScalingGroupName);
		if (cloud.state.refreshes.some((one) => one.group === group.name && one.status !== 'Successful'))
			throw new Refusal(
				'InstanceRefreshInProgress',
				'An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.',
			);
		const wanted = input.DesiredConfiguration?.LaunchTemplate;
		if (group.template !== null && wanted?.Version !== undefined) group.template.version = wanted.Version;
		const id = `08b91cf7-8fa6-48af-b6a6-${String(cloud.state.refreshes.length + 1).padStart(12, '0')}`;
		const version = group.template?.version ?? '1';
		cloud.state.refreshes.push({ id, group: group.name, status: 'InProgress', version });
		return { InstanceRefreshId: id } satisfies Out<sdk.StartInstanceRefreshCommandOutput>;
	},
};

function groupNamed(state: CloudState, name: string | undefined): FakeGroup {
	const found = state.groups.find((group) => group.name === name);
	if (found === undefined)
		throw new Refusal('ValidationError', `AutoScalingGroup name not found - AutoScalingGroup: ${name} not found`);
	return found;
}

function instanceOf(state: CloudState, id: string | undefined): FakeInstance {
	const found = state.instances.find((instance) => instance.id === id);
	if (found === undefined)
		throw new Refusal('ValidationError', `Instance Id not found - No managed instance found for instance ID: ${id}`);
	return found;
}

function waiting(
	state: CloudState,
	input: sdk.RecordLifecycleActionHeartbeatCommandInput | sdk.CompleteLifecycleActionCommandInput,
): FakeInstance {
	groupNamed(state, input.AutoScalingGroupName);
	const hook = state.hooks.some(({ LifecycleHookName }) => LifecycleHookName === input.LifecycleHookName);
	const instance = state.instances.find(({ id }) => id === input.InstanceId);
	if (!hook || instance?.lifecycle !== 'Terminating:Wait')
		throw new Refusal('ValidationError', `No active Lifecycle Action found with instance ID ${input.InstanceId}`);
	return instance;
}

function showGroup(group: FakeGroup, state: CloudState, region: string): sdk.AutoScalingGroup {
	const { template } = group;
	const launch = template === null ? undefined : { LaunchTemplateId: template.id, LaunchTemplateName: template.name };
	return {
		AutoScalingGroupName: group.name,
		AutoScalingGroupARN: `arn:aws:autoscaling:${region}:${ACCOUNT}:autoScalingGroup:1f0d:autoScalingGroupName/${group.name}`,
		LaunchTemplate: launch === undefined ? undefined : { ...launch, Version: template?.version },
		MinSize: group.min,
		MaxSize: group.max,
		DesiredCapacity: group.desired,
		DefaultCooldown: 300,
		AvailabilityZones: [`${region}a`],
		TargetGroupARNs: group.targetGroupArns,
		HealthCheckType: 'EC2',
		HealthCheckGracePeriod: 0,
		CreatedTime: new Date(0),
		SuspendedProcesses: group.suspended.map((ProcessName) => ({ ProcessName, SuspensionReason: 'User suspended' })),
		VPCZoneIdentifier: '',
		NewInstancesProtectedFromScaleIn: false,
		Instances: state.instances
			.filter((instance) => instance.group === group.name)
			.map((instance) => ({
				InstanceId: instance.id,
				InstanceType: instance.type,
				AvailabilityZone: `${region}a`,
				LifecycleState: instance.lifecycle,
				HealthStatus: instance.health,
				ProtectedFromScaleIn: instance.protected,
				LaunchTemplate: launch === undefined ? undefined : { ...launch, Version: instance.templateVersion },
			})),
	};
}
