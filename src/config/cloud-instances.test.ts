import assert from 'node:assert/strict';
import test from 'node:test';
import { printConfig } from './print.ts';
import { configOf, problemsOf } from './testing/load-text.ts';

const SUBSCRIPTION = '00000000-0000-0000-0000-00000000c0de';

async function instancesOf(form: string, env: NodeJS.ProcessEnv = {}) {
	const config = await configOf(
		`services: { api: { instances: { ${form} }, scale: { min: 1, max: 9, perInstance: { cpu: 60% } } } }`,
		{},
		{ env },
	);
	return config.services[0]?.pools[0]?.instances;
}

const problemOf = (form: string, env: NodeJS.ProcessEnv = {}) =>
	problemsOf(`services: { api: { instances: { ${form} } } }`, {}, { env });

test('azure: all of it, and what the environment gives', async () => {
	const whole = `azure: videos, subscription: ${SUBSCRIPTION}, resourceGroup: production, port: 8080, address: public, endpoint: 'https://management.usgovcloudapi.net', sizes: [{ name: Standard_D2s_v5, cpu: 2, memory: 8GiB }]`;
	const sizes = [{ name: 'Standard_D2s_v5', cpu: 2, memoryBytes: 8 * 1024 ** 3 }];
	const common = {
		kind: 'azure',
		scaleSet: 'videos',
		subscription: SUBSCRIPTION,
		resourceGroup: 'production',
		port: 8080,
	};
	const usgov = 'https://management.usgovcloudapi.net';
	assert.deepEqual(await instancesOf(whole), { ...common, address: 'public', endpoint: usgov, sizes });
	assert.deepEqual(
		await instancesOf('azure: videos, port: 8080', {
			AZURE_SUBSCRIPTION_ID: SUBSCRIPTION,
			AZURE_DEFAULTS_GROUP: 'production',
		}),
		{ ...common, address: 'private', endpoint: 'https://management.azure.com', sizes: [] },
	);
});

test('azure: what is missing or no name', async () => {
	const missing = await problemOf('azure: videos, port: 80');
	assert.match(
		missing,
		/subscription.*missing; write it here or set the environment variable `AZURE_SUBSCRIPTION_ID`/s,
	);
	assert.match(missing, /resourceGroup.*`AZURE_RESOURCE_GROUP` or `AZURE_DEFAULTS_GROUP`/s);
	const wrong = await problemOf(
		'azure: a/b, port: 80, subscription: mine, resourceGroup: x, endpoint: http://10.0.0.1',
	);
	assert.match(wrong, /expected the name of a virtual machine scale set/);
	assert.match(wrong, /expected the id of a subscription/);
	assert.match(wrong, /plain http is for this machine only/);
	assert.match(await problemOf('azure: videos, subscripton: x, port: 80'), /did you mean `subscription`/);
});

test('gcp: all of it, and what the environment gives', async () => {
	const common = { kind: 'gcp', group: 'videos', project: 'my-project', port: 8080, machineTypes: [] };
	const compute = 'https://compute.googleapis.com';
	assert.deepEqual(
		await instancesOf('gcp: videos, project: my-project, zone: europe-west3-a, port: 8080, address: external'),
		{ ...common, place: { kind: 'zone', name: 'europe-west3-a' }, address: 'external', endpoint: compute },
	);
	const env = { CLOUDSDK_CORE_PROJECT: 'my-project', CLOUDSDK_COMPUTE_REGION: 'europe-west3' };
	assert.deepEqual(await instancesOf('gcp: videos, port: 8080', env), {
		...common,
		place: { kind: 'region', name: 'europe-west3' },
		address: 'internal',
		endpoint: compute,
	});
	const sized = 'gcp: videos, project: my-project, zone: europe-west3-a, port: 8080, machineTypes: [n2-custom-4-8192]';
	assert.deepEqual(((await instancesOf(sized)) as { machineTypes: unknown }).machineTypes, ['n2-custom-4-8192']);
	assert.match(
		await problemOf('gcp: videos, port: 80, machineTypes: [large]'),
		/expected a machine type such as n2-standard-4/,
	);
});

test('gcp: what is missing, no name or too much', async () => {
	const missing = await problemOf('gcp: videos, port: 80');
	assert.match(missing, /project.*`GOOGLE_CLOUD_PROJECT` or `GCLOUD_PROJECT` or `CLOUDSDK_CORE_PROJECT`/s);
	assert.match(missing, /region.*`CLOUDSDK_COMPUTE_REGION`/s);
	const both = await problemOf(
		'gcp: videos, project: my-project, zone: europe-west3-a, region: europe-west3, port: 80',
	);
	assert.match(both, /expected either `zone` or `region`/);
	assert.match(
		await problemOf('gcp: Videos, project: p, zone: here, port: 80'),
		/expected the name of a managed instance group/,
	);
});

test('kubernetes: all of it, and what the environment gives', async () => {
	const whole =
		'kubernetes: { statefulset: api }, namespace: production, service: web, port: http, context: blue, kubeconfig: /a/config, verify: false';
	const common = { kind: 'kubernetes', port: 'http' };
	assert.deepEqual(await instancesOf(whole, { KUBECONFIG: '/b/config' }), {
		...common,
		workload: { kind: 'statefulset', name: 'api' },
		namespace: 'production',
		service: 'web',
		kubeconfig: ['/a/config'],
		context: 'blue',
		verify: false,
	});
	const rest = {
		...common,
		workload: { kind: 'deployment', name: 'api' },
		namespace: null,
		service: null,
		context: null,
		verify: true,
	};
	const short = 'kubernetes: { deployment: api }, port: http';
	assert.deepEqual(await instancesOf(short, { KUBECONFIG: '/b/config:/c/config:' }), {
		...rest,
		kubeconfig: ['/b/config', '/c/config'],
	});
	assert.deepEqual(await instancesOf(short), { ...rest, kubeconfig: null });
});

test('kubernetes: what is missing, no name or too much', async () => {
	const either = /expected either `deployment: NAME` or `statefulset: NAME`/;
	assert.match(await problemOf('kubernetes: {}, port: 80'), either);
	assert.match(await problemOf('kubernetes: { deployment: a, statefulset: b }, port: 80'), either);
	assert.match(await problemOf('kubernetes: { deploymnet: a }, port: 80'), /did you mean `deployment`/);
	assert.doesNotMatch(await problemOf('kubernetes: { deploymnet: a }, port: 80'), either);
	const wrong = await problemOf('kubernetes: { deployment: A/b }, namespace: x y, service: A, port: 0, kubeconfig: []');
	assert.match(wrong, /expected the name of a Service/);
	assert.match(wrong, /expected the name of a Deployment/);
	assert.match(wrong, /expected the name of a namespace/);
	assert.match(wrong, /port: 0\n\s+expected a whole number from 1 to 65535/);
	assert.match(await problemOf('kubernetes: { deployment: a }, port: A_B'), /or its name in the pods/);
	assert.match(wrong, /kubeconfig/);
	assert.match(await problemOf('kubernetes: { deployment: a }'), /port.*missing/s);
});

test('what is printed loads to the same', async () => {
	const forms = [
		`azure: videos, subscription: ${SUBSCRIPTION}, resourceGroup: production, port: 8080, sizes: [{ name: A, cpu: 0.5, memory: 512MiB }]`,
		'gcp: videos, project: my-project, region: europe-west3, port: 8080',
		'kubernetes: { deployment: api }, port: 80',
		'kubernetes: { statefulset: api }, namespace: a, service: c, port: http, context: b, kubeconfig: [/a, /b], verify: false',
	];
	for (const form of forms) {
		const config = await configOf(
			`services: { api: { instances: { ${form} }, scale: { min: 1, max: 9, perInstance: { cpu: 60% } } } }`,
		);
		const again = await configOf(printConfig(config));
		assert.deepEqual(again.services[0]?.pools, config.services[0]?.pools);
	}
});
