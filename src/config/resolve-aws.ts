/** Instances of an Auto Scaling group: what a file says of them, and what contradicts itself. */
import type { AwsConfig, AwsInput } from '../instances/aws/config.ts';
import type { Place } from './scope.ts';

export function resolveAws(input: AwsInput, place: Place): AwsConfig {
	const { targetGroups = [] } = input;
	const config: AwsConfig = {
		kind: 'aws',
		group: input.aws,
		region: input.region,
		port: input.port,
		address: input.address ?? 'private',
		targetGroups: typeof targetGroups === 'string' ? [targetGroups] : targetGroups,
		lifecycleHook: input.lifecycleHook ?? null,
		instanceTypes: input.instanceTypes ?? [],
		protect: input.protect ?? false,
		profile: input.profile ?? null,
		endpoint: input.endpoint ?? null,
	};
	check(config, place);
	return config;
}

function check(config: AwsConfig, place: Place): void {
	for (const arn of config.targetGroups) {
		const region = arn.split(':')[3];
		if (region === config.region) continue;
		const message = `expected a target group of ${config.region}, where the group is; this one is of ${region}`;
		place.at('targetGroups').problem(message, { value: arn, related: [place.at('region').path] });
	}
	if (new Set(config.targetGroups).size !== config.targetGroups.length)
		place.at('targetGroups').problem('expected each target group once');
	if (config.instanceTypes.length > 0 && config.lifecycleHook === null)
		place
			.at('instanceTypes')
			.problem(
				'expected `lifecycleHook` beside it: instances of the old size are drained in it, and would be cut off without',
				{ at: 'key' },
			);
}

/** As a person would write it. */
export function awsAsWritten(config: AwsConfig): Record<string, unknown> {
	const { group, region, port, address, targetGroups, lifecycleHook, instanceTypes, protect, profile, endpoint } =
		config;
	return {
		aws: group,
		region,
		port,
		address,
		...(targetGroups.length === 0 ? {} : { targetGroups }),
		...(lifecycleHook === null ? {} : { lifecycleHook }),
		...(instanceTypes.length === 0 ? {} : { instanceTypes }),
		protect,
		...(profile === null ? {} : { profile }),
		...(endpoint === null ? {} : { endpoint }),
	};
}
