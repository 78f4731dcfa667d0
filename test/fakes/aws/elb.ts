/** Elastic Load Balancing v2, as far as Ballast uses it. */
import type * as sdk from '@aws-sdk/client-elastic-load-balancing-v2';
import type { CloudState, FakeTarget } from './cloud-state.ts';
import { type Act, type Operation, Refusal } from './operation.ts';

type Out<T> = Omit<T, '$metadata'>;

const REASONS = {
	initial: 'Elb.RegistrationInProgress',
	unhealthy: 'Target.FailedHealthChecks',
	draining: 'Target.DeregistrationInProgress',
} as const;

export const ELB: Readonly<Record<string, Operation>> = {
	DescribeTargetHealth(input: sdk.DescribeTargetHealthCommandInput, { cloud }: Act) {
		return {
			TargetHealthDescriptions: targetsOf(cloud.view(), input.TargetGroupArn).map((target) => ({
				Target: { Id: target.id, Port: target.port },
				HealthCheckPort: String(target.port),
				TargetHealth:
					target.state === 'healthy' ? { State: 'healthy' } : { State: target.state, Reason: REASONS[target.state] },
			})),
		} satisfies Out<sdk.DescribeTargetHealthCommandOutput>;
	},

	RegisterTargets(input: sdk.RegisterTargetsCommandInput, { cloud }: Act) {
		targetsOf(cloud.state, input.TargetGroupArn);
		for (const { Id, Port } of input.Targets ?? []) {
			if (!cloud.state.instances.some(({ id }) => id === Id))
				throw new Refusal(
					'InvalidTarget',
					`The following targets are not in a running state and cannot be registered: '${Id}'`,
				);
			cloud.register(input.TargetGroupArn ?? '', Id ?? '', Port ?? 80);
		}
		return {};
	},

	DeregisterTargets(input: sdk.DeregisterTargetsCommandInput, { cloud }: Act) {
		const targets = targetsOf(cloud.state, input.TargetGroupArn);
		for (const { Id } of input.Targets ?? []) {
			const at = targets.findIndex(({ id }) => id === Id);
			if (at !== -1) targets.splice(at, 1);
		}
		return {};
	},
};

function targetsOf(state: CloudState, arn: string | undefined): FakeTarget[] {
	const found = state.targets[arn ?? ''];
	if (found === undefined) throw new Refusal('TargetGroupNotFound', `Target groups '${arn}' not found`);
	return found;
}
