/** Every action that this adapter calls, as IAM names them; docs/providers-aws.md has the policy for exactly these. */
import type * as autoscaling from '@aws-sdk/client-auto-scaling';
import type * as cloudwatch from '@aws-sdk/client-cloudwatch';
import type * as ec2 from '@aws-sdk/client-ec2';
import type * as elb from '@aws-sdk/client-elastic-load-balancing-v2';

type Act<I, O> = { input: I; output: O };

export interface Actions {
	'autoscaling:CompleteLifecycleAction': Act<
		autoscaling.CompleteLifecycleActionCommandInput,
		autoscaling.CompleteLifecycleActionCommandOutput
	>;
	'autoscaling:DescribeAutoScalingGroups': Act<
		autoscaling.DescribeAutoScalingGroupsCommandInput,
		autoscaling.DescribeAutoScalingGroupsCommandOutput
	>;
	'autoscaling:DescribeInstanceRefreshes': Act<
		autoscaling.DescribeInstanceRefreshesCommandInput,
		autoscaling.DescribeInstanceRefreshesCommandOutput
	>;
	'autoscaling:DescribeLifecycleHooks': Act<
		autoscaling.DescribeLifecycleHooksCommandInput,
		autoscaling.DescribeLifecycleHooksCommandOutput
	>;
	'autoscaling:DescribePolicies': Act<
		autoscaling.DescribePoliciesCommandInput,
		autoscaling.DescribePoliciesCommandOutput
	>;
	'autoscaling:DescribeScalingActivities': Act<
		autoscaling.DescribeScalingActivitiesCommandInput,
		autoscaling.DescribeScalingActivitiesCommandOutput
	>;
	'autoscaling:DescribeScheduledActions': Act<
		autoscaling.DescribeScheduledActionsCommandInput,
		autoscaling.DescribeScheduledActionsCommandOutput
	>;
	'autoscaling:RecordLifecycleActionHeartbeat': Act<
		autoscaling.RecordLifecycleActionHeartbeatCommandInput,
		autoscaling.RecordLifecycleActionHeartbeatCommandOutput
	>;
	'autoscaling:SetDesiredCapacity': Act<
		autoscaling.SetDesiredCapacityCommandInput,
		autoscaling.SetDesiredCapacityCommandOutput
	>;
	'autoscaling:SetInstanceHealth': Act<
		autoscaling.SetInstanceHealthCommandInput,
		autoscaling.SetInstanceHealthCommandOutput
	>;
	'autoscaling:SetInstanceProtection': Act<
		autoscaling.SetInstanceProtectionCommandInput,
		autoscaling.SetInstanceProtectionCommandOutput
	>;
	'autoscaling:StartInstanceRefresh': Act<
		autoscaling.StartInstanceRefreshCommandInput,
		autoscaling.StartInstanceRefreshCommandOutput
	>;
	'autoscaling:TerminateInstanceInAutoScalingGroup': Act<
		autoscaling.TerminateInstanceInAutoScalingGroupCommandInput,
		autoscaling.TerminateInstanceInAutoScalingGroupCommandOutput
	>;
	'cloudwatch:GetMetricData': Act<cloudwatch.GetMetricDataCommandInput, cloudwatch.GetMetricDataCommandOutput>;
	'ec2:CreateLaunchTemplateVersion': Act<
		ec2.CreateLaunchTemplateVersionCommandInput,
		ec2.CreateLaunchTemplateVersionCommandOutput
	>;
	'ec2:DescribeInstanceTypes': Act<ec2.DescribeInstanceTypesCommandInput, ec2.DescribeInstanceTypesCommandOutput>;
	'ec2:DescribeInstances': Act<ec2.DescribeInstancesCommandInput, ec2.DescribeInstancesCommandOutput>;
	'ec2:DescribeLaunchTemplateVersions': Act<
		ec2.DescribeLaunchTemplateVersionsCommandInput,
		ec2.DescribeLaunchTemplateVersionsCommandOutput
	>;
	'elasticloadbalancing:DeregisterTargets': Act<elb.DeregisterTargetsCommandInput, elb.DeregisterTargetsCommandOutput>;
	'elasticloadbalancing:DescribeTargetHealth': Act<
		elb.DescribeTargetHealthCommandInput,
		elb.DescribeTargetHealthCommandOutput
	>;
	'elasticloadbalancing:RegisterTargets': Act<elb.RegisterTargetsCommandInput, elb.RegisterTargetsCommandOutput>;
}

export type Action = keyof Actions;

/** Calls an action. The one way to AWS that the parts of this adapter have. @throws PlatformError */
export type CallAws = <A extends Action>(
	action: A,
	input: Actions[A]['input'],
	signal: AbortSignal,
) => Promise<Actions[A]['output']>;
