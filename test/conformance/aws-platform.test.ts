/** The AWS provider against the fake: how many there are, how they end, what is in the way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, running, soon } from '../fakes/aws/testing-aws.ts';

const HOOK = {
	AutoScalingGroupName: 'api',
	LifecycleHookName: 'drain',
	LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
	HeartbeatTimeout: 3600,
} as const;

test('a group grows to its size, and its members get addresses', async (it) => {
	const { fake, platform, until } = await bench(it);
	assert.deepEqual((await platform.group(soon())).members, []);
	await platform.setDesired(3, soon());
	const seen = await until((group) => running(group) === 3);
	assert.deepEqual(
		[seen.desired, seen.min, seen.max, seen.autoscaler, seen.busy, seen.failure],
		[3, 0, 10, null, null, null],
	);
	assert.deepEqual(
		seen.members.map(({ host, port }) => `${host}:${port}`),
		['10.0.0.1:8080', '10.0.0.2:8080', '10.0.0.3:8080'],
	);
	assert.ok(seen.members.every(({ startedAt }) => Date.now() - startedAt < 10_000));
	assert.deepEqual(fake.violations, []);
});

test('the address that requests go to can be the public one or IPv6', async (it) => {
	for (const [address, host] of [
		['public', '203.0.113.1'],
		['ipv6', '2001:db8::1'],
	] as const) {
		const { until } = await bench(it, { group: { desired: 1 }, config: { address } });
		const { members } = await until((group) => running(group) === 1);
		assert.deepEqual(
			members.map((member) => member.host),
			[host],
		);
	}
});

test('the same size twice is no change, one outside of the bounds is refused in the words of AWS', async (it) => {
	const { fake, platform, until } = await bench(it, { group: { desired: 2, min: 1, max: 4 } });
	await until((group) => running(group) === 2);
	await platform.setDesired(2, soon());
	assert.equal((await platform.group(soon())).members.length, 2);
	await assert.rejects(platform.setDesired(5, soon()), {
		fault: 'bad_request',
		message: /New SetDesiredCapacity value 5 is above max value 4 for the AutoScalingGroup/,
	});
	assert.equal(fake.cloud.state.groups[0]?.desired, 2);
});

test('members that are removed go, and the size falls by as many', async (it) => {
	const { fake, platform, until } = await bench(it, { group: { desired: 4 }, times: { endMs: 500 } });
	const { members } = await until((group) => running(group) === 4);
	const [one, two] = members.map(({ id }) => id) as [string, string];
	await platform.remove([one, two], soon());
	const seen = await platform.group(soon());
	assert.equal(seen.desired, 2);
	assert.deepEqual(
		seen.members.filter(({ life }) => life === 'leaving').map(({ id }) => id),
		[one, two],
	);
	await until((group) => group.members.length === 2);
	await platform.remove([one, 'i-00000000000000bad'], soon());
	assert.equal((await platform.group(soon())).desired, 2);
	assert.equal(fake.cloud.state.groups[0]?.desired, 2);
	assert.deepEqual(fake.violations, []);
});

test('of several removals one fails: the others are done, and the failure is told', async (it) => {
	const { fake, platform, until } = await bench(it, { group: { desired: 3, min: 1 } });
	const { members } = await until((group) => running(group) === 3);
	const ids = members.map(({ id }) => id);
	await assert.rejects(platform.remove(ids, soon()), {
		fault: 'bad_request',
		message: /desiredSize equals minSize \(1\)/,
	});
	assert.equal((await until((group) => group.members.length === 1)).desired, 1);
	assert.equal(fake.cloud.state.groups[0]?.desired, 1);
});

test('what AWS does not show yet is not done twice', async (it) => {
	const { fake, platform, until } = await bench(it, { group: { desired: 4 } });
	const { members } = await until((group) => running(group) === 4);
	const [one] = members.map(({ id }) => id) as [string];
	fake.cloud.lagMs = 300;
	await platform.remove([one], soon());
	const stale = await platform.group(soon());
	assert.equal(stale.desired, 3, 'the size that was written counts');
	assert.equal(stale.members.find(({ id }) => id === one)?.life, 'leaving');
	assert.equal(running(stale), 3);
	await platform.remove([one], soon());
	assert.equal(fake.count('autoscaling:TerminateInstanceInAutoScalingGroup'), 1);
	await until((group) => group.members.length === 3);
	assert.equal(fake.cloud.state.groups[0]?.desired, 3);
});

test('a set size that AWS does not show yet counts, another hand that changes it later does too', async (it) => {
	const { fake, platform, until } = await bench(it, { group: { desired: 1 } });
	await until((group) => running(group) === 1);
	fake.cloud.lagMs = 200;
	await platform.setDesired(3, soon());
	assert.equal((await platform.group(soon())).desired, 3);
	await until((group) => running(group) === 3);
	const group = fake.cloud.state.groups[0];
	assert.ok(group !== undefined);
	group.desired = 2;
	await until((seen) => seen.desired === 2);
});

test('an instance that the platform ends waits in the hook until it is drained', async (it) => {
	const { fake, platform, until } = await bench(it, { group: { desired: 2 }, config: { lifecycleHook: 'drain' } });
	fake.cloud.state.hooks.push(HOOK);
	const { members } = await until((group) => running(group) === 2);
	await platform.setDesired(1, soon());
	const seen = await until((group) => group.members.some(({ note }) => note.includes('lifecycle hook')));
	const leaving = seen.members.filter(({ life }) => life === 'leaving');
	assert.equal(leaving.length, 1);
	const id = leaving[0]?.id ?? '';
	assert.ok(members.some((member) => member.id === id));
	await new Promise((resolve) => setTimeout(resolve, 60));
	assert.ok(
		(await platform.group(soon())).members.some((member) => member.id === id),
		'it goes only when it is let go',
	);
	await platform.remove([id], soon());
	const left = await until((group) => group.members.length === 1);
	assert.equal(left.desired, 1);
	assert.equal(fake.count('autoscaling:TerminateInstanceInAutoScalingGroup'), 0);
	assert.deepEqual(fake.violations, []);
});

test('a long drain is held by heartbeats', async (it) => {
	const { fake, platform, until } = await bench(it, { group: { desired: 1 }, config: { lifecycleHook: 'drain' } });
	fake.cloud.state.hooks.push({ ...HOOK, HeartbeatTimeout: 0.9 });
	await until((group) => running(group) === 1);
	await platform.setDesired(0, soon());
	const seen = await until(() => Object.values(fake.cloud.state.heartbeats).some((beats) => beats >= 2));
	await platform.remove(
		seen.members.map(({ id }) => id),
		soon(),
	);
	await until((group) => group.members.length === 0);
});

test('an instance that we end passes its hook at once: it was drained before', async (it) => {
	const { fake, platform, until } = await bench(it, { group: { desired: 2 }, config: { lifecycleHook: 'drain' } });
	fake.cloud.state.hooks.push(HOOK);
	const { members } = await until((group) => running(group) === 2);
	await platform.remove([members[0]?.id ?? ''], soon());
	await until((group) => group.members.length === 1);
	assert.equal(fake.count('autoscaling:CompleteLifecycleAction'), 1);
});

test('an instance that is drained before it comes to its hook passes it too', async (it) => {
	const { fake, platform, until } = await bench(it, { group: { desired: 1 }, config: { lifecycleHook: 'drain' } });
	fake.cloud.state.hooks.push(HOOK);
	await until((group) => running(group) === 1);
	const [instance] = fake.cloud.state.instances;
	assert.ok(instance !== undefined);
	fake.cloud.state.groups.forEach((group) => {
		group.desired = 0;
	});
	Object.assign(instance, { lifecycle: 'Terminating', dueAt: Date.now() + 200 });
	const seen = await platform.group(soon());
	assert.deepEqual(
		seen.members.map(({ life, note }) => [life, note]),
		[['leaving', 'the group ends it']],
	);
	platform.drained(instance.id);
	await until((group) => group.members.length === 0);
	assert.equal(fake.count('autoscaling:CompleteLifecycleAction'), 1);
});

test('a hook that is not there, or is for launches, is refused', async (it) => {
	const { fake, platform } = await bench(it, { config: { lifecycleHook: 'drain' } });
	await assert.rejects(platform.group(soon()), { fault: 'not_found', message: /has no lifecycle hook `drain`/ });
	fake.cloud.state.hooks.push({ ...HOOK, LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING' });
	await assert.rejects(platform.group(soon()), {
		fault: 'not_found',
		message: /not for autoscaling:EC2_INSTANCE_TERM/,
	});
});

test('an instance in standby takes no requests and is not ended; the warm pool is left out', async (it) => {
	const { fake, group, platform, until } = await bench(it, { group: { desired: 3 } });
	await until((seen) => running(seen) === 3);
	const [one, two] = fake.cloud.state.instances;
	assert.ok(one !== undefined && two !== undefined);
	Object.assign(one, { lifecycle: 'Standby' });
	Object.assign(two, { lifecycle: 'Warmed:Stopped' });
	group.desired = 1;
	const { members } = await platform.group(soon());
	assert.deepEqual(
		members.map(({ life, note }) => [life, note]),
		[
			['leaving', 'in standby'],
			['running', ''],
		],
	);
	await platform.remove([one.id], soon());
	assert.equal(one.lifecycle, 'Standby');
	assert.equal(fake.count('autoscaling:TerminateInstanceInAutoScalingGroup'), 0);
});

test('no capacity: the size stays, and the failure says it in the words of AWS, until it comes', async (it) => {
	const { fake, platform, until } = await bench(it, { group: { desired: 1 }, times: { retryMs: 30 } });
	await until((group) => running(group) === 1);
	fake.cloud.capacity = 2;
	await platform.setDesired(4, soon());
	const seen = await until((group) => running(group) === 2 && (group.failure ?? null) !== null);
	assert.equal(seen.desired, 4);
	assert.equal(seen.failure?.fault, 'capacity');
	assert.match(seen.failure?.message ?? '', /^We currently do not have sufficient m6i\.large capacity/);
	assert.match(seen.busy ?? '', /^2 starting/);
	fake.cloud.capacity = 10;
	assert.equal((await until((group) => running(group) === 4)).failure, null);
});

test('launches that are suspended are told', async (it) => {
	const { platform } = await bench(it, { group: { desired: 1, suspended: ['Launch'] } });
	const { failure } = await platform.group(soon());
	assert.match(failure?.message ?? '', /process Launch of the group is suspended: User suspended/);
});

test("the platform's own autoscaler is named, one that is off is not", async (it) => {
	for (const [policy, expected] of [
		[{ PolicyType: 'TargetTrackingScaling', PolicyName: 'cpu-60', Enabled: true }, 'target tracking policy `cpu-60`'],
		[{ PolicyType: 'StepScaling', PolicyName: 'steps' }, 'step scaling policy `steps`'],
		[{ PolicyType: 'StepScaling', PolicyName: 'steps', Enabled: false }, null],
		[
			{
				PolicyType: 'PredictiveScaling',
				PolicyName: 'p',
				PredictiveScalingConfiguration: { MetricSpecifications: [], Mode: 'ForecastOnly' },
			},
			null,
		],
		[
			{
				PolicyType: 'PredictiveScaling',
				PolicyName: 'p',
				PredictiveScalingConfiguration: { MetricSpecifications: [], Mode: 'ForecastAndScale' },
			},
			'predictive scaling policy `p`',
		],
	] as const) {
		const { fake, platform } = await bench(it);
		fake.cloud.state.policies.push({ AutoScalingGroupName: 'api', ...structuredClone(policy) } as never);
		assert.equal((await platform.group(soon())).autoscaler, expected);
		assert.deepEqual(fake.violations, []);
	}
	const { fake, platform } = await bench(it);
	fake.cloud.state.scheduled.push(
		{ AutoScalingGroupName: 'api', ScheduledActionName: 'night', Recurrence: '0 22 * * *' },
		{ AutoScalingGroupName: 'api', ScheduledActionName: 'day', Recurrence: '0 6 * * *' },
		{ AutoScalingGroupName: 'api', ScheduledActionName: 'past', Recurrence: '0 6 * * *', EndTime: new Date(0) },
	);
	assert.equal((await platform.group(soon())).autoscaler, 'scheduled action `night` and 1 more');
});
