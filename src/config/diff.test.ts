import assert from 'node:assert/strict';
import test from 'node:test';
import { type Change, changeEffect } from './change.ts';
import { briefDiff, diffConfig, formatDiff } from './diff.ts';
import { configOf } from './testing/load-text.ts';

const BEFORE = `listen: [8080, 8081]
workers: 2
services:
  videos:
    match: /v1/*
    instances: { run: node server.js, env: { A: 1, B: 2 } }
    timeouts: { firstByte: 30s }
    scale: { min: 2, max: 2, perInstance: { cpu: 60% } }
    routes:
      GET /v1/a: { limits: { body: 1MiB } }
      GET /v1/b: {}
  legacy:
    match: old.example
    instances: [http://10.0.0.5:8080, http://10.0.0.6:8080]
  gone:
    match: gone.example
    respond: 410
`;

const AFTER = `listen: [8080, { port: 8082, host: 0.0.0.0 }]
workers: 4
admin: off
services:
  videos:
    match: /v1/*
    instances: { run: node server.js, env: { A: 1, B: 3, C: 4 }, grace: 5s }
    timeouts: { firstByte: 60s }
    scale: { min: 2, max: 8, perInstance: { cpu: 60% } }
    balance: { by: consistent-hash, key: address }
    routes:
      GET /v1/a: { limits: { body: 2MiB } }
      GET /v1/c: {}
  legacy:
    match: old.example
    instances: [http://10.0.0.5:8080, { url: http://10.0.0.7:8080, weight: 2 }]
  new:
    match: new.example
    redirect: https://x.example
`;

const COMMAND = 'instances are replaced one by one';
const OUTLIERS = 'holds from the next look at the instances, a second at most; what is ejected stays so';
const POLICY = 'policy only: it holds from the next request';

test('what a reload would change, by key path, with what it means', async () => {
	const before = await configOf(BEFORE);
	const after = await configOf(AFTER);
	assert.equal(
		formatDiff(diffConfig(before, after)),
		`- listen["127.0.0.1:8081"]
    the listener is closed; its connections end after their next answer
+ listen["0.0.0.0:8082"]
    the listener is opened
~ admin: {"host":"127.0.0.1","port":9900} → off
    the admin listener is closed and opened anew
~ workers: 2 → 4
    workers are started, or drained and stopped
~ services.videos.instances.env.B: 2 → 3
    ${COMMAND}
~ services.videos.instances.env.C: (not set) → 4
    ${COMMAND}
~ services.videos.instances.grace: 30s → 5s
    holds for the next instance that is stopped
~ services.videos.outliers.successRate: {"deviations":1.9,"requests":50} → off
    ${OUTLIERS}
~ services.videos.outliers.latency: {"factor":3,"least":"100ms"} → off
    ${OUTLIERS}
~ services.videos.balance.by: least-connections → consistent-hash
    ${POLICY}
~ services.videos.balance.key: (not set) → address
    ${POLICY}
~ services.videos.balance.loadFactor: (not set) → 1.25
    ${POLICY}
~ services.videos.scale.max: 2 → 8
    instances are started or stopped until their number fits
~ services.videos.timeouts.firstByte: 30s → 1m
    ${POLICY}
~ services.videos.routes["GET /v1/a"].limits.body: 1MiB → 2MiB
    ${POLICY}
- services.videos.routes["GET /v1/b"]
    ${POLICY}
+ services.videos.routes["GET /v1/c"]
    ${POLICY}
- services.legacy.instances.urls["http://10.0.0.6:8080"]
    the instance is drained, then removed
+ services.legacy.instances.urls["http://10.0.0.7:8080"]
    the instance is added once it is ready
- services.gone
    ${POLICY}
+ services.new
    ${POLICY}`,
	);
});

test('nothing changes: the same file, and only another order of services', async () => {
	const before = await configOf(BEFORE);
	assert.equal(formatDiff(diffConfig(before, await configOf(BEFORE))), 'nothing changes');
	assert.deepEqual(diffConfig(before, { ...before, services: [...before.services].reverse() }), []);
});

test('instances of another kind are one change', async () => {
	const service = (instances: string) => configOf(`services: { api: { instances: ${instances} } }`);
	const changes = diffConfig(await service('http://h:1'), await service('{ dns: api.internal:80 }'));
	assert.deepEqual(
		changes.map(({ path, before, after, effect }) => [path, before, after, effect]),
		[
			[
				'services.api.instances',
				'{"urls":["http://h:1"]}',
				'{"dns":"http://api.internal:80","resolve":"5s","family":"any"}',
				'the new instances are added, then the old ones are drained and stopped',
			],
		],
	);
});

test('a weight is changed in place, a command is shortened', async () => {
	const service = (instances: string) => configOf(`services: { api: { instances: ${instances} } }`);
	const [weight] = diffConfig(
		await service('{ urls: http://h:1 }'),
		await service('{ urls: [{ url: http://h:1, weight: 3 }] }'),
	);
	assert.deepEqual(
		[weight?.path, weight?.before, weight?.after],
		['services.api.instances.urls["http://h:1"].weight', '1', '3'],
	);
	assert.match(weight?.effect ?? '', /no instance is replaced/);
	const [command] = diffConfig(await service('{ run: a }'), await service(`{ run: ${'b'.repeat(500)} }`));
	assert.equal(command?.after?.length, 120);
});

test('every key of a service and of the node has its effect', () => {
	const effects = (what: Change['what'], paths: string[]) =>
		paths.map((path) => changeEffect('changed', what, path.split('.')));
	const [run, cwd, user, ...rest] = effects(
		'service',
		['run', 'cwd', 'user', 'start', 'resolve', 'resolver', 'family', 'dns'].map((key) => `services.a.instances.${key}`),
	);
	assert.deepEqual([run, cwd, user], [COMMAND, COMMAND, COMMAND]);
	for (const effect of rest) assert.notEqual(effect, POLICY);
	const own = ['health.path', 'outliers.most', 'slowStart', 'upstream.idle', 'scale.min', 'instances'].map(
		(key) => `services.a.${key}`,
	);
	for (const effect of effects('service', own)) assert.notEqual(effect, POLICY);
	const policies = [
		'match',
		'timeouts.connect',
		'limits.body',
		'host',
		'strip',
		'rewrite',
		'headers.request.set.X-A',
		'balance.by',
	];
	for (const effect of effects(
		'service',
		policies.map((key) => `services.a.${key}`),
	))
		assert.equal(effect, POLICY);
	for (const effect of effects('node', ['admin.port', 'workers', 'limits.head.size', 'stop.grace']))
		assert.notEqual(effect, POLICY);
	assert.match(changeEffect('changed', 'listener', ['listen', 'x', 'tls']), /certificates/);
});

test('a service with instances comes and goes with them', async () => {
	const [one, two] = await Promise.all(
		['a', 'b'].map((name) => configOf(`services: { ${name}: { instances: http://h:1 } }`)),
	);
	assert.ok(one !== undefined && two !== undefined);
	assert.deepEqual(
		diffConfig(one, two).map(({ kind, path, effect }) => [kind, path, effect]),
		[
			['removed', 'services.a', 'it takes no more requests; its instances are drained, then stopped'],
			['added', 'services.b', 'its instances are started; it takes requests once one is ready'],
		],
	);
});

test('pools come and go by name; a service that gets some keeps its instances as main', async () => {
	const service = (text: string) => configOf(`services: { api: { ${text} } }`);
	const one = await service('instances: { run: x }');
	const same = await service(
		'pools: { main: { instances: { run: x } }, other: { instances: http://h:1, priority: 2 } }',
	);
	const more = await service(
		'pools: { main: { instances: { run: x, grace: 1s } }, other: { instances: [http://h:2], priority: 3 }, third: { instances: http://h:3 } }',
	);
	const told = (changes: Change[]) => changes.map(({ kind, path, effect }) => [kind, path, effect]);
	const starts = 'its instances are started; it takes its share once one is ready';
	assert.deepEqual(told(diffConfig(one, same)), [['added', 'services.api.pools.other', starts]]);
	assert.deepEqual(told(diffConfig(same, one)), [
		[
			'removed',
			'services.api.pools.other',
			'it takes no more requests once another pool can; its instances are drained, then stopped',
		],
	]);
	assert.deepEqual(told(diffConfig(same, more)), [
		['changed', 'services.api.pools.main.instances.grace', 'holds for the next instance that is stopped'],
		['removed', 'services.api.pools.other.instances.urls["http://h:1"]', 'the instance is drained, then removed'],
		['added', 'services.api.pools.other.instances.urls["http://h:2"]', 'the instance is added once it is ready'],
		['changed', 'services.api.pools.other.priority', 'the traffic is shared out anew; no instance is replaced'],
		['added', 'services.api.pools.third', starts],
	]);
});

test('brief: one line of bounded length, however many changes there are and however long', () => {
	const change = (path: string, after: string): Change => ({
		kind: 'changed',
		what: 'node',
		path,
		before: null,
		after,
		effect: 'takes effect at once',
	});
	assert.equal(briefDiff([change('workers', '4')]), '1 change: ~ workers: (not set) → 4');
	const many = Array.from({ length: 17 }, (_, at) => change(`services.s${at}.match`, `/\n${'x'.repeat(500)}`));
	const text = briefDiff(many);
	assert.match(text, /^17 changes: ~ services\.s0\.match: .*; ~ services\.s4\.match: .*… … and 12 more$/);
	assert.ok(text.length < 700, String(text.length));
});
