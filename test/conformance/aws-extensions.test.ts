/** The AWS provider against the fake: target groups, health, figures, other sizes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlatformError } from '../../src/instances/platform/platform-error.ts';
import { bench, running, soon } from '../fakes/aws/testing-aws.ts';

const ARN = 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/api/6d0ecf831eec9f09';
const HOOK = {
	AutoScalingGroupName: 'api',
	LifecycleHookName: 'drain',
	LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
	HeartbeatTimeout: 3600,
} as const;

test('target groups: members are registered, their health is read, who leaves is deregistered', async (it) => {
	const { fake, platform, until } = await bench(it, { group: { desired: 2 }, config: { targetGroups: [ARN] } });
	fake.cloud.state.targets[ARN] = [];
	const { members } = await until(
		(group) => group.members.length === 2 && group.members.every(({ ready }) => ready === true),
	);
	const targets = fake.cloud.state.targets[ARN] ?? [];
	assert.deepEqual(
		targets.map(({ id, port }) => [id, port]),
		members.map(({ id }) => [id, 8080]),
	);
	(targets[0] as { state: string }).state = 'unhealthy';
	const sick = await platform.group(soon());
	assert.deepEqual(
		sick.members.map(({ ready }) => ready),
		[false, true],
	);
	await platform.remove([members[1]?.id ?? ''], soon());
	assert.deepEqual(
		fake.cloud.state.targets[ARN]?.map(({ id }) => id),
		[members[0]?.id],
	);
	assert.deepEqual(fake.violations, []);
});

test('a target group that the group itself is attached to is only read', async (it) => {
	const { fake, platform, until } = await bench(it, {
		group: { desired: 1, targetGroupArns: [ARN] },
		config: { targetGroups: [ARN] },
	});
	fake.cloud.state.targets[ARN] = [];
	const { members } = await until((group) => group.members.length === 1 && group.members[0]?.ready === true);
	await platform.remove([members[0]?.id ?? ''], soon());
	await until((group) => group.members.length === 0);
	assert.equal(fake.count('elasticloadbalancing:RegisterTargets'), 0);
	assert.equal(fake.count('elasticloadbalancing:DeregisterTargets'), 0);
});

test('an instance that probes find dead is reported, and the group replaces it', async (it) => {
	const { fake, platform, until } = await bench(it, { group: { desired: 2 } });
	const { members } = await until((group) => running(group) === 2);
	const dead = members[0]?.id ?? '';
	await platform.reportUnhealthy(dead, 'no answer for 30 s', soon());
	const seen = await until((group) => running(group) === 2 && group.members.every(({ id }) => id !== dead));
	assert.equal(seen.desired, 2);
	await platform.reportUnhealthy(dead, 'no answer for 30 s', soon());
	assert.deepEqual(fake.violations, []);
});

test('members are protected from scale-in where that is wanted', async (it) => {
	const { fake, until } = await bench(it, { group: { desired: 2 }, config: { protect: true } });
	await until(
		() => fake.cloud.state.instances.length === 2 && fake.cloud.state.instances.every((one) => one.protected),
	);
	assert.equal(fake.count('autoscaling:SetInstanceProtection'), 1);
	assert.deepEqual(fake.violations, []);
});

test('CPU and memory come from CloudWatch, the newest figure of each, and are not asked for each time', async (it) => {
	const { fake, platform } = await bench(it);
	const now = Date.now();
	fake.metrics.add('AWS/EC2|CPUUtilization|i-1', { atMs: now - 360_000, value: 90 });
	fake.metrics.add('AWS/EC2|CPUUtilization|i-1', { atMs: now - 60_000, value: 42.5 });
	fake.metrics.add('CWAgent|mem_used_percent|i-1', { atMs: now - 120_000, value: 61 });
	fake.metrics.add('AWS/EC2|CPUUtilization|i-2', { atMs: now - 60_000, value: 5 });
	fake.metrics.add('AWS/EC2|CPUUtilization|i-3', { atMs: now - 3_600_000, value: 5 });
	const usage = await platform.usage(['i-1', 'i-2', 'i-3'], soon());
	const unknown = { cores: null, memoryBytes: null, given: null };
	assert.deepEqual(
		[...usage],
		[
			['i-1', { cpu: 0.425, memory: 0.61, ...unknown, atMs: now - 60_000 }],
			['i-2', { cpu: 0.05, memory: null, ...unknown, atMs: now - 60_000 }],
		],
	);
	await platform.usage(['i-1', 'i-2', 'i-3'], soon());
	assert.equal(fake.count('cloudwatch:GetMetricData'), 1);
	const many = Array.from({ length: 600 }, (_, at) => `i-${at + 10}`);
	await platform.usage(many, soon());
	assert.equal(fake.count('cloudwatch:GetMetricData'), 4, 'in parts of 500 queries');
	assert.deepEqual(fake.violations, []);
});

test('what an instance uses in cores and bytes, by what its type has; without the permission shares alone', async (it) => {
	const { fake, platform, until } = await bench(it, { group: { desired: 2 } });
	const { members } = await until((group) => running(group) === 2);
	const ids = members.map(({ id }) => id);
	const measured = { atMs: Date.now() - 60_000 };
	for (const id of ids) {
		fake.metrics.add(`AWS/EC2|CPUUtilization|${id}`, { ...measured, value: 25 });
		fake.metrics.add(`CWAgent|mem_used_percent|${id}`, { ...measured, value: 50 });
	}
	const size = { cpu: 2, memoryBytes: 8 * 1024 ** 3 };
	for (const use of (await platform.usage(ids, soon())).values())
		assert.deepEqual([use.cores, use.memoryBytes, use.given], [0.5, 4 * 1024 ** 3, size]);
	assert.equal(fake.count('ec2:DescribeInstanceTypes'), 1);
	const denied = await bench(it, { group: { desired: 1 } });
	const [other] = (await denied.until((group) => running(group) === 1)).members;
	denied.fake.metrics.add(`AWS/EC2|CPUUtilization|${other?.id}`, { ...measured, value: 25 });
	denied.fake.deny('ec2:DescribeInstanceTypes');
	const [use] = (await denied.platform.usage([other?.id ?? ''], soon())).values();
	assert.deepEqual([use?.cpu, use?.cores, use?.given], [0.25, null, null]);
	assert.deepEqual([...fake.violations, ...denied.fake.violations], []);
});

test('another size: the smallest type that fits, a new version of the template, an instance refresh', async (it) => {
	const config = { lifecycleHook: 'drain', instanceTypes: ['m6i.2xlarge', 'm6i.large', 'm6i.xlarge', 'c6i.xlarge'] };
	const { fake, group, platform } = await bench(it, { group: { desired: 1 }, config });
	fake.cloud.state.hooks.push(HOOK);
	assert.equal(await platform.applySize({ cpu: 2, memoryBytes: 4 * 1024 ** 3 }, soon()), 'same');
	assert.equal(await platform.applySize({ cpu: 3, memoryBytes: 12 * 1024 ** 3 }, soon()), 'rolling');
	assert.deepEqual(fake.cloud.state.templates[group.template?.id ?? '']?.versions, ['m6i.large', 'm6i.xlarge']);
	assert.equal(group.template?.version, '2');
	assert.equal((await platform.group(soon())).busy?.startsWith('an instance refresh is at 0 %'), true);
	await assert.rejects(platform.applySize({ cpu: 8, memoryBytes: null }, soon()), { fault: 'busy' });
	await assert.rejects(platform.applySize({ cpu: 64, memoryBytes: null }, soon()), {
		fault: 'bad_request',
		message: /none of `instanceTypes` \(.*\) has 64 vCPUs/,
	});
	assert.deepEqual(fake.violations, []);
});

test('a new size rolls: one after the other is drained in the hook, the size never falls', async (it) => {
	const config = { lifecycleHook: 'drain', instanceTypes: ['m6i.large', 'm6i.xlarge'] };
	const { fake, platform, until } = await bench(it, { group: { desired: 2 }, config });
	fake.cloud.state.hooks.push(HOOK);
	await until((group) => running(group) === 2);
	assert.equal(await platform.applySize({ cpu: 4, memoryBytes: null }, soon()), 'rolling');
	const drained = new Set<string>();
	let least = 2;
	const done = await until((group) => {
		least = Math.min(least, running(group));
		for (const { id, note } of group.members) {
			if (!note.includes('lifecycle hook') || drained.has(id)) continue;
			drained.add(id);
			void platform.remove([id], soon());
		}
		return drained.size === 2 && group.members.length === 2 && running(group) === 2;
	});
	assert.equal(least, 2);
	assert.equal(done.desired, 2);
	const { instances, refreshes } = fake.cloud.state;
	assert.deepEqual(
		instances.map(({ type }) => type),
		['m6i.xlarge', 'm6i.xlarge'],
	);
	assert.equal(refreshes[0]?.status, 'Successful');
	assert.equal(fake.count('autoscaling:TerminateInstanceInAutoScalingGroup'), 0);
	assert.deepEqual(fake.violations, []);
});

test('another size needs types to choose from, a hook, and a launch template', async (it) => {
	const size = { cpu: 4, memoryBytes: null };
	const none = await bench(it, { config: { lifecycleHook: 'drain' } });
	await assert.rejects(none.platform.applySize(size, soon()), /needs `instanceTypes`/);
	const hookless = await bench(it, { config: { instanceTypes: ['m6i.large'] } });
	await assert.rejects(hookless.platform.applySize(size, soon()), /needs `lifecycleHook`/);
	const config = { lifecycleHook: 'drain', instanceTypes: ['m6i.large'] };
	const bare = await bench(it, { group: { template: null }, config });
	await assert.rejects(bare.platform.applySize(size, soon()), (error) => {
		assert.ok(error instanceof PlatformError);
		return error.fault === 'bad_request' && error.message.includes('has no launch template of its own');
	});
});
