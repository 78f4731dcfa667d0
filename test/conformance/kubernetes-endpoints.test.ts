/** Pods as the EndpointSlices of a Service show them, at a fake that the official client asks, too. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { DiscoveryV1Api, KubeConfig, type V1EndpointSlice, Watch } from '@kubernetes/client-node';
import { rejects, until } from '../fakes/expect.ts';
import { NAMESPACE } from '../fakes/kubernetes/kube-controller.ts';
import { KubePlatformFake } from '../fakes/kubernetes/kube-platform-fake.ts';

const SERVICE = 'web';
const LABEL = `kubernetes.io/service-name=${SERVICE}`;
const signal = AbortSignal.timeout(60_000);
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
	for (const end of ends.splice(0).reverse()) await end();
});

async function behind(replicas: number, endMs = 20) {
	const parts = { kind: 'deployment', replicas, actMs: 5, startMs: 20, endMs, service: SERVICE, slice: 2 } as const;
	const group = await new KubePlatformFake(parts).listen();
	const platform = group.open();
	const watching = new AbortController();
	// The official client keeps its connections.
	ends.push(async () => {
		await group.fake.close();
		assert.deepEqual(group.fake.violations, []);
	});
	ends.push(async () => {
		watching.abort();
		platform.close();
	});
	const config = new KubeConfig();
	config.loadFromFile(group.kubeconfig);
	config.users = [{ name: 'ballast', token: group.fake.tokens[0] ?? '' }];
	config.clusters = config.clusters.map((one) => ({ ...one, skipTLSVerify: true }));
	const { slices } = group.fake.controller;
	assert.ok(slices !== null);
	return { group, fake: group.fake, slices, platform, watching, config };
}

test('the same by the official client: slices, their endpoints, and a watch of them', async () => {
	const { fake, platform, config } = await behind(5);
	const discovery = config.makeApiClient(DiscoveryV1Api);
	const listed = await discovery.listNamespacedEndpointSlice({ namespace: NAMESPACE, labelSelector: LABEL });
	assert.equal(listed.items.length, 3);
	const endpoints = listed.items.flatMap((slice) => slice.endpoints ?? []);
	const { members } = await platform.group(signal);
	const byId = (one: readonly string[], other: readonly string[]) => ((one[0] ?? '') < (other[0] ?? '') ? -1 : 1);
	assert.deepEqual(
		members.map(({ id, host, port }) => [id, host, String(port)]).sort(byId),
		endpoints
			.map(({ targetRef, addresses }) => [
				...[targetRef?.name ?? '', addresses[0] ?? '', String(listed.items[0]?.ports?.[0]?.port)],
			])
			.sort(byId),
	);
	const seen: string[] = [];
	const watch = await new Watch(config).watch(
		`/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`,
		{ labelSelector: LABEL, resourceVersion: String(fake.controller.store.version) },
		(type: string, slice: V1EndpointSlice) => seen.push(`${type} ${slice.endpoints?.length}`),
		() => {},
	);
	fake.controller.setReplicas(6, true);
	await until(async () => seen.includes('MODIFIED 2'));
	watch.abort();
});

test('unready, ending and left out pods are what the slices say', async () => {
	const { fake, slices, platform } = await behind(4, 60_000);
	const [unready = '', ending = '', out = '', fine = ''] = fake.controller.alive;
	fake.controller.unready(unready);
	fake.controller.kill(ending);
	slices.leaveOut(out);
	const { members } = await platform.group(signal);
	const by = (id: string) => members.find((member) => member.id === id);
	assert.deepEqual([by(unready)?.life, by(unready)?.ready], ['running', false]);
	assert.deepEqual([by(ending)?.life, by(ending)?.ready], ['leaving', false]);
	assert.deepEqual([by(out)?.life, by(out)?.note], ['pending', `the Service ${SERVICE} does not list it`]);
	assert.deepEqual([by(fine)?.life, by(fine)?.ready, by(fine)?.port], ['running', true, 8080]);
	slices.publishUnready = true;
	fake.controller.unready(fine);
	const again = (await platform.group(signal)).members.find(({ id }) => id === fine);
	assert.equal(again?.ready, true, 'published although it is not ready');
});

test('slices are watched: a change is told, and no look lists them', async () => {
	const { fake, platform, watching } = await behind(3);
	let told = 0;
	platform.watchGroup(() => told++, watching.signal);
	await platform.group(signal);
	await until(async () => fake.openWatches === 3);
	const lists = () => fake.calls.filter((call) => /endpointslices 200$/.test(call)).length;
	const before = [told, lists()] as const;
	const [unready = ''] = fake.controller.alive;
	fake.controller.unready(unready);
	await until(async () => (await platform.group(signal)).members.some(({ id, ready }) => id === unready && !ready));
	assert.ok(told > before[0]);
	assert.equal(lists(), before[1]);
	fake.controller.store.compact();
	fake.cutWatches();
	await until(async () => fake.openWatches === 3 && lists() > before[1]);
	assert.equal((await platform.group(signal)).members.filter(({ ready }) => ready).length, 2);
});

test('a Service that is not there, and permissions that are missing, are told and change nothing', async () => {
	const { fake, platform, watching } = await behind(3);
	fake.deny('list endpointslices.discovery.k8s.io');
	await rejects(platform.group(signal), { fault: 'denied', permission: 'list endpointslices' });
	fake.allowAll();
	for (const { metadata } of fake.controller.store.allNow('endpointslices'))
		fake.controller.store.drop('endpointslices', metadata.name);
	await rejects(platform.group(signal), { fault: 'not_found', message: /no EndpointSlice of the Service web/ });
	fake.deny('watch endpointslices.discovery.k8s.io');
	platform.watchGroup(() => {}, watching.signal);
	await until(async () => {
		const found = await platform.group(signal).catch((error: { permission?: string }) => error);
		return 'permission' in found && found.permission === 'watch endpointslices';
	});
});
