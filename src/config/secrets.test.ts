import assert from 'node:assert/strict';
import test from 'node:test';
import { inspect } from 'node:util';
import { diffConfig, formatDiff } from './diff.ts';
import { loadConfig } from './load.ts';
import { maskConfig } from './mask.ts';
import { printConfig } from './print.ts';
import { formatProblems, maskText, namesSecret } from './problem.ts';
import { TempFiles } from './testing/temp-files.ts';

/** Stands wherever a secret can stand; it must never come out. */
const CANARY = 'c4n4ry-of-a-secret';

const YAML = `purge:
  token: { file: ./secret }
  targets:
    cloudflare: { zone: 023e105f4ecef8ad9ca31a8372d0c353, token: { file: ./secret } }
services:
  api:
    scale:
      min: 1
      max: 4
      perInstance: { backlog: 5 }
      metrics: { backlog: { prometheus: 'http://127.0.0.1:9090', query: up, headers: { Authorization: { env: A_SECRET } } } }
    instances:
      run: node x.js
      env: { TOKEN: { env: A_SECRET }, FILE: { file: ./secret }, DB_PASSWORD: ${CANARY}3, PLAIN: seen }
    health: { path: /up, headers: { X-Probe: { env: A_SECRET }, Api-Key: ${CANARY}4, X-Plain: seen } }
    headers:
      request: { set: { Authorization: { env: A_SECRET }, X-Plain: seen } }
    routes:
      /a: { headers: { response: { set: { X-Key: { file: ./secret } } } } }
`;

const env = { A_SECRET: `${CANARY}1` };
const load = async (yaml: string, own: NodeJS.ProcessEnv = env) => {
	using temp = new TempFiles({ 'ballast.yaml': yaml, secret: `${CANARY}2\n` });
	return await loadConfig('ballast.yaml', { cwd: temp.folder, env: own });
};
const good = async (yaml: string, own: NodeJS.ProcessEnv = env) => {
	const result = await load(yaml, own);
	assert.ok(result.ok, result.ok ? '' : formatProblems(result.problems));
	return result;
};

test('references are resolved, their names are kept', async () => {
	const [service] = (await good(YAML)).config.services;
	const instances = service?.pools[0]?.instances;
	assert.deepEqual(instances?.kind === 'run' && [instances.env, instances.secretEnv], [
		{ TOKEN: `${CANARY}1`, FILE: `${CANARY}2`, DB_PASSWORD: `${CANARY}3`, PLAIN: 'seen' },
		['TOKEN', 'FILE'],
	]);
	assert.deepEqual(service?.requestHeaders, {
		set: [
			['Authorization', `${CANARY}1`],
			['X-Plain', 'seen'],
		],
		remove: [],
		secret: ['authorization'],
	});
	assert.deepEqual(service?.routes[0]?.requestHeaders, service?.requestHeaders);
	assert.deepEqual(service?.routes[0]?.responseHeaders, {
		set: [['X-Key', `${CANARY}2`]],
		remove: [],
		secret: ['x-key'],
	});
});

test('nothing that shows a configuration shows a secret', async () => {
	const { config, warnings } = await good(YAML);
	const other = (await good(YAML, { A_SECRET: `${CANARY}-new` })).config;
	const shown = [
		printConfig(config),
		printConfig(config, 'json'),
		JSON.stringify(maskConfig(config)),
		inspect(maskConfig(config), { depth: null }),
		formatDiff(diffConfig(config, other)),
		JSON.stringify(diffConfig(config, other)),
		inspect(diffConfig(config, other), { depth: null }),
		formatProblems(warnings),
	];
	for (const text of shown) assert.ok(!text.includes(CANARY), text);
	assert.match(printConfig(config), /TOKEN: "\*\*\*"\n.*FILE: "\*\*\*"\n.*DB_PASSWORD: "\*\*\*"\n.*PLAIN: seen/);
	assert.match(
		formatProblems(warnings),
		/instances.env.DB_PASSWORD\n {4}a secret stands in the file; write `DB_PASSWORD: \{ env: DB_PASSWORD \}`/,
	);
	assert.ok(JSON.stringify(config).includes(CANARY), 'the configuration itself is not touched');
});

test('a secret that changed is a change', async () => {
	const before = (await good(YAML)).config;
	const after = (await good(YAML, { A_SECRET: 'other' })).config;
	assert.deepEqual(
		diffConfig(before, after)
			.filter(({ path }) => path !== 'services.api.instances.cwd')
			.map(({ path, before: from, after: to }) => [path, from, to]),
		[
			['services.api.instances.env.TOKEN', '***', '***'],
			['services.api.health.headers.X-Probe', '***', '***'],
			['services.api.scale.metrics.backlog.headers.authorization', '***', '***'],
			['services.api.headers.request.set.Authorization', '***', '***'],
		],
	);
	assert.deepEqual(diffConfig(before, structuredClone(before)), []);
});

test('no problem shows a secret, whatever is wrong around it', async () => {
	const bad = [
		`services: { a: { instances: { run: x, env: { T: [${CANARY}] } } } }`,
		`services: { a: { instances: { run: x, env: { "A B": ${CANARY} } } } }`,
		`services: { a: { instances: { run: x, env: { T: { vault: ${CANARY} } } } } }`,
		`services: { a: { instances: { run: x, env: { T: "${CANARY}\\0" } } } }`,
		`services: { a: { instances: { run: x, env: ${CANARY} } } }`,
		`services: { a: { instances: http://h:1, headers: ${CANARY} } }`,
		`services: { a: { instances: http://h:1, health: { headers: { X-A: "${CANARY}\\n" } } } }`,
		`services: { a: { instances: http://h:1, health: { headers: { X-A: { vault: ${CANARY} } } } } }`,
		`services: { a: { instances: http://h:1, headers: { request: { set: ${CANARY} } } } }`,
		`services: { a: { instances: { run: "x 'y --token=${CANARY}", environment: { T: ${CANARY} } } } }`,
		`services: { a: { instances: http://h:1, headers: { request: { set: { X-A: "${CANARY}\\n" } } } } }`,
		`services: { a: { instances: http://h:1, headers: { request: { set: { X-A: { file: ./secret, env: ${CANARY} } } } } } }`,
		`services: { a: { instances: http://user:${CANARY}@h:1 } }`,
		`services: { a: { instances: { dns: http://user:${CANARY}@h:1 } } }`,
		`services: { a: { redirect: "http://user:${CANARY}@h/ x" } }`,
		`channels: { slack: { url: ${CANARY} } }\nservices: {}`,
		`password: ${CANARY}\nservices: {}`,
		`services: { a: { instances: http://h:1, token: ${CANARY} } }`,
		`${CANARY}`,
		`a: "${CANARY}`,
		`a: ${CANARY}: b`,
		`a: [${CANARY}`,
		`a: !${CANARY} b`,
		`a: *${CANARY}`,
	];
	for (const yaml of bad) {
		const result = await load(yaml);
		assert.ok(!result.ok, yaml);
		const text = `${formatProblems(result.problems)}${JSON.stringify([result.problems, result.warnings])}`;
		assert.ok(result.problems.length > 0 && !text.includes(CANARY), `${yaml}\n${text}`);
	}
});

test('bad JSON is not quoted', async () => {
	using temp = new TempFiles();
	for (const json of [
		`{ "a": ${CANARY} }`,
		`{ "a": "${CANARY}`,
		`{ "a" "${CANARY}" }`,
		`["${CANARY}" 1]`,
		`{"a": "\\x${CANARY}"}`,
	]) {
		temp.write('ballast.json', json);
		const result = await loadConfig('ballast.json', { cwd: temp.folder });
		assert.ok(!result.ok && result.problems.length > 0);
		assert.ok(!JSON.stringify(result).includes(CANARY), json);
	}
});

test('a variable that is not set, an empty one, an empty or large file, a value that is no header', async () => {
	const said = async (value: string, own: NodeJS.ProcessEnv) => {
		using temp = new TempFiles({ empty: '\n', big: 'x'.repeat(70_000), binary: 'a\0b' });
		temp.write(
			'ballast.yaml',
			`services: { a: { instances: http://h:1, headers: { request: { set: { X-A: ${value} } } } } }`,
		);
		const result = await loadConfig('ballast.yaml', { cwd: temp.folder, env: own });
		return result.ok ? 'ok' : formatProblems(result.problems, temp.folder);
	};
	assert.match(await said('{ env: NOPE }', {}), /set.X-A.env\n.*`NOPE` is not set/);
	assert.match(await said('{ env: EMPTY }', { EMPTY: '' }), /`EMPTY` is empty/);
	assert.match(await said('{ env: LINES }', { LINES: `${CANARY}\nx` }), /set.X-A: \*\*\*\n.*on one line/);
	assert.match(await said('{ file: ./empty }', {}), /X-A.file: .\/empty\n.*empty or binary/);
	assert.match(await said('{ file: ./binary }', {}), /empty or binary/);
	assert.match(await said('{ file: ./big }', {}), /at most 65536 bytes/);
	assert.match(await said('{ file: /dev/zero }', {}), /a device or a pipe/);
});

test('what a name and a text tell of secrets', () => {
	for (const name of [
		'TOKEN',
		'DB_PASSWORD',
		'api-key',
		'ClientSecret',
		'Authorization',
		'AWS_PRIVATE_KEY',
		'X-Auth-Token',
	]) {
		assert.ok(namesSecret(name), name);
	}
	for (const name of ['PORT', 'LOG_LEVEL', 'KEYBOARD', 'PASSWORDLESS', 'X-Tenant']) assert.ok(!namesSecret(name), name);
	assert.equal(maskText('http://a:b@h/x'), 'http://***@h/x');
	assert.equal(maskText('run --api-key=abc --token abc -v'), 'run --api-key=*** --token *** -v');
	assert.equal(maskText('Bearer abc'), 'Bearer ***');
});
