/** What will be needed later is asked for beforehand, without an effect; what cannot be asked for is named. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ballast } from '../../src/cli/testing/recorded-terminal.ts';
import { AzurePlatform } from '../../src/instances/azure/azure-platform.ts';
import { grants } from '../../src/instances/azure/needed-permissions.ts';
import { GcpPlatform } from '../../src/instances/gcp/gcp-platform.ts';
import { tellPermissions } from '../../src/instances/platform/missing-permissions.ts';
import type { PermissionsFound } from '../../src/instances/platform/platform.ts';
import { bench, soon } from '../fakes/aws/testing-aws.ts';
import { FakeAzure, RESOURCE_GROUP, SCALE_SET, SUBSCRIPTION } from '../fakes/azure/fake-azure.ts';
import { FakeGcp, GROUP, PROJECT } from '../fakes/gcp/fake-gcp.ts';

const signal = AbortSignal.timeout(30_000);
const TIMES = { size: 1, startMs: 1, endMs: 1 };
const ARN = 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/api/6d0ecf831eec9f09';
const SET = 'Microsoft.Compute/virtualMachineScaleSets';
const OPERATIONS = 'Microsoft.Compute/locations/operations/read';

for (const regional of [false, true]) {
	test(`Google Cloud, ${regional ? 'regional' : 'zonal'}: by Resource Manager`, async () => {
		const fake = new FakeGcp({ ...TIMES, regional });
		await fake.server.listen();
		const names = { kind: 'gcp', group: GROUP, project: PROJECT, place: fake.place, port: 80 } as const;
		const where = { ...names, address: 'internal', endpoint: fake.server.url } as const;
		const open = (machineTypes: string[]) =>
			new GcpPlatform({ ...where, machineTypes }, { tokens: fake.server.tokens });
		try {
			assert.deepEqual(await open(['e2-standard-4']).missingPermissions(signal), {
				missing: [],
				untested: [],
				why: '',
			});
			const operations = `compute.${regional ? 'region' : 'zone'}Operations.get`;
			const lacks = ['compute.instanceGroupManagers.update', operations, 'compute.instanceTemplates.create'];
			for (const one of lacks) fake.server.deny(one);
			assert.deepEqual((await open(['e2-standard-4']).missingPermissions(signal)).missing.toSorted(), lacks.toSorted());
			assert.deepEqual(
				(await open([]).missingPermissions(signal)).missing,
				lacks.slice(0, 2),
				'no sizes, no templates',
			);
			fake.templates.managesProjects = false;
			const unknown = await open([]).missingPermissions(signal);
			assert.deepEqual([unknown.missing, unknown.untested], [[], lacks.slice(0, 2)]);
			assert.match(unknown.why, /Resource Manager API has not been used/);
			assert.deepEqual([fake.group.changes, fake.templates.all.size, fake.server.violations], [[], 1, []]);
		} finally {
			await fake.server.close();
		}
	});
}

test('Azure: by the permissions of the scale set', async () => {
	const fake = new FakeAzure(TIMES);
	await fake.server.listen();
	const names = { scaleSet: SCALE_SET, subscription: SUBSCRIPTION, resourceGroup: RESOURCE_GROUP };
	const config = { kind: 'azure', ...names, port: 80, address: 'private', endpoint: fake.server.url } as const;
	const platform = new AzurePlatform({ ...config, sizes: [] }, { tokens: fake.server.tokens });
	const found = (): Promise<PermissionsFound> => platform.missingPermissions(signal);
	try {
		const why = 'it is a permission of the subscription';
		assert.deepEqual(await found(), { missing: [], untested: [OPERATIONS], why });
		fake.server.deny(`${SET}/delete/action`);
		assert.deepEqual((await found()).missing, [`${SET}/delete/action`]);
		fake.roles = [{ actions: ['Microsoft.Compute/*/read'], notActions: [] }];
		assert.deepEqual((await found()).missing, [`${SET}/write`, `${SET}/delete/action`]);
		fake.roles = [
			{ actions: ['*'], notActions: ['microsoft.compute/*/WRITE'] },
			{ actions: ['MICROSOFT.compute/virtualMachineScaleSets/write'], notActions: [] },
		];
		assert.deepEqual((await found()).missing, [], 'what one role takes away another one gives');
		fake.server.deny('Microsoft.Authorization/permissions/read');
		const unknown = await found();
		assert.deepEqual([unknown.missing, unknown.untested.length], [[], 3]);
		assert.match(unknown.why, /permission needed: Microsoft\.Authorization\/permissions\/read/);
		assert.deepEqual([fake.group.changes, fake.server.violations], [[], []]);
	} finally {
		await fake.server.close();
	}
});

test('Azure: patterns of actions', () => {
	const cases: [string, boolean][] = [
		['*', true],
		['*/write', true],
		['Microsoft.Compute/*', true],
		['Microsoft.Compute/*/write', true],
		['microsoft.compute/virtualmachinescalesets/WRITE', true],
		['*scale*sets*', true],
		['Microsoft.Compute/virtualMachineScaleSets/write*', true],
		['*/read', false],
		['Microsoft.Compute/virtualMachineScaleSets', false],
		['Microsoft.Compute/virtualMachineScaleSets/write/*/write', false],
		['Microsoft.Compute/virtualMachineScaleSets/wr*rite', false],
		['', false],
	];
	for (const [pattern, granted] of cases) {
		assert.equal(grants({ actions: [pattern], notActions: [] }, `${SET}/write`), granted, pattern);
		assert.equal(grants({ actions: ['*'], notActions: [pattern] }, `${SET}/write`), !granted, `not ${pattern}`);
	}
	assert.equal(grants({ actions: [7, null] }, 'a'), false);
});

test('AWS: DryRun where EC2 has it, all others are named', async (it) => {
	const { fake, platform } = await bench(it, {
		config: { targetGroups: [ARN], lifecycleHook: 'drain', instanceTypes: ['m6i.large', 'm6i.xlarge'], protect: true },
	});
	const found = await platform.missingPermissions(soon());
	assert.deepEqual(found.missing, []);
	assert.deepEqual(found.untested.toSorted(), [
		'autoscaling:CompleteLifecycleAction',
		'autoscaling:RecordLifecycleActionHeartbeat',
		'autoscaling:SetDesiredCapacity',
		'autoscaling:SetInstanceHealth',
		'autoscaling:SetInstanceProtection',
		'autoscaling:StartInstanceRefresh',
		'autoscaling:TerminateInstanceInAutoScalingGroup',
		'elasticloadbalancing:DeregisterTargets',
		'elasticloadbalancing:RegisterTargets',
	]);
	const [made, ...more] = fake.calls.filter(({ action }) => action === 'ec2:CreateLaunchTemplateVersion');
	assert.deepEqual([made?.input['DryRun'], made?.status, more], [true, 412, []]);
	fake.deny('ec2:CreateLaunchTemplateVersion');
	assert.deepEqual((await platform.missingPermissions(soon())).missing, ['ec2:CreateLaunchTemplateVersion']);
	const told = await tellPermissions(platform, 20_000, signal);
	assert.match(
		told.missing ?? '',
		/^Auto Scaling group api .* \(permission needed: ec2:CreateLaunchTemplateVersion\)$/,
	);
	assert.match(told.untested ?? '', /shows only when they are needed: autoscaling:SetDesiredCapacity, .* \(AWS tells/);
	assert.ok(Object.values(fake.cloud.state.templates).every(({ versions }) => versions.length === 1));
	assert.deepEqual(fake.violations, []);
});

test('ballast check --live: what is missing is a problem, what cannot be asked for is said', async (it) => {
	const { fake, config } = await bench(it, {});
	const folder = mkdtempSync(join(tmpdir(), 'ballast-permissions-'));
	it.after(() => rmSync(folder, { recursive: true, force: true }));
	const file = join(folder, 'ballast.yaml');
	const { region, profile, endpoint } = config;
	const types = 'lifecycleHook: drain, instanceTypes: [m6i.large]';
	const instances = `{ aws: api, region: ${region}, profile: ${profile}, endpoint: '${endpoint}', port: 80, ${types} }`;
	fake.cloud.state.hooks.push({
		AutoScalingGroupName: 'api',
		LifecycleHookName: 'drain',
		LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
		HeartbeatTimeout: 60,
	});
	const scale = '{ min: 1, max: 9, perInstance: { inFlight: 10 } }';
	writeFileSync(file, `services: { videos: { instances: ${instances}, scale: ${scale} } }\n`);
	const ok = await ballast(['check', file, '--live']);
	assert.deepEqual([ok.code, ok.err], [0, '']);
	assert.match(
		ok.out,
		/ running\nvideos: Auto Scaling group api in .*: whether these are permitted shows only when they are needed: .*\n$/,
	);
	fake.deny('ec2:CreateLaunchTemplateVersion');
	const wrong = await ballast(['check', file, '--live', '--json']);
	assert.equal(wrong.code, 1);
	const [{ problems, notes }] = JSON.parse(wrong.out).platforms;
	assert.deepEqual([problems.length, notes.length], [1, 1]);
	assert.match(problems[0], /\(permission needed: ec2:CreateLaunchTemplateVersion\)$/);
});
