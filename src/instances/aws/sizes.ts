/** Another instance type for the group: a new version of its launch template, rolled out by an instance refresh. */
import { createHash } from 'node:crypto';
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import type { _InstanceType } from '@aws-sdk/client-ec2';
import { filledUp, fittingType, sizeInWords, type TypeFacts } from '../platform/fitting-type.ts';
import type { MemberSize, SizeApplied } from '../platform/platform.ts';
import { PlatformError } from '../platform/platform-error.ts';
import type { CallAws } from './actions.ts';
import type { AwsConfig } from './config.ts';

const MIB = 1024 * 1024;

/** vCPUs for cores. @throws PlatformError */
export async function applySize(
	it: { call: CallAws; config: AwsConfig; group: AutoScalingGroup },
	wanted: MemberSize,
	signal: AbortSignal,
): Promise<SizeApplied> {
	const { call, config, group } = it;
	const template = templateOf(config, group);
	const [types, current] = await Promise.all([
		typesOf(call, config.instanceTypes, signal),
		typeOfVersion(call, template, signal),
	]);
	const fitting = fittingType(
		types,
		filledUp(
			wanted,
			types.find(({ type }) => type === current),
		),
	);
	if (fitting === undefined)
		throw new PlatformError(
			'bad_request',
			`none of \`instanceTypes\` (${config.instanceTypes.join(', ')}) has ${sizeInWords(wanted)}`,
		);
	if (fitting.type === current) return 'same';
	const version = await newVersion(call, { ...template, type: fitting.type }, signal);
	await call(
		'autoscaling:StartInstanceRefresh',
		{
			AutoScalingGroupName: config.group,
			DesiredConfiguration: { LaunchTemplate: { LaunchTemplateId: template.id, Version: version } },
			// New ones first, then the old ones go: the size never falls below what it is.
			Preferences: { MinHealthyPercentage: 100, MaxHealthyPercentage: 110, SkipMatching: true },
		},
		signal,
	);
	return 'rolling';
}

interface Template {
	readonly id: string;
	readonly version: string;
}

function templateOf(config: AwsConfig, group: AutoScalingGroup): Template {
	if (config.instanceTypes.length === 0)
		throw new PlatformError('bad_request', 'a size needs `instanceTypes` to choose from');
	if (config.lifecycleHook === null)
		throw new PlatformError(
			'bad_request',
			'a size needs `lifecycleHook`: an instance refresh would cut the old instances off while they answer',
		);
	const { LaunchTemplateId: id, Version: version } = group.LaunchTemplate ?? {};
	if (id === undefined)
		throw new PlatformError(
			'bad_request',
			`group ${config.group} has no launch template of its own (a mixed instances policy or a launch configuration)`,
		);
	return { id, version: version ?? '$Default' };
}

/** Of those that AWS knows, in this order. @throws PlatformError */
export async function typesOf(
	call: CallAws,
	instanceTypes: readonly string[],
	signal: AbortSignal,
): Promise<TypeFacts[]> {
	const input = { InstanceTypes: [...instanceTypes] as _InstanceType[] };
	const { InstanceTypes: found = [] } = await call('ec2:DescribeInstanceTypes', input, signal);
	const facts = new Map(
		found.map((one) => [
			String(one.InstanceType),
			{ cpu: one.VCpuInfo?.DefaultVCpus ?? 0, memoryBytes: (one.MemoryInfo?.SizeInMiB ?? 0) * MIB },
		]),
	);
	return instanceTypes.flatMap((type) => {
		const one = facts.get(type);
		return one === undefined ? [] : [{ type, ...one }];
	});
}

async function typeOfVersion(call: CallAws, { id, version }: Template, signal: AbortSignal): Promise<string | null> {
	const input = { LaunchTemplateId: id, Versions: [version] };
	const answer = await call('ec2:DescribeLaunchTemplateVersions', input, signal);
	return answer.LaunchTemplateVersions?.[0]?.LaunchTemplateData?.InstanceType ?? null;
}

/** The same token for the same change: one that is tried again makes no second version. */
async function newVersion(
	call: CallAws,
	{ id, version, type }: Template & { type: string },
	signal: AbortSignal,
): Promise<string> {
	const input = {
		LaunchTemplateId: id,
		SourceVersion: version,
		ClientToken: createHash('sha256').update(`${id} ${version} ${type}`).digest('hex').slice(0, 64),
		VersionDescription: `ballast: ${type}`,
		LaunchTemplateData: { InstanceType: type as _InstanceType },
	};
	const { LaunchTemplateVersion: made } = await call('ec2:CreateLaunchTemplateVersion', input, signal);
	if (made?.VersionNumber === undefined)
		throw new PlatformError('bad_request', `launch template ${id} got no new version`);
	return String(made.VersionNumber);
}
