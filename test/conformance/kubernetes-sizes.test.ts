/** Sizes of pods: what a change of one does in a cluster, and who ran out of memory. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { PlatformProvider } from '../../src/instances/platform/platform-provider.ts';
import { SUITE_SETTINGS } from '../../src/instances/platform/testing-platform-stage.ts';
import { TestingWatcher, until as untilSync } from '../../src/instances/testing-watcher.ts';
import { rejects, until } from '../fakes/expect.ts';
import type { FakeKubernetesParts } from '../fakes/kubernetes/fake-kubernetes.ts';
import { KubePlatformFake } from '../fakes/kubernetes/kube-platform-fake.ts';

const signal = AbortSignal.timeout(60_000);
const MIB = 2 ** 20;
const ends: (() => Promise<void> | void)[] = [];

afterEach(async () => {
	for (const end of ends.splice(0).reverse()) await end();
});

interface Container {
	resources: { requests: Record<string, string>; limits?: Record<string, string> };
	resizePolicy?: object[];
}

async function cluster(parts: Partial<FakeKubernetesParts> = {}) {
	const whole = { kind: 'deployment', replicas: 2, actMs: 5, startMs: 20, endMs: 20, ...parts } as const;
	const group = await new KubePlatformFake(whole).listen();
	const { fake } = group;
	const platform = group.open();
	ends.push(
		() => group.close(),
		() => platform.close(),
	);
	const { store } = fake.controller;
	return {
		group,
		fake,
		platform,
		/** The container `api` of each pod. */
		containers: () =>
			store.allNow('pods').map((pod) => (pod['spec'] as { containers: Container[] }).containers[1] as Container),
		template: () =>
			(
				store.allNow(`${whole.kind}s`)[0] as unknown as {
					spec: { template: { spec: { containers: Container[] } } };
				}
			).spec.template.spec.containers[1] as Container,
		/** Somebody rolls another template out. */
		editTemplate(edit: (container: Container) => void) {
			store.change(`${whole.kind}s`, 'api', (workload) => {
				const { spec } = workload as unknown as { spec: { template: { spec: { containers: Container[] } } } };
				edit(spec.template.spec.containers[1] as Container);
			});
			fake.controller.rollOut();
		},
		patched: (what: RegExp) => fake.calls.filter((call) => call.startsWith('PATCH') && what.test(call)).length,
	};
}

const cpuOf = ({ resources }: Container) => resources.requests['cpu'];

test('the same size again is no change', async () => {
	const { platform, patched } = await cluster();
	assert.equal(await platform.applySize({ cpu: 0.5, memoryBytes: 256 * MIB }, signal), 'same');
	assert.equal(patched(/./), 0);
	assert.equal(await platform.applySize({ cpu: 0.6, memoryBytes: null }, signal), 'live');
	assert.equal(await platform.applySize({ cpu: 0.6, memoryBytes: null }, signal), 'same');
	assert.equal(patched(/resize 200/), 2);
});

test('less memory is not taken where pods are: the template is changed, and pods are replaced', async () => {
	const { platform, containers, patched } = await cluster();
	assert.equal(await platform.applySize({ cpu: null, memoryBytes: 128 * MIB }, signal), 'rolling');
	assert.equal(patched(/resize 422/), 1);
	const wanted = String(128 * MIB);
	await until(async () => containers().every(({ resources }) => resources.limits?.['memory'] === wanted));
});

test('containers that a change starts anew are not all started at once: pods are replaced', async () => {
	const { platform, patched, containers, editTemplate } = await cluster();
	editTemplate((container) => {
		container.resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
	});
	await until(async () => containers().every(({ resizePolicy }) => resizePolicy !== undefined));
	assert.equal(await platform.applySize({ cpu: 1, memoryBytes: null }, signal), 'live');
	assert.equal(await platform.applySize({ cpu: 1, memoryBytes: 512 * MIB }, signal), 'rolling');
	assert.equal(patched(/resize/), 2);
});

test('a node that has no room for it: the template is changed, so that another node may', async () => {
	const { fake, platform, template, patched } = await cluster();
	assert.equal(await platform.applySize({ cpu: 2, memoryBytes: null }, signal), 'live');
	fake.controller.infeasible(fake.controller.alive[0] ?? '');
	await platform.keepUp(await platform.group(signal), signal);
	assert.equal(cpuOf(template()), '2000m');
	await until(async () => (await platform.group(signal)).busy === null);
	const patches = patched(/./);
	await platform.keepUp(await platform.group(signal), signal);
	assert.equal(patched(/./), patches, 'once is enough');
});

test('a template that somebody puts in its place gets the size again, once it is rolled out', async () => {
	const { fake, platform, containers, template, editTemplate } = await cluster();
	fake.resizable = false;
	assert.equal(await platform.applySize({ cpu: 2, memoryBytes: null }, signal), 'rolling');
	await until(async () => containers().every((one) => cpuOf(one) === '2000m'));
	editTemplate((container) => {
		container.resources.requests['cpu'] = '500m';
	});
	await until(async () => containers().some((one) => cpuOf(one) === '500m'));
	await until(async () => {
		await platform.keepUp(await platform.group(signal), signal);
		return cpuOf(template()) === '2000m';
	});
	await until(async () => containers().every((one) => cpuOf(one) === '2000m'));
});

test('beside a VerticalPodAutoscaler that does more than recommend no size is set', async () => {
	const { fake, platform, patched } = await cluster();
	const { store } = fake.controller;
	const vpa = (updateMode: string, name = 'api') => ({
		metadata: { name: 'theirs', namespace: 'shop' },
		spec: { targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name }, updatePolicy: { updateMode } },
	});
	store.put('verticalpodautoscalers', vpa('Recreate', 'other'));
	assert.equal(await platform.applySize({ cpu: 0.6, memoryBytes: null }, signal), 'live');
	store.put('verticalpodautoscalers', vpa('Recreate'));
	const message = 'the VerticalPodAutoscaler theirs sets it too; remove it, or set its updateMode to Off';
	await rejects(platform.applySize({ cpu: 0.7, memoryBytes: null }, signal), { fault: 'bad_request', message });
	await platform.keepUp(await platform.group(signal), signal);
	assert.equal(patched(/./), 2);
	store.put('verticalpodautoscalers', vpa('Off'));
	assert.equal(await platform.applySize({ cpu: 0.7, memoryBytes: null }, signal), 'live');
});

test('an end for want of memory is told once, with what the pod could have; earlier ones are old news', async () => {
	const { fake, group } = await cluster();
	const [first = '', second = ''] = fake.controller.alive;
	fake.controller.outOfMemory(second);
	const provider = new PlatformProvider({
		service: 'api',
		config: group.config,
		settings: () => ({ ...SUITE_SETTINGS, usageMs: 50 }),
		open: () => group.open(),
	});
	const watcher = new TestingWatcher();
	provider.watch(watcher);
	provider.setActive(true);
	ends.push(() => provider.close());
	await untilSync(() => watcher.ids('running').length === 2);
	fake.controller.outOfMemory(first);
	await untilSync(() => watcher.texts('out_of_memory').length > 0);
	fake.usage.set('*', { cpu: '100m', memory: '64Mi' });
	await untilSync(() => provider.usage().size === 2);
	const text = `api@${first} was ended by its platform: it needed more than the 256MiB of memory that it could have`;
	assert.deepEqual(watcher.texts('out_of_memory'), [text]);
	fake.controller.outOfMemory(second);
	await untilSync(() => watcher.texts('out_of_memory').length === 2);
	assert.equal(provider.usage().get(`api@${first}`)?.memoryBytes, 64 * MIB);
});
