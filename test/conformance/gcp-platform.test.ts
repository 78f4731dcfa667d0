import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { GcpConfig } from '../../src/instances/gcp/config.ts';
import { GcpPlatform } from '../../src/instances/gcp/gcp-platform.ts';
import { rejects, until } from '../fakes/expect.ts';
import { FakeGcp, type FakeGcpParts, GROUP, PROJECT } from '../fakes/gcp/fake-gcp.ts';

const fakes: FakeGcp[] = [];
const signal = AbortSignal.timeout(30_000);

afterEach(async () => {
	for (const fake of fakes.splice(0)) {
		await fake.server.close();
		assert.deepEqual(fake.server.violations, []);
	}
});

function configOf(fake: FakeGcp): GcpConfig {
	const { place, server } = fake;
	return {
		kind: 'gcp',
		group: GROUP,
		project: PROJECT,
		place,
		port: 8080,
		address: 'internal',
		endpoint: server.url,
		machineTypes: [],
	};
}

async function gcp(parts: Partial<FakeGcpParts> = {}, config: Partial<GcpConfig> = {}) {
	const fake = new FakeGcp({ size: 2, startMs: 40, endMs: 40, ...parts });
	await fake.server.listen();
	fakes.push(fake);
	return { fake, platform: new GcpPlatform({ ...configOf(fake), ...config }, { tokens: fake.server.tokens }) };
}

for (const regional of [false, true]) {
	const mode = regional ? 'regional' : 'zonal';

	test(`${mode}: members with their addresses, over several pages`, async () => {
		const { platform } = await gcp({ regional, size: 45 });
		const group = await platform.group(signal);
		assert.equal(group.desired, 45);
		assert.equal(new Set(group.members.map((member) => member.host)).size, 45);
		assert.equal(group.members[0]?.host, '10.156.0.2');
		assert.equal(group.members[0]?.port, 8080);
		assert.ok(group.members.every((member) => member.life === 'running' && member.startedAt > 0));
		assert.equal(group.busy, null);
		assert.equal(group.autoscaler, null);
	});

	test(`${mode}: external addresses`, async () => {
		const { platform } = await gcp({ regional }, { address: 'external' });
		const hosts = (await platform.group(signal)).members.map((member) => member.host);
		assert.deepEqual(hosts, ['203.0.113.2', '203.0.113.3']);
	});

	test(`${mode}: out, then in by those that are named`, async () => {
		const { fake, platform } = await gcp({ regional });
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
	const { fake, platform } = await gcp();
	await platform.group(signal);
	await platform.group(signal);
	assert.equal(fake.server.calls.filter(({ path }) => path.includes('/instances/')).length, 2);
});

test('one that is gone already is no error, however far the lists are behind', async () => {
	const { fake, platform } = await gcp({ size: 3, endMs: 10 });
	const [one = '', two = '', three = ''] = (await platform.group(signal)).members.map((member) => member.id);
	fake.group.lagMs = 60_000;
	fake.group.evict(one);
	await new Promise((resolve) => setTimeout(resolve, 20));
	await platform.remove([one, two], signal);
	assert.deepEqual(fake.group.alive, [three]);
});

test('no place: the VMs that wait say so', async () => {
	const { fake, platform } = await gcp();
	fake.group.capacity(3);
	await platform.setDesired(4, signal);
	await until(
		async () => (await platform.group(signal)).members.filter((member) => member.life === 'running').length === 3,
	);
	const group = await platform.group(signal);
	assert.match(group.members[3]?.note ?? '', /ZONE_RESOURCE_POOL_EXHAUSTED/);
	assert.equal(group.members[3]?.life, 'pending');
	assert.equal(group.failure?.fault, 'capacity');
	assert.equal(group.busy, 'creating 1');
	fake.group.capacity(4);
	await until(async () => (await platform.group(signal)).busy === null);
});

test('a deletion that was done in part says so once it has ended', async () => {
	const { fake, platform } = await gcp({ size: 4 });
	fake.group.failPartly();
	const ids = fake.group.names.slice(0, 2);
	await platform.remove(ids, signal);
	await until(async () => (await platform.group(signal)).failure !== null);
	const group = await platform.group(signal);
	assert.match(group.failure?.message ?? '', /could not be deleted/);
	assert.deepEqual([group.desired, fake.group.size], [3, 3]);
});

test('an operation that never ends is called stuck, then let go of', async () => {
	const { fake } = await gcp();
	fake.group.stick();
	const hasty = new GcpPlatform(configOf(fake), { tokens: fake.server.tokens, stuckMs: 30 });
	await hasty.setDesired(3, signal);
	await until(async () => /stuck/.test((await hasty.group(signal)).busy ?? ''));
	await until(async () => (await hasty.group(signal)).busy === 'creating 1');
});

test('faults are told apart, with the permission that is missing and the time to wait', async () => {
	const { fake, platform } = await gcp();
	fake.server.throttle(1, 7);
	await rejects(platform.group(signal), { fault: 'throttled', retryAfterMs: 7000 });
	fake.server.fail(1);
	await rejects(platform.group(signal), { fault: 'unreachable' });
	fake.conflicts = 1;
	await rejects(platform.setDesired(3, signal), { fault: 'busy' });
	const update = 'compute.instanceGroupManagers.update';
	fake.server.deny(update);
	await rejects(platform.setDesired(3, signal), { fault: 'denied', permission: update });
	await rejects(new GcpPlatform({ ...configOf(fake), group: 'none' }, { tokens: fake.server.tokens }).group(signal), {
		fault: 'not_found',
	});
	assert.equal(fake.group.size, 2);
});

test('a token that has ended is got anew, once', async () => {
	const { fake, platform } = await gcp();
	await platform.group(signal);
	fake.server.expire();
	assert.equal((await platform.group(signal)).desired, 2);
	const stale = { token: async () => 'SECRET-of-old' };
	await rejects(new GcpPlatform(configOf(fake), { tokens: stale }).group(signal), {
		fault: 'credentials',
		message: /invalid authentication credentials/,
	});
});

test('an autoscaler on the group is seen, one that is off is not', async () => {
	const { fake, platform } = await gcp();
	fake.autoscaler = 'ONLY_SCALE_OUT';
	assert.equal((await platform.group(signal)).autoscaler, 'by-cpu');
	fake.autoscaler = 'OFF';
	assert.equal((await platform.group(signal)).autoscaler, null);
});

test('what VMs use; memory only where the agent runs', async () => {
	const { fake, platform } = await gcp({ size: 3 });
	const [one = '', two = '', three = ''] = fake.group.names;
	fake.usage.set(one, { cpu: 0.75, memoryPercent: 50 }).set(two, { cpu: 0.25, memoryPercent: null });
	await platform.group(signal);
	const usage = await platform.usage([one, two, three, 'nobody'], signal);
	assert.deepEqual([...usage.keys()], [one, two]);
	assert.deepEqual([usage.get(one)?.cpu, usage.get(one)?.memory], [0.75, 0.5]);
	const { cores, memoryBytes, given } = usage.get(one) ?? {};
	assert.deepEqual([cores, memoryBytes, given], [1.5, 2 ** 32, { cpu: 2, memoryBytes: 2 ** 33 }]);
	assert.deepEqual([usage.get(two)?.cores, usage.get(two)?.memoryBytes], [0.5, null]);
	assert.deepEqual([usage.get(two)?.cpu, usage.get(two)?.memory], [0.25, null]);
	assert.ok(Date.now() - (usage.get(one)?.atMs ?? 0) < 70_000);
});

test('who may not read machine types is told shares alone', async () => {
	const { fake, platform } = await gcp({ size: 1 });
	const [one = ''] = fake.group.names;
	fake.usage.set(one, { cpu: 0.75, memoryPercent: 50 });
	fake.server.deny('compute.machineTypes.get');
	await platform.group(signal);
	const use = (await platform.usage([one], signal)).get(one);
	assert.deepEqual([use?.cpu, use?.memory, use?.cores, use?.given], [0.75, 0.5, null, null]);
});

test('what a health check of the group says', async () => {
	const { fake, platform } = await gcp({ size: 3 });
	const [one = '', two = ''] = fake.group.names;
	fake.healthy.set(one, true).set(two, false);
	assert.deepEqual(
		(await platform.group(signal)).members.map((member) => member.ready),
		[true, false, null],
	);
});
