import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { AzurePlatform } from '../../src/instances/azure/azure-platform.ts';
import type { AzureConfig } from '../../src/instances/azure/config.ts';
import { FakeAzure, type FakeAzureParts, RESOURCE_GROUP, SCALE_SET, SUBSCRIPTION } from '../fakes/azure/fake-azure.ts';
import { rejects, until } from '../fakes/expect.ts';

const fakes: FakeAzure[] = [];
const signal = AbortSignal.timeout(30_000);
const GIB = 1024 ** 3;

afterEach(async () => {
	for (const fake of fakes.splice(0)) {
		await fake.server.close();
		assert.deepEqual(fake.server.violations, []);
	}
});

async function azure(parts: Partial<FakeAzureParts> = {}, config: Partial<AzureConfig> = {}) {
	const fake = new FakeAzure({ size: 2, startMs: 40, endMs: 40, ...parts });
	await fake.server.listen();
	fakes.push(fake);
	const platform = new AzurePlatform(
		{
			kind: 'azure',
			scaleSet: SCALE_SET,
			subscription: SUBSCRIPTION,
			resourceGroup: RESOURCE_GROUP,
			port: 8080,
			address: 'private',
			endpoint: fake.server.url,
			sizes: [
				{ name: 'Standard_D8s_v5', cpu: 8, memoryBytes: 32 * GIB },
				{ name: 'Standard_D4s_v5', cpu: 4, memoryBytes: 16 * GIB },
			],
			...config,
		},
		{ tokens: fake.server.tokens, autoscalerEveryMs: 0 },
	);
	return { fake, platform };
}

for (const flexible of [false, true]) {
	const mode = flexible ? 'flexible' : 'uniform';

	test(`${mode}: members with their addresses, over several pages`, async () => {
		const { platform } = await azure({ flexible, size: 45 });
		const group = await platform.group(signal);
		assert.equal(group.desired, 45);
		assert.equal(new Set(group.members.map((member) => member.host)).size, 45);
		assert.equal(group.members[0]?.host, '10.0.0.4');
		assert.equal(group.members[0]?.port, 8080);
		assert.ok(group.members.every((member) => member.life === 'running' && member.startedAt > 0));
		assert.equal(group.busy, null);
		assert.equal(group.autoscaler, null);
	});

	test(`${mode}: public addresses`, async () => {
		const { platform } = await azure({ flexible }, { address: 'public' });
		assert.deepEqual(
			(await platform.group(signal)).members.map((member) => member.host),
			['203.0.113.4', '203.0.113.5'],
		);
	});

	test(`${mode}: out, then in by those that are named`, async () => {
		const { fake, platform } = await azure({ flexible });
		fake.group.hold();
		await platform.setDesired(4, signal);
		const growing = await platform.group(signal);
		assert.equal(growing.desired, 4);
		assert.match(growing.busy ?? '', /the change to 4 is under way/);
		assert.deepEqual(
			growing.members.map((member) => member.life),
			['running', 'running', 'pending', 'pending'],
		);
		fake.group.release();
		await until(async () => (await platform.group(signal)).members.every((member) => member.life === 'running'));
		const victims = [growing.members[0]?.id ?? '', growing.members[2]?.id ?? ''];
		await platform.remove(victims, signal);
		assert.equal(fake.group.size, 2);
		assert.ok(victims.every((id) => !fake.group.alive.includes(id)));
		await platform.remove(victims, signal);
		await platform.remove(['nobody'], signal);
		assert.equal(fake.group.size, 2);
		await until(async () => (await platform.group(signal)).members.length === 2);
	});
}

test('an address is asked for once', async () => {
	const { fake, platform } = await azure();
	await platform.group(signal);
	await platform.group(signal);
	assert.equal(fake.server.calls.filter(({ path }) => path.endsWith('/networkInterfaces')).length, 1);
});

test('one that is gone already is no error, however far the lists are behind', async () => {
	const { fake, platform } = await azure({ size: 3, endMs: 10 });
	await platform.group(signal);
	fake.group.lagMs = 60_000;
	fake.group.evict('videos_0');
	await new Promise((resolve) => setTimeout(resolve, 20));
	await platform.remove(['videos_0', 'videos_1'], signal);
	assert.deepEqual(fake.group.alive, ['videos_2']);
});

test('no place: the operation that was accepted says so once it has failed', async () => {
	const { fake, platform } = await azure();
	fake.group.capacity(3);
	await platform.setDesired(5, signal);
	await until(async () => (await platform.group(signal)).failure?.fault === 'capacity');
	const group = await platform.group(signal);
	assert.match(group.failure?.message ?? '', /AllocationFailed/);
	assert.deepEqual([group.desired, group.members.length], [5, 3]);
	fake.group.capacity(9);
	await until(async () => (await platform.group(signal)).failure === null);
});

test('an operation that tells no status is followed by its location', async () => {
	const { fake, platform } = await azure({ size: 3 });
	fake.byLocation = true;
	fake.group.hold();
	await platform.remove(['videos_0'], signal);
	assert.match((await platform.group(signal)).busy ?? '', /the deletion of videos_0/);
	fake.group.release();
	await until(async () => (await platform.group(signal)).busy === null);
	fake.group.failPartly();
	await platform.remove(['videos_1', 'videos_2'], signal);
	await until(async () => (await platform.group(signal)).failure !== null);
	assert.match((await platform.group(signal)).failure?.message ?? '', /VMScaleSetDeletionFailed/);
	assert.equal(fake.group.size, 1);
});

test('who may not read operations learns it, and sees the group all the same', async () => {
	const { fake, platform } = await azure();
	fake.server.deny('Microsoft.Compute/locations/operations/read');
	await platform.setDesired(3, signal);
	const group = await platform.group(signal);
	assert.equal(group.failure?.permission, 'Microsoft.Compute/locations/operations/read');
	assert.equal(group.desired, 3);
});

test('an operation that never ends is called stuck, then let go of', async () => {
	const { fake, platform } = await azure();
	fake.group.stick();
	const hasty = new AzurePlatform(configOf(fake), { tokens: fake.server.tokens, stuckMs: 30 });
	await hasty.setDesired(3, signal);
	await until(async () => /stuck/.test((await hasty.group(signal)).busy ?? ''));
	await until(async () => (await hasty.group(signal)).busy === 'the scale set is updating');
	assert.equal((await platform.group(signal)).desired, 3);
});

test('faults are told apart, with the permission that is missing and the time to wait', async () => {
	const { fake, platform } = await azure();
	fake.server.throttle(1, 7);
	await rejects(platform.group(signal), { fault: 'throttled', retryAfterMs: 7000 });
	fake.server.fail(1);
	await rejects(platform.group(signal), { fault: 'unreachable' });
	fake.conflicts = 1;
	await rejects(platform.setDesired(3, signal), { fault: 'busy' });
	fake.quota = 3;
	await rejects(platform.setDesired(4, signal), { fault: 'capacity', message: /quota/ });
	const write = 'Microsoft.Compute/virtualMachineScaleSets/write';
	fake.server.deny(write);
	await rejects(platform.setDesired(3, signal), { fault: 'denied', permission: write });
	await rejects(
		new AzurePlatform({ ...configOf(fake), scaleSet: 'none' }, { tokens: fake.server.tokens }).group(signal),
		{
			fault: 'not_found',
		},
	);
	assert.equal(fake.group.size, 2);
});

test('a token that has ended is got anew, once', async () => {
	const { fake, platform } = await azure();
	await platform.group(signal);
	fake.server.expire();
	assert.equal((await platform.group(signal)).desired, 2);
	const stale = { token: async () => 'SECRET-of-old' };
	await rejects(new AzurePlatform(configOf(fake), { tokens: stale }).group(signal), {
		fault: 'credentials',
		message: /ExpiredAuthenticationToken/,
	});
});

test('an autoscale setting on the same scale set is seen', async () => {
	const { fake, platform } = await azure();
	fake.autoscaler = 'by-cpu';
	assert.equal((await platform.group(signal)).autoscaler, 'by-cpu');
});

test('what VMs use', async () => {
	const { fake, platform } = await azure({ size: 12 });
	for (const name of fake.group.names) fake.usage.set(name, { cpu: 0.75, freeBytes: 2 * GIB });
	const usage = await platform.usage(['videos_0', 'videos_11', 'videos_99'], signal);
	assert.deepEqual([...usage.keys()], ['videos_0', 'videos_11']);
	const { cpu, memory, atMs, cores, memoryBytes, given } = usage.get('videos_11') ?? {};
	assert.deepEqual([cpu, memory], [0.75, 0.75]);
	assert.deepEqual([cores, memoryBytes, given], [1.5, 6 * GIB, { cpu: 2, memoryBytes: 8 * GIB }]);
	assert.ok(Date.now() - (atMs ?? 0) < 70_000);
});

test('what a health extension says', async () => {
	const { fake, platform } = await azure({ size: 3 });
	fake.healthy.set('videos_0', true).set('videos_1', false);
	assert.deepEqual(
		(await platform.group(signal)).members.map((member) => member.ready),
		[true, false, null],
	);
});

test('a size is chosen from the list, never guessed', async () => {
	const { fake, platform } = await azure();
	assert.equal(await platform.applySize({ cpu: 3, memoryBytes: 4 * GIB }, signal), 'rolling');
	assert.equal(fake.sku, 'Standard_D4s_v5');
	assert.equal(fake.group.size, 2);
	await rejects(platform.applySize({ cpu: 64, memoryBytes: null }, signal), { fault: 'bad_request' });
	fake.upgradeMode = 'Manual';
	await rejects(platform.applySize({ cpu: 8, memoryBytes: null }, signal), { fault: 'bad_request', message: /Manual/ });
});

function configOf(fake: FakeAzure): AzureConfig {
	return {
		kind: 'azure',
		scaleSet: SCALE_SET,
		subscription: SUBSCRIPTION,
		resourceGroup: RESOURCE_GROUP,
		port: 8080,
		address: 'private',
		endpoint: fake.server.url,
		sizes: [],
	};
}
