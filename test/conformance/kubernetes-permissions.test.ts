/** What an account may not do at a cluster is found before it is needed, by its own word, and by the official client's. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { AuthorizationV1Api, KubeConfig } from '@kubernetes/client-node';
import { ballast } from '../../src/cli/testing/recorded-terminal.ts';
import { NAMESPACE } from '../fakes/kubernetes/kube-controller.ts';
import { KubePlatformFake } from '../fakes/kubernetes/kube-platform-fake.ts';

const signal = AbortSignal.timeout(60_000);
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
	for (const end of ends.splice(0).reverse()) await end();
});

async function cluster() {
	const parts = { kind: 'deployment', replicas: 3, actMs: 5, startMs: 20, endMs: 20 } as const;
	const group = await new KubePlatformFake(parts).listen();
	ends.push(async () => {
		await group.fake.close();
		assert.deepEqual(group.fake.violations, []);
	});
	return { group, fake: group.fake };
}

test('what is not granted is named as a Role names it; the official client hears the same', async () => {
	const { group, fake } = await cluster();
	const platform = group.open();
	ends.push(async () => platform.close());
	assert.deepEqual(await platform.missingPermissions(signal), []);
	fake.deny('patch deployments.apps/scale');
	fake.deny('patch pods');
	assert.deepEqual(await platform.missingPermissions(signal), ['patch deployments/scale', 'patch pods']);
	const config = new KubeConfig();
	config.loadFromFile(group.kubeconfig);
	config.users = [{ name: 'ballast', token: fake.tokens[0] ?? '' }];
	config.clusters = config.clusters.map((one) => ({ ...one, skipTLSVerify: true }));
	const authorization = config.makeApiClient(AuthorizationV1Api);
	const ask = async (verb: string) => {
		const resourceAttributes = {
			namespace: NAMESPACE,
			verb,
			group: 'apps',
			resource: 'deployments',
			subresource: 'scale',
		};
		const body = { spec: { resourceAttributes } };
		return (await authorization.createSelfSubjectAccessReview({ body })).status?.allowed;
	};
	assert.deepEqual([await ask('patch'), await ask('get')], [false, true]);
	assert.deepEqual(group.changes, []);
});

test('ballast check --live: what is missing, and whoever else scales it; nothing is changed', async () => {
	const { group, fake } = await cluster();
	const instances = `{ kubernetes: { deployment: api }, port: http, kubeconfig: ${group.kubeconfig} }`;
	const scale = '{ min: 1, max: 9, perInstance: { inFlight: 10 } }';
	const file = join(group.folder, 'ballast.yaml');
	writeFileSync(file, `services: { videos: { instances: ${instances}, scale: ${scale} } }\n`);
	const ok = await ballast(['check', file, '--live']);
	assert.deepEqual([ok.code, ok.err], [0, '']);
	assert.match(ok.out, /\nvideos: deployment api answers: 3 of 3 running\n$/);
	fake.deny('patch deployments.apps/scale');
	group.autoscaler('their-own');
	const wrong = await ballast(['check', file, '--live']);
	assert.equal(wrong.code, 1);
	const [missing = '', other = '', count] = wrong.err.split('\n');
	assert.match(missing, /^videos: deployment api can be read, .* \(permission needed: patch deployments\/scale\)$/);
	assert.match(other, /^videos: deployment api is scaled by the HorizontalPodAutoscaler their-own too/);
	assert.equal(count, '2 problems');
	// A cluster that does not say who may do what says it when it is asked to do it.
	fake.reviews = false;
	assert.match((await ballast(['check', file, '--live'])).err, /^videos: .* is scaled by .*\n1 problem\n$/);
	fake.tokens = ['another'];
	const refused = await ballast(['check', file, '--live']);
	assert.match(refused.err, /^videos: deployment api cannot be read: Unauthorized\n1 problem\n$/);
	assert.deepEqual(group.changes, []);
});
