/** The Role in the documentation is what the adapter needs: no more, no less. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { until } from '../fakes/expect.ts';
import { KubePlatformFake } from '../fakes/kubernetes/kube-platform-fake.ts';

interface Rule {
	apiGroups: string[];
	resources: string[];
	verbs: string[];
}

const page = readFileSync(new URL('../../docs/providers-kubernetes.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = '']) => parse(text));
const rules: Rule[] = blocks.find((block) => block.kind === 'Role').rules;

/** `patch deployments.apps/scale`. */
const granted = rules.flatMap(({ apiGroups: [group = ''], resources: [resource = ''], verbs }) => {
	const [name, sub] = resource.split('/');
	const whole = `${name}${group === '' ? '' : `.${group}`}${sub === undefined ? '' : `/${sub}`}`;
	return verbs.map((verb) => `${verb} ${whole}`);
});

async function needed(
	kind: 'deployment' | 'statefulset',
	service?: string,
): Promise<{ needed: string[]; reviewed: string[] }> {
	const behind = service === undefined ? {} : { service };
	const group = await new KubePlatformFake({ kind, replicas: 3, actMs: 1, startMs: 1, endMs: 1, ...behind }).listen();
	const { fake } = group;
	const platform = group.open();
	const signal = AbortSignal.timeout(20_000);
	const watching = new AbortController();
	try {
		platform.watchGroup(() => {}, watching.signal);
		const { members } = await platform.group(signal);
		await until(async () => fake.openWatches === (service === undefined ? 2 : 3));
		await platform.usage(
			members.map(({ id }) => id),
			signal,
		);
		await platform.remove([members.at(-1)?.id ?? ''], signal);
		await until(async () => fake.controller.alive.length === 2);
		await platform.applySize({ cpu: 2, memoryBytes: null }, signal);
		fake.resizable = false;
		await platform.applySize({ cpu: 3, memoryBytes: null }, signal);
		fake.controller.quota(2);
		await platform.setDesired(5, signal);
		await until(async () => (await platform.group(signal)).failure != null);
		assert.deepEqual(await platform.missingPermissions(signal), []);
		return { needed: [...fake.needed].sort(), reviewed: [...fake.reviewed] };
	} finally {
		watching.abort();
		platform.close();
		await group.close();
	}
}

/** What a part of the work needs alone is not asked about beforehand. */
const OPTIONAL =
	/pods\/resize|metrics\.k8s\.io|keda\.sh|autoscaling\.k8s\.io|^patch (?:deployments|statefulsets)\.apps$/;

async function needs(
	kind: 'deployment' | 'statefulset',
	service: string | undefined,
	expected: string[],
): Promise<void> {
	const { needed: all, reviewed } = await needed(kind, service);
	assert.deepEqual(all, expected.sort());
	assert.deepEqual(
		reviewed.sort(),
		expected.filter((one) => !OPTIONAL.test(one)),
	);
}

test('of a Deployment', async () => {
	const expected = granted.filter((one) => one !== 'list events' && !one.includes('endpointslices'));
	await needs('deployment', undefined, expected);
});

test('of a Deployment behind a Service', async () => {
	const expected = granted.filter((one) => one !== 'list events');
	await needs('deployment', 'web', expected);
});

test('of a StatefulSet', async () => {
	const expected = granted
		.filter((one) => one !== 'patch pods' && !one.includes('endpointslices'))
		.map((one) => one.replace('deployments', 'statefulsets'));
	await needs('statefulset', undefined, expected);
});
