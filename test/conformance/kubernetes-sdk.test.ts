/** The official client speaks to the fake of Kubernetes, too: two clients that know nothing of one another check it. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import {
	ApiException,
	AppsV1Api,
	AutoscalingV2Api,
	CoreV1Api,
	KubeConfig,
	Metrics,
	PatchStrategy,
	setHeaderOptions,
	type V1Pod,
	Watch,
} from '@kubernetes/client-node';
import { until } from '../fakes/expect.ts';
import { NAME, NAMESPACE } from '../fakes/kubernetes/kube-controller.ts';
import { KubePlatformFake } from '../fakes/kubernetes/kube-platform-fake.ts';

const ends: (() => Promise<void>)[] = [];
const named = { name: NAME, namespace: NAMESPACE };
const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

afterEach(async () => {
	for (const end of ends.splice(0).reverse()) await end();
});

async function cluster(kind: 'deployment' | 'statefulset') {
	const group = await new KubePlatformFake({ kind, replicas: 3, actMs: 5, startMs: 20, endMs: 20 }).listen();
	const config = new KubeConfig();
	config.loadFromFile(group.kubeconfig);
	// It knows no `tokenFile`, and takes plain HTTP only so.
	config.users = [{ name: 'ballast', token: group.fake.tokens[0] ?? '' }];
	config.clusters = config.clusters.map((one) => ({ ...one, skipTLSVerify: true }));
	ends.push(async () => {
		await group.fake.close();
		assert.deepEqual(group.fake.violations, []);
	});
	const [apps, core] = [config.makeApiClient(AppsV1Api), config.makeApiClient(CoreV1Api)];
	const pods = async () => (await core.listNamespacedPod({ namespace: NAMESPACE, labelSelector: 'app=api' })).items;
	return { group, fake: group.fake, config, apps, core, pods };
}

test('a Deployment: read, scaled, watched, marked, refused', async () => {
	const { group, fake, config, apps, core, pods } = await cluster('deployment');
	const deployment = await apps.readNamespacedDeployment(named);
	assert.deepEqual([deployment.spec?.replicas, deployment.status?.updatedReplicas], [3, 3]);
	const seen: string[] = [];
	const watch = await new Watch(config).watch(
		`/api/v1/namespaces/${NAMESPACE}/pods`,
		{ labelSelector: 'app=api', resourceVersion: String(fake.controller.store.version) },
		(type: string, pod: V1Pod) => seen.push(`${type} ${pod.status?.phase}`),
		() => {},
	);
	const scale = await apps.patchNamespacedDeploymentScale({ ...named, body: { spec: { replicas: 4 } } }, merge);
	assert.equal(scale.spec?.replicas, 4);
	await until(async () => (await pods()).filter(({ status }) => status?.phase === 'Running').length === 4);
	await until(async () => seen.includes('ADDED Pending') && seen.includes('MODIFIED Running'));
	watch.abort();

	// What our adapter does, by the other client: the marked pod goes.
	const victim = (await pods())[1]?.metadata?.name ?? '';
	const annotations = { 'controller.kubernetes.io/pod-deletion-cost': '-5' };
	await core.patchNamespacedPod({ name: victim, namespace: NAMESPACE, body: { metadata: { annotations } } }, merge);
	const now = await apps.readNamespacedDeploymentScale(named);
	const resourceVersion = now.metadata?.resourceVersion ?? '';
	const body = { metadata: { resourceVersion }, spec: { replicas: 3 } };
	await apps.patchNamespacedDeploymentScale({ ...named, body }, merge);
	await until(async () => (await pods()).length === 3);
	assert.ok((await pods()).every(({ metadata }) => metadata?.name !== victim));
	assert.deepEqual(group.changes, ['4', `-${victim}`]);
	const stale = apps.patchNamespacedDeploymentScale({ ...named, body }, merge);
	await assert.rejects(stale, (error: ApiException<unknown>) => error instanceof ApiException && error.code === 409);
	fake.deny('get deployments.apps');
	await assert.rejects(apps.readNamespacedDeployment(named), (error: ApiException<unknown>) => error.code === 403);
});

test('pages, what pods use, autoscalers, and our adapter beside the official client', async () => {
	const { group, fake, config, core, pods } = await cluster('deployment');
	fake.controller.setReplicas(12, true);
	await until(async () => (await pods()).length === 12);
	const first = await core.listNamespacedPod({ namespace: NAMESPACE, limit: 10 });
	const _continue = first.metadata?._continue ?? '';
	const second = await core.listNamespacedPod({ namespace: NAMESPACE, limit: 10, _continue });
	assert.deepEqual([first.items.length, second.items.length], [10, 2]);
	const [pod = ''] = fake.controller.alive;
	fake.usage.set(pod, { cpu: '1m', memory: '1Mi' });
	const metrics = await new Metrics(config).getPodMetrics(NAMESPACE);
	assert.deepEqual(
		metrics.items.map((one) => [one.metadata.name, one.containers[0]?.usage.cpu]),
		[[pod, '1m']],
	);
	group.autoscaler('their-own');
	const autoscalers = config.makeApiClient(AutoscalingV2Api);
	const [found] = (await autoscalers.listNamespacedHorizontalPodAutoscaler({ namespace: NAMESPACE })).items;
	assert.equal(found?.spec?.scaleTargetRef.name, NAME);
	const platform = group.open();
	const { members, autoscaler } = await platform.group(AbortSignal.timeout(5000));
	platform.close();
	assert.equal(autoscaler, 'the HorizontalPodAutoscaler their-own');
	assert.deepEqual(
		members.map(({ id, host }) => [id, host]),
		(await pods()).map(({ metadata, status }) => [metadata?.name, status?.podIP ?? '']),
	);
});

test('a StatefulSet ends its highest ordinal', async () => {
	const { apps, pods } = await cluster('statefulset');
	await apps.patchNamespacedStatefulSetScale({ ...named, body: { spec: { replicas: 2 } } }, merge);
	await until(async () => (await pods()).length === 2);
	assert.deepEqual(
		(await pods()).map(({ metadata }) => metadata?.name),
		['api-0', 'api-1'],
	);
	assert.equal((await apps.readNamespacedStatefulSet(named)).status?.replicas, 2);
});
