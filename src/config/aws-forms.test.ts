import assert from 'node:assert/strict';
import test from 'node:test';
import { parse } from 'yaml';
import { printConfig } from './print.ts';
import { configOf, poolOf, problemsOf, warningsOf } from './testing/load-text.ts';

const ARN = 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/api/6d0ecf831eec9f09';

const text = (instances: string): string =>
	`services: { api: { instances: { ${instances} }, scale: { min: 2, max: 9, perInstance: { cpu: 60% } } } }\n`;

test('aws: the least, and all of it', async () => {
	const yaml = text('aws: api, region: eu-central-1, port: 8080');
	const least = await poolOf(yaml);
	assert.deepEqual(least.instances, {
		kind: 'aws',
		group: 'api',
		region: 'eu-central-1',
		port: 8080,
		address: 'private',
		targetGroups: [],
		lifecycleHook: null,
		instanceTypes: [],
		protect: false,
		profile: null,
		endpoint: null,
	});
	assert.deepEqual([least.scale.min, least.scale.max], [2, 9]);
	assert.equal(await warningsOf(yaml), '');
	const all = await poolOf(
		text(
			`aws: api, region: eu-central-1, port: 8080, address: ipv6, targetGroups: "${ARN}", lifecycleHook: drain, instanceTypes: [m6i.large, u-3tb1.56xlarge], protect: true, profile: prod, endpoint: "https://vpce.example.com"`,
		),
	);
	assert.deepEqual(all.instances, {
		kind: 'aws',
		group: 'api',
		region: 'eu-central-1',
		port: 8080,
		address: 'ipv6',
		targetGroups: [ARN],
		lifecycleHook: 'drain',
		instanceTypes: ['m6i.large', 'u-3tb1.56xlarge'],
		protect: true,
		profile: 'prod',
		endpoint: 'https://vpce.example.com',
	});
});

test('what is wrong is said with what was meant', async () => {
	const wrong: [string, RegExp][] = [
		['aws: api, port: 8080', /instances\.region\n {4}missing; expected a region/],
		['aws: api, region: Frankfurt, port: 8080', /expected a region such as eu-central-1/],
		['aws: api, region: eu-central-1, port: 0', /expected a whole number from 1 to 65535/],
		['aws: api, region: eu-central-1, port: 1, address: privat', /did you mean `private`/],
		['aws: api, region: eu-central-1, port: 1, targetGroup: x', /did you mean `targetGroups`/],
		['aws: api, region: eu-central-1, port: 1, targetGroups: api', /expected the ARN of a target group/],
		[`aws: api, region: eu-west-1, port: 1, targetGroups: "${ARN}"`, /expected a target group of eu-west-1/],
		[`aws: api, region: eu-central-1, port: 1, targetGroups: ["${ARN}", "${ARN}"]`, /each target group once/],
		['aws: api, region: eu-central-1, port: 1, instanceTypes: [m6i.large]', /expected `lifecycleHook` beside it/],
		['aws: api, region: eu-central-1, port: 1, endpoint: "https://a:b@x"', /without user and password/],
		['aws: "", region: eu-central-1, port: 1', /expected the name of an Auto Scaling group/],
	];
	for (const [instances, pattern] of wrong) assert.match(await problemsOf(text(instances)), pattern, instances);
});

test('it is printed as it was written', async () => {
	const written = `aws: api, region: eu-central-1, port: 8080, targetGroups: ["${ARN}"], lifecycleHook: drain`;
	const printed = parse(printConfig(await configOf(text(written)))) as {
		services: { api: { instances: object; scale: object } };
	};
	assert.deepEqual(printed.services.api.instances, {
		aws: 'api',
		region: 'eu-central-1',
		port: 8080,
		address: 'private',
		targetGroups: [ARN],
		lifecycleHook: 'drain',
		protect: false,
	});
	assert.deepEqual(Object.entries(printed.services.api.scale)[1], ['max', 9]);
});
