import assert from 'node:assert/strict';
import test from 'node:test';
import { configOf, problemsOf, serviceOf } from './testing/load-text.ts';

test('timeouts and limits: the route over its service over defaults, key by key', async () => {
	const { timeouts, bodyBytes, routes } = await serviceOf(`
defaults: { timeouts: { connect: 1s, firstByte: 10s }, limits: { body: 1MiB } }
services:
  api:
    instances: http://h:1
    timeouts: { firstByte: 20s }
    routes:
      /a: { timeouts: { request: 100s }, limits: { body: 2MiB } }
      /b: {}
`);
	assert.deepEqual(timeouts, { connectMs: 1000, firstByteMs: 20_000, requestMs: 300_000, streamIdleMs: 60_000 });
	assert.deepEqual(routes[0]?.timeouts, {
		connectMs: 1000,
		firstByteMs: 20_000,
		requestMs: 100_000,
		streamIdleMs: 60_000,
	});
	assert.deepEqual(routes[1]?.timeouts, timeouts);
	assert.deepEqual([bodyBytes, routes[0]?.bodyBytes, routes[1]?.bodyBytes], [1_048_576, 2_097_152, 1_048_576]);
});

test('host, strip and rewrite as a whole; off undoes them', async () => {
	const { host, path, routes } = await serviceOf(`
defaults: { host: instance, strip: /d }
services:
  api:
    instances: http://h:1
    rewrite: { from: ^/x, to: /y }
    routes:
      /a: { strip: off, rewrite: off, host: preserve }
      /b: { strip: /b }
`);
	const rewrite = { pattern: '^/x', replacement: '/y' };
	assert.deepEqual([host, path], [{ kind: 'instance' }, { strip: '/d', rewrite }]);
	assert.deepEqual([routes[0]?.host, routes[0]?.path], [{ kind: 'preserve' }, { strip: null, rewrite: null }]);
	assert.deepEqual([routes[1]?.host, routes[1]?.path], [{ kind: 'instance' }, { strip: '/b', rewrite }]);
});

test('headers: the upper one wins over the lower, name by name', async () => {
	const { requestHeaders, routes } = await serviceOf(`
defaults: { headers: { request: { set: { X-A: a, X-B: b }, remove: [x-gone, x-back] } } }
services:
  api:
    instances: http://h:1
    headers: { request: { set: { x-a: own, X-Back: 1 }, remove: x-b } }
    routes:
      /a: { headers: { request: { set: { X-C: c }, remove: x-a } } }
`);
	assert.deepEqual(requestHeaders, {
		set: [
			['x-a', 'own'],
			['X-Back', '1'],
		],
		remove: ['x-gone', 'x-b'],
	});
	assert.deepEqual(routes[0]?.requestHeaders, {
		set: [
			['X-Back', '1'],
			['X-C', 'c'],
		],
		remove: ['x-gone', 'x-b', 'x-a'],
	});
});

test('health, scale and upstream key by key, balance as a whole', async () => {
	const yaml = (rest: string) => `
defaults:
  health: { path: /up, interval: 5s }
  scale: { min: 3 }
  upstream: { connections: 9, tls: { serverName: api.internal } }
  balance: { by: consistent-hash, key: address }
services: { api: { instances: { run: x }, ${rest} } }
`;
	const plain = await serviceOf(yaml(''));
	assert.deepEqual([plain.health.kind, plain.health.path, plain.health.intervalMs], ['http', '/up', 5000]);
	assert.deepEqual([plain.pools[0]?.scale.min, plain.pools[0]?.scale.max, plain.balance.by], [3, 3, 'consistent-hash']);
	const own = await serviceOf(
		yaml(
			'health: /own, scale: { max: 7, perInstance: { cpu: 60% } }, balance: round-robin, upstream: { idle: 9s, tls: { verify: true } }',
		),
	);
	assert.deepEqual(
		[own.health.path, own.health.intervalMs, own.pools[0]?.scale.min, own.pools[0]?.scale.max],
		['/own', 5000, 3, 7],
	);
	assert.deepEqual(own.balance, { by: 'round-robin', key: null, loadFactor: 1.25, cookie: null });
	assert.deepEqual(own.upstream, {
		connections: 9,
		idleMs: 9000,
		tls: { ca: null, serverName: 'api.internal', verify: true },
	});
	const tcp = await serviceOf(yaml('health: tcp'));
	assert.deepEqual([tcp.health.kind, tcp.health.path, tcp.health.intervalMs], ['tcp', '/', 5000]);
	const longer = await serviceOf(yaml('health: { timeout: 1s }'));
	assert.deepEqual([longer.health.kind, longer.health.path, longer.health.timeoutMs], ['http', '/up', 1000]);
});

test('outliers key by key: off, on again, a threshold that contradicts what is inherited', async () => {
	const yaml = (shared: string, own: string) =>
		`defaults: { outliers: ${shared} }\nservices: { api: { instances: http://h:1, ${own} } }`;
	const { outliers } = await serviceOf(yaml('{ failures: 9, most: 20% }', 'outliers: { most: 30% }'));
	assert.deepEqual([outliers.failures, outliers.most], [9, 0.3]);
	assert.equal((await serviceOf(yaml('off', ''))).outliers.failures, 0);
	assert.equal((await serviceOf(yaml('off', 'outliers: {}'))).outliers.failures, 5);
	assert.equal((await serviceOf(yaml('{ failures: 9 }', 'outliers: off'))).outliers.failures, 0);
	assert.match(
		await problemsOf(yaml('{ most: 60% }', 'outliers: { panic: 50% }')),
		/^ballast.yaml:2:\d+ {2}services.api.outliers.panic: 50%\n {4}expected at most 40%: /,
	);
});

test('the fields of probes are inherited with their secrets, which are read as their own file says', async () => {
	const { health } = await serviceOf(
		'defaults: { health: { headers: { X-Key: { file: ./key } } } }\nservices: { api: { instances: http://h:1, health: /up } }',
		{ key: 'k\n' },
	);
	assert.deepEqual([health.path, health.headers, health.secretHeaders], ['/up', [['X-Key', 'k']], ['x-key']]);
});

test('a fault in defaults is told once, where it stands', async () => {
	const said = await problemsOf(`defaults: { balance: consistent-hash, scale: { min: 5, max: 2 } }
services: { a: { match: /a, instances: { run: x } }, b: { match: /b, instances: { run: x } } }`);
	assert.equal(
		said,
		'ballast.yaml:1:13  defaults.balance.key\n    missing; `consistent-hash` needs a key: header:NAME, cookie:NAME, query:NAME or address\n' +
			'ballast.yaml:1:53  defaults.scale.min: 5\n    expected at most `max`, which is 2',
	);
});

test('an anchor under `x-` and merge keys are inheritance, too', async () => {
	const { services } = await configOf(`
x-common: &common
  instances: http://h:1
  timeouts: { firstByte: 7s }
services:
  a: { <<: *common, match: /a }
  b: { <<: *common, match: /b, timeouts: { firstByte: 8s } }
`);
	assert.deepEqual(
		services.map(({ timeouts }) => timeouts.firstByteMs),
		[7000, 8000],
	);
	const said = await problemsOf('x-c: &c { balance: nope }\nservices:\n  a:\n    <<: *c\n    instances: http://h:1\n');
	assert.match(said, /^ballast.yaml:1:20 {2}services.a.balance: nope\n/);
});
