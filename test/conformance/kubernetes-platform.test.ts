import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { KubernetesPlatform } from '../../src/instances/kubernetes/kubernetes-platform.ts';
import { PlatformProvider } from '../../src/instances/platform/platform-provider.ts';
import { SUITE_SETTINGS } from '../../src/instances/platform/testing-platform-stage.ts';
import { TestingWatcher, until as untilSync } from '../../src/instances/testing-watcher.ts';
import { rejects, until } from '../fakes/expect.ts';
import type { FakeKubernetesParts } from '../fakes/kubernetes/fake-kubernetes.ts';
import { KubePlatformFake } from '../fakes/kubernetes/kube-platform-fake.ts';

const signal = AbortSignal.timeout(60_000);
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
	for (const end of ends.splice(0).reverse()) await end();
});

async function cluster(parts: Partial<FakeKubernetesParts> = {}) {
	const whole = { kind: 'deployment', replicas: 3, actMs: 5, startMs: 20, endMs: 20, ...parts } as const;
	const group = await new KubePlatformFake(whole).listen();
	const platform = group.open();
	const watching = new AbortController();
	ends.push(() => group.close());
	ends.push(async () => {
		watching.abort();
		platform.close();
	});
	return { group, fake: group.fake, platform, watching };
}

interface Sized {
	resources: { requests: Record<string, string> };
}

const livesOf = async (platform: KubernetesPlatform) =>
	(await platform.group(signal)).members.map(({ life }) => life).sort();

test('pods over several pages, with address and port by name', async () => {
	const { fake, platform } = await cluster({ replicas: 25 });
	fake.page = 10;
	const { desired, members, busy, failure, autoscaler } = await platform.group(signal);
	assert.deepEqual([desired, members.length, busy, failure, autoscaler], [25, 25, null, null, null]);
	assert.equal(new Set(members.map(({ host }) => host)).size, 25);
	for (const { port, life, ready, startedAt } of members)
		assert.deepEqual([port, life, ready, startedAt > 0], [8080, 'running', true, true]);
});

test('pages that expire while they are read are read anew', async () => {
	const { fake, platform } = await cluster({ replicas: 12 });
	fake.page = 10;
	const { store } = fake.controller;
	let lists = 0;
	const read = store.read.bind(store);
	store.read = (kind) => {
		if (kind === 'pods' && ++lists === 2) store.compact();
		return read(kind);
	};
	assert.equal((await platform.group(signal)).members.length, 12);
	assert.equal(fake.calls.filter((call) => call.endsWith('/pods 410')).length, 1);
});

test('a pod of another owner under the same labels is none', async () => {
	const { fake, platform } = await cluster();
	const [pod] = fake.controller.store.allNow('pods');
	assert.ok(pod !== undefined);
	const metadata = { ...pod.metadata, name: 'stranger', ownerReferences: [] };
	fake.controller.store.put('pods', { ...pod, metadata });
	assert.equal((await platform.group(signal)).members.length, 3);
});

test('evicted, terminating, unschedulable and unready pods', async () => {
	const { fake, platform } = await cluster({ endMs: 60_000, startMs: 60_000 });
	const [evicted = '', ending = '', unready = ''] = fake.controller.alive;
	fake.controller.evict(evicted);
	fake.controller.kill(ending);
	fake.controller.unready(unready);
	await until(async () => (await platform.group(signal)).members.length === 5);
	const { members } = await platform.group(signal);
	const by = (id: string) => members.find((member) => member.id === id);
	assert.deepEqual([by(evicted)?.life, by(evicted)?.note], ['failed', 'Evicted: The node was low on memory.']);
	assert.equal(by(ending)?.life, 'leaving');
	assert.deepEqual([by(unready)?.life, by(unready)?.ready], ['running', false]);
	const fresh = members.filter(({ life }) => life === 'pending');
	assert.equal(fresh.length, 2);
	assert.match(fresh[0]?.note ?? '', /Unschedulable: 0\/3 nodes are available/);
});

test('the chosen pod goes, whatever Kubernetes would take by itself; an earlier choice is taken back', async () => {
	const { fake, platform } = await cluster({ replicas: 5 });
	const [, second = '', , fourth = ''] = fake.controller.alive;
	fake.conflicts = 2;
	await platform.remove([fourth], signal);
	await until(async () => fake.controller.alive.length === 4);
	assert.ok(!fake.controller.alive.includes(fourth));
	// Marked by a call that then failed: it is not to go in the place of another one.
	const api = fake.controller.store;
	api.change('pods', second, (pod) => {
		pod.metadata['annotations'] = { 'controller.kubernetes.io/pod-deletion-cost': '-2147483648' };
	});
	const last = fake.controller.alive.at(-1) ?? '';
	await platform.remove([last], signal);
	await until(async () => fake.controller.alive.length === 3);
	assert.ok(fake.controller.alive.includes(second) && !fake.controller.alive.includes(last));
	await platform.remove([fourth, last, 'nobody'], signal);
	assert.equal(fake.controller.size, 3);
});

test('a removal that would take another pod is not made', async () => {
	// The new pods do not become ready while this looks: the rollout must not end before the removal is asked for.
	const { fake, platform } = await cluster({ startMs: 60_000 });
	const [first = '', second = ''] = fake.controller.alive;
	fake.controller.unready(second);
	await rejects(platform.remove([first], signal), { fault: 'busy', message: new RegExp(`${second} is not ready`) });
	fake.controller.rollOut();
	await until(async () => (await platform.group(signal)).busy !== null);
	assert.match((await platform.group(signal)).busy ?? 'over', /a rollout is under way: \d of \d pods are new/);
	await rejects(platform.remove([first], signal), { fault: 'busy' });
	assert.equal(fake.controller.size, 3);
});

test('a pod that goes while it is being chosen is no other pod', async () => {
	const { fake, platform } = await cluster({ endMs: 0, actMs: 60_000 });
	const [first = '', second = ''] = fake.controller.alive;
	const { store } = fake.controller;
	const stop = store.listen(({ kind }) => {
		stop();
		if (kind === 'pods') store.drop('pods', second);
	});
	await rejects(platform.remove([first, second], signal), { fault: 'busy', message: `${second} has gone meanwhile` });
	assert.equal(fake.controller.size, 3);
});

test('a size that somebody else sets while it is lowered holds', async () => {
	const { fake, platform } = await cluster({ actMs: 60_000 });
	const [first = ''] = fake.controller.alive;
	const { store } = fake.controller;
	store.listen(({ kind, type }) => {
		if (kind === 'pods' && type === 'MODIFIED') fake.controller.setReplicas(6, true);
	});
	await rejects(platform.remove([first], signal), { fault: 'busy', message: /was set to 6 meanwhile/ });
	assert.equal(fake.controller.size, 6);
});

/** A StatefulSet of three that is to have one: two are leaving. */
async function shrinking() {
	const { group } = await cluster({ kind: 'statefulset' });
	const watcher = new TestingWatcher();
	const provider = new PlatformProvider({
		service: 'api',
		config: group.config,
		settings: () => SUITE_SETTINGS,
		open: () => group.open(),
	});
	ends.push(async () => provider.close());
	provider.watch(watcher);
	provider.setActive(true);
	await untilSync(() => watcher.ids('running').length === 3);
	provider.resize(1);
	await untilSync(() => watcher.ids('leaving').length === 2);
	return { group, watcher, provider };
}

test('a StatefulSet: one that is drained early waits for those above it', async () => {
	const { group, watcher, provider } = await shrinking();
	assert.deepEqual(watcher.ids('leaving'), ['api@api-1', 'api@api-2']);
	const early = provider.remove('api@api-1', Date.now() + 5000);
	await new Promise((resolve) => setTimeout(resolve, 300));
	assert.deepEqual([group.size(), watcher.texts('resize_failed')], [3, []]);
	await Promise.all([early, provider.remove('api@api-2', Date.now() + 5000)]);
	await untilSync(() => group.alive().join() === 'api-0');
	assert.deepEqual(group.changes, ['-api-2', '-api-1']);
});

test('a StatefulSet: one that waits behind one that is wanted again stays', async () => {
	const { group, watcher, provider } = await shrinking();
	const early = provider.remove('api@api-1', Date.now() + 5000);
	provider.resize(3);
	await early;
	await untilSync(() => watcher.ids('running').length === 3);
	assert.deepEqual([group.size(), group.changes], [3, []]);
	const { platform } = await cluster({ kind: 'statefulset' });
	await rejects(platform.remove(['api-0'], signal), { fault: 'busy', message: /highest ordinals first/ });
});

for (const kind of ['deployment', 'statefulset'] as const) {
	test(`${kind}: a quota is told once Kubernetes cannot make the pods`, async () => {
		const { fake, platform } = await cluster({ kind });
		fake.controller.quota(4);
		await platform.setDesired(6, signal);
		await until(async () => (await platform.group(signal)).failure?.fault === 'capacity');
		const group = await platform.group(signal);
		assert.match(group.failure?.message ?? '', /exceeded quota/);
		assert.equal(group.desired, 6);
		fake.controller.quota(9);
		await until(async () => (await platform.group(signal)).failure === null);
	});
}

test('what pods use of what they request', async () => {
	const { fake, platform } = await cluster();
	const [first = '', second = ''] = fake.controller.alive;
	fake.usage.set(first, { cpu: '300m', memory: '163840Ki' });
	await platform.group(signal);
	const usage = await platform.usage([first, second], signal);
	assert.deepEqual([...usage.keys()], [first]);
	assert.equal(usage.get(first)?.cpu?.toFixed(6), '0.500000');
	assert.equal(usage.get(first)?.memory, 0.5);
	const { cores, memoryBytes, given } = usage.get(first) ?? {};
	assert.deepEqual([cores, memoryBytes, given], [0.3, 163_840 * 1024, { cpu: 0.5, memoryBytes: 256 * 2 ** 20 }]);
	assert.ok(Math.abs((usage.get(first)?.atMs ?? 0) - (Date.now() - 5000)) < 2000);
	fake.metrics = false;
	await rejects(platform.usage([first], signal), { fault: 'not_found', message: /metrics-server/ });
});

test('sizes: where pods are, for those that come later, and by the template where pods cannot be resized', async () => {
	const { fake, platform } = await cluster();
	const size = { cpu: 1, memoryBytes: 2 ** 29 };
	const specs = () =>
		fake.controller.store.allNow('pods').map((pod) => (pod['spec'] as { containers: Sized[] }).containers);
	const wanted = { requests: { cpu: '1000m', memory: '536870912' }, limits: { memory: '536870912' } };
	assert.equal(await platform.applySize(size, signal), 'live');
	for (const [mesh, api] of specs()) {
		assert.deepEqual(api?.resources, wanted);
		assert.deepEqual(mesh?.resources, { requests: { cpu: '100m', memory: '64Mi' } });
	}
	await platform.setDesired(4, signal);
	await until(async () => (await livesOf(platform)).join() === 'running,running,running,running');
	await platform.keepUp(await platform.group(signal), signal);
	for (const [, api] of specs()) assert.deepEqual(api?.resources, wanted);
	const patches = fake.calls.filter((call) => call.startsWith('PATCH')).length;
	await platform.keepUp(await platform.group(signal), signal);
	assert.equal(fake.calls.filter((call) => call.startsWith('PATCH')).length, patches, 'nothing is to be done twice');
	fake.resizable = false;
	assert.equal(await platform.applySize({ cpu: 2, memoryBytes: null }, signal), 'rolling');
	await until(async () => specs().every(([, api]) => api?.resources.requests['cpu'] === '2000m'));
});

test('autoscalers of Kubernetes and of KEDA', async () => {
	const { group, fake, platform } = await cluster();
	const { store } = fake.controller;
	const scaleTargetRef = { name: 'other' };
	store.put('scaledobjects', { metadata: { name: 'of-another' }, spec: { scaleTargetRef } });
	assert.equal((await platform.group(signal)).autoscaler, null);
	group.autoscaler('their-own');
	assert.equal((await platform.group(signal)).autoscaler, 'the HorizontalPodAutoscaler their-own');
	store.put('scaledobjects', { metadata: { name: 'by-queue' }, spec: { scaleTargetRef: { name: 'api' } } });
	assert.equal((await platform.group(signal)).autoscaler, 'the ScaledObject by-queue of KEDA');
	fake.deny('list scaledobjects.keda.sh');
	assert.equal((await platform.group(signal)).autoscaler, 'the HorizontalPodAutoscaler their-own');
	fake.keda = false;
	fake.allowAll();
	assert.equal((await platform.group(signal)).autoscaler, 'the HorizontalPodAutoscaler their-own');
});

test('what is refused names verb and resource, as a Role does', async () => {
	const { fake, platform } = await cluster();
	fake.deny('patch deployments.apps/scale');
	await rejects(platform.setDesired(4, signal), {
		fault: 'denied',
		permission: 'patch deployments/scale',
		message: /cannot patch resource "deployments\/scale" in API group "apps" in the namespace "shop"/,
	});
	fake.deny('list pods');
	await rejects(platform.group(signal), { fault: 'denied', permission: 'list pods' });
	fake.allowAll();
	fake.throttle(1, 7);
	await rejects(platform.group(signal), { fault: 'throttled', retryAfterMs: 7000 });
	fake.most = 3;
	await rejects(platform.setDesired(4, signal), { fault: 'capacity', message: /denied the request: at most 3/ });
});

test('watching: changes are told, the list is kept, and expiry and failures cost nothing', async () => {
	const { fake, platform, watching } = await cluster({ replicas: 2 });
	let told = 0;
	platform.watchGroup(() => told++, watching.signal);
	await platform.group(signal);
	await until(async () => fake.openWatches === 2);
	const lists = () => fake.calls.filter((call) => call === 'GET /api/v1/namespaces/shop/pods 200').length;
	const before = [told, lists()] as const;
	fake.controller.setReplicas(3, true);
	await until(async () => (await livesOf(platform)).join() === 'running,running,running');
	assert.ok(told > before[0]);
	assert.equal(lists(), before[1], 'looks need no list of their own');

	fake.cutWatches();
	await until(async () => fake.openWatches === 2 && lists() > before[1]);
	const expired = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 410, reason: 'Expired' };
	for (const line of [JSON.stringify({ type: 'ERROR', object: expired }), 'no JSON', 'null', '{"type":"MODIFIED"}']) {
		fake.tellWatches(line);
		fake.controller.setReplicas(fake.controller.size === 3 ? 4 : 3, true);
		await until(async () => {
			const { desired, members } = await platform.group(signal);
			return desired === fake.controller.size && members.filter(({ life }) => life === 'running').length === desired;
		});
	}
	fake.controller.store.compact();
	fake.cutWatches();
	await until(async () => fake.openWatches === 2);
	assert.equal((await platform.group(signal)).members.length, fake.controller.alive.length);
});

test('watching: a line that never ends is not kept', async () => {
	const { fake, platform, watching } = await cluster({ replicas: 1 });
	platform.watchGroup(() => {}, watching.signal);
	await platform.group(signal);
	await until(async () => fake.openWatches === 2);
	const opened = () => fake.calls.filter((call) => call.endsWith('/pods 200')).length;
	const before = opened();
	fake.tellWatches('x'.repeat(5 * 1024 * 1024));
	await until(async () => opened() > before && fake.openWatches === 2);
	assert.equal((await platform.group(signal)).members.length, 1);
});

test('watching that is not permitted is told', async () => {
	const { fake, platform, watching } = await cluster();
	fake.deny('watch pods');
	platform.watchGroup(() => {}, watching.signal);
	await until(async () => {
		const found = await platform.group(signal).catch((error: { permission?: string }) => error);
		return 'permission' in found && found.permission === 'watch pods';
	});
	fake.allowAll();
	await until(async () => (await platform.group(signal).catch(() => null)) !== null);
});
