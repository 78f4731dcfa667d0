/** The AWS provider as the fleet uses it: what AWS tells late, and who is drained in the hook. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { AwsPlatform } from '../../src/instances/aws/aws-platform.ts';
import type { AwsConfig } from '../../src/instances/aws/config.ts';
import { PlatformProvider } from '../../src/instances/platform/platform-provider.ts';
import { SUITE_SETTINGS } from '../../src/instances/platform/testing-platform-stage.ts';
import { TestingWatcher, until } from '../../src/instances/testing-watcher.ts';
import type { CloudTimes } from '../fakes/aws/cloud-state.ts';
import type { FakeAws } from '../fakes/aws/fake-aws.ts';
import { bench } from '../fakes/aws/testing-aws.ts';

async function start(
	it: TestContext,
	desired: number,
	more: Partial<AwsConfig> & { times?: Partial<CloudTimes>; first?: (fake: FakeAws) => void } = {},
) {
	const { times = {}, first, ...config } = more;
	const made = await bench(it, { group: { desired }, config, times });
	first?.(made.fake);
	const watcher = new TestingWatcher();
	const provider = new PlatformProvider({
		service: 'api',
		config: made.config,
		settings: () => ({ ...SUITE_SETTINGS, usageMs: 30 }),
		open: (one) => new AwsPlatform(one, { surroundingsMs: 0 }),
	});
	it.after(() => provider.close());
	made.fake.cloud.state.hooks.push({
		AutoScalingGroupName: 'api',
		LifecycleHookName: 'drain',
		LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
		HeartbeatTimeout: 3600,
	});
	provider.watch(watcher);
	provider.setActive(true);
	await until(() => watcher.ids('running').length === desired);
	return { ...made, watcher, provider };
}

test('no capacity: an alert in the words of AWS, until the instances come; the size stays', async (it) => {
	const { fake, provider, watcher } = await start(it, 2, { times: { retryMs: 100 } });
	fake.cloud.capacity = 3;
	provider.resize(5);
	await until(() => watcher.texts('platform_failure').length === 1);
	assert.match(watcher.texts('platform_failure')[0] ?? '', /do not have sufficient m6i\.large capacity/);
	assert.match(provider.trouble.out ?? '', /sufficient m6i\.large capacity/);
	assert.deepEqual([provider.desired, fake.cloud.changes], [5, ['5']]);
	fake.cloud.capacity = 10;
	await until(() => watcher.ids('running').length === 5 && provider.complaint === null);
	assert.deepEqual(fake.cloud.changes, ['5']);
	assert.deepEqual(fake.violations, []);
});

test('an instance that AWS ends is let go from its hook once the fleet has drained it, and not before', async (it) => {
	const { fake, group, provider, watcher } = await start(it, 3, { lifecycleHook: 'drain' });
	group.desired = 2;
	await until(() => watcher.ids('leaving').length === 1);
	const [id = ''] = watcher.ids('leaving');
	await until(() => fake.cloud.state.instances.some(({ lifecycle }) => lifecycle === 'Terminating:Wait'));
	await new Promise((resolve) => setTimeout(resolve, 150));
	assert.equal(fake.count('autoscaling:CompleteLifecycleAction'), 0);
	await provider.remove(id, Date.now() + 5000);
	await until(() => fake.cloud.state.instances.length === 2);
	assert.deepEqual([fake.count('autoscaling:CompleteLifecycleAction'), fake.cloud.changes], [1, []]);
	assert.equal(provider.desired, 2);
});

test('what cannot be kept up is told once, and when it is over', async (it) => {
	const { fake, group, provider, watcher } = await start(it, 2, { lifecycleHook: 'drain' });
	fake.deny('autoscaling:CompleteLifecycleAction');
	group.desired = 1;
	await until(() => watcher.ids('leaving').length === 1);
	await until(() => fake.cloud.state.instances.some(({ lifecycle }) => lifecycle === 'Terminating:Wait'));
	await new Promise((resolve) => setTimeout(resolve, 100));
	await provider.remove(watcher.ids('leaving')[0] ?? '', Date.now() + 5000);
	await until(() => watcher.texts('upkeep_failed').length === 1);
	assert.match(watcher.texts('upkeep_failed')[0] ?? '', /permission needed: autoscaling:CompleteLifecycleAction/);
	fake.allow('autoscaling:CompleteLifecycleAction');
	await until(() => fake.cloud.state.instances.length === 1 && provider.complaint === null);
	assert.equal(watcher.texts('upkeep_failed').length, 1);
});

test('what instances use is known by their names here', async (it) => {
	const id = 'i-00000000000000001';
	// Five minutes old, as basic monitoring gives them.
	const point = { atMs: Date.now() - 300_000, value: 40 };
	const first = ({ metrics }: FakeAws) => metrics.add(`AWS/EC2|CPUUtilization|${id}`, point);
	const { provider } = await start(it, 1, { first });
	await until(() => provider.usage().size === 1);
	assert.equal(provider.usage().get(`api@${id}`)?.cpu, 0.4);
});
