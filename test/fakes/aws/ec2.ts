/** EC2, as far as Ballast uses it. */
import type * as sdk from '@aws-sdk/client-ec2';
import type { Lifecycle } from './cloud-state.ts';
import { ACCOUNT, type Act, type Operation, page, Refusal } from './operation.ts';

type Out<T> = Omit<T, '$metadata'>;

/** vCPU and memory of the types that the fake has, MiB; as AWS publishes them. */
const TYPES: Readonly<Record<string, readonly [number, number]>> = {
	't3.small': [2, 2048],
	'm6i.large': [2, 8192],
	'm6i.xlarge': [4, 16_384],
	'c6i.xlarge': [4, 8192],
	'm6i.2xlarge': [8, 32_768],
};

export const EC2: Readonly<Record<string, Operation>> = {
	DescribeInstances(input: sdk.DescribeInstancesCommandInput, { cloud, region }: Act) {
		const { instances, ended } = cloud.view();
		const ids = input.InstanceIds ?? [];
		if (ids.length > 0 && input.MaxResults !== undefined)
			throw new Refusal(
				'InvalidParameterCombination',
				'The parameter instancesSet cannot be used with the parameter maxResults',
			);
		const all = [...instances, ...ended];
		const unknown = ids.find((id) => !all.some((one) => one.id === id));
		if (unknown !== undefined)
			throw new Refusal('InvalidInstanceID.NotFound', `The instance ID '${unknown}' does not exist`);
		const filtered = (input.Filters ?? []).reduce((left, filter) => {
			if (filter.Name !== 'instance-id')
				throw new Refusal('InvalidParameterValue', `The filter '${filter.Name}' is invalid`);
			return left.filter(({ id }) => (filter.Values ?? []).includes(id));
		}, all);
		const found = filtered.filter(({ id }) => ids.length === 0 || ids.includes(id));
		const { items, next } = page(found, input.NextToken, input.MaxResults ?? 1000);
		return {
			Reservations: items.map((one) => {
				const gone = ended.includes(one);
				return {
					ReservationId: `r-${one.id.slice(2)}`,
					OwnerId: ACCOUNT,
					Instances: [
						{
							InstanceId: one.id,
							InstanceType: one.type as sdk._InstanceType,
							LaunchTime: new Date(one.launchedAt),
							State: gone ? { Code: 48, Name: 'terminated' } : stateOf(one.lifecycle),
							PrivateIpAddress: gone ? undefined : one.privateIp,
							PublicIpAddress: gone ? undefined : (one.publicIp ?? undefined),
							Ipv6Address: gone ? undefined : (one.ipv6 ?? undefined),
							Placement: { AvailabilityZone: `${region}a` },
						},
					],
				};
			}),
			NextToken: next,
		} satisfies Out<sdk.DescribeInstancesCommandOutput>;
	},

	DescribeInstanceTypes(input: sdk.DescribeInstanceTypesCommandInput) {
		const types = input.InstanceTypes ?? [];
		const unknown = types.filter((type) => TYPES[type] === undefined);
		if (unknown.length > 0)
			throw new Refusal(
				'InvalidInstanceType',
				`The following supplied instance types do not exist: [${unknown.join(', ')}]`,
			);
		return {
			InstanceTypes: types.map((type) => {
				const [cpus, memory] = TYPES[type] as readonly [number, number];
				return { InstanceType: type, VCpuInfo: { DefaultVCpus: cpus }, MemoryInfo: { SizeInMiB: memory } };
			}),
		} satisfies Out<sdk.DescribeInstanceTypesCommandOutput>;
	},

	DescribeLaunchTemplateVersions(input: sdk.DescribeLaunchTemplateVersionsCommandInput, { cloud }: Act) {
		const template = templateOf(cloud.state.templates, input.LaunchTemplateId);
		return {
			LaunchTemplateVersions: (input.Versions ?? []).map((asked) => {
				const number = asked === '$Latest' ? template.versions.length : asked === '$Default' ? 1 : Number(asked);
				const type = template.versions[number - 1];
				if (type === undefined)
					throw new Refusal(
						'InvalidLaunchTemplateId.VersionNotFound',
						`Could not find launch template version ${asked}`,
					);
				return {
					LaunchTemplateId: input.LaunchTemplateId,
					VersionNumber: number,
					LaunchTemplateData: { InstanceType: type as sdk._InstanceType },
				};
			}),
		} satisfies Out<sdk.DescribeLaunchTemplateVersionsCommandOutput>;
	},

	CreateLaunchTemplateVersion(input: sdk.CreateLaunchTemplateVersionCommandInput, { cloud }: Act) {
		if (input.DryRun === true)
			throw new Refusal('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
		const template = templateOf(cloud.state.templates, input.LaunchTemplateId);
		const token = input.ClientToken ?? '';
		let number = template.tokens[token];
		if (number === undefined) {
			template.versions.push(input.LaunchTemplateData?.InstanceType ?? template.versions[0] ?? '');
			number = template.versions.length;
			if (token !== '') template.tokens[token] = number;
		}
		return {
			LaunchTemplateVersion: { LaunchTemplateId: input.LaunchTemplateId, VersionNumber: number },
		} satisfies Out<sdk.CreateLaunchTemplateVersionCommandOutput>;
	},
};

function templateOf<T>(templates: Record<string, T>, id: string | undefined): T {
	const found = templates[id ?? ''];
	if (found === undefined)
		throw new Refusal(
			'InvalidLaunchTemplateId.NotFound',
			`The specified launch template, with template ID ${id}, does not exist.`,
		);
	return found;
}

function stateOf(lifecycle: Lifecycle): sdk.InstanceState {
	if (lifecycle === 'Pending') return { Code: 0, Name: 'pending' };
	if (lifecycle === 'Terminating:Proceed') return { Code: 32, Name: 'shutting-down' };
	return { Code: 16, Name: 'running' };
}
