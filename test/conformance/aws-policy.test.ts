/** The policy of docs/providers-aws.md is exactly what the provider calls: no action less, none more. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bench, soon } from '../fakes/aws/testing-aws.ts';

const ARN = 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/api/6d0ecf831eec9f09';
const root = join(import.meta.dirname, '..', '..');

interface Policy {
	Statement: { Effect: string; Action: string[] }[];
}

function documented(): string[] {
	const page = readFileSync(join(root, 'docs', 'providers-aws.md'), 'utf8');
	const json = /```json\n(.*?)```/s.exec(page)?.[1] ?? '';
	return (JSON.parse(json) as Policy).Statement.flatMap(({ Action }) => Action).sort();
}

test('all that the provider can do calls exactly the actions of the documented policy', async (it) => {
	const { fake, platform, until } = await bench(it, {
		group: { desired: 1 },
		times: { retryMs: 5 },
		config: { targetGroups: [ARN], lifecycleHook: 'drain', instanceTypes: ['m6i.large', 'm6i.xlarge'], protect: true },
	});
	fake.cloud.state.targets[ARN] = [];
	fake.cloud.state.hooks.push({
		AutoScalingGroupName: 'api',
		LifecycleHookName: 'drain',
		LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
		HeartbeatTimeout: 1,
	});
	fake.cloud.capacity = 2;
	await platform.setDesired(3, soon());
	await until((group) => (group.failure ?? null) !== null);
	fake.cloud.capacity = 10;
	const { members } = await until(
		(group) =>
			group.members.filter(({ ready }) => ready === true).length === 3 &&
			fake.count('autoscaling:SetInstanceProtection') > 0,
	);
	await platform.usage([members[0]?.id ?? ''], soon());
	await platform.reportUnhealthy(members[0]?.id ?? '', 'dead', soon());
	await until(() => fake.count('autoscaling:RecordLifecycleActionHeartbeat') > 0);
	await platform.remove([members[1]?.id ?? ''], soon());
	await until(() => fake.count('autoscaling:CompleteLifecycleAction') > 0);
	await platform.applySize({ cpu: 4, memoryBytes: null }, soon());
	assert.deepEqual([...new Set(fake.calls.map(({ action }) => action))].sort(), documented());
	assert.deepEqual(fake.violations, []);
});

test('the table of actions is that of the documented policy', () => {
	const source = readFileSync(join(root, 'src', 'instances', 'aws', 'actions.ts'), 'utf8');
	const table = [...source.matchAll(/^\t'([a-z0-9]+:\w+)': Act</gm)].map((match) => match[1]);
	assert.deepEqual(table.sort(), documented());
});
