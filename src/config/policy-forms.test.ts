import assert from 'node:assert/strict';
import test from 'node:test';
import { problemsOf, serviceOf, warningsOf } from './testing/load-text.ts';

const service = (rest: string) => `services:\n  api:\n    instances: http://h:1\n${rest.replaceAll(/^/gm, '    ')}\n`;
const NONE = { host: null, path: null, methods: null, header: null };

test('timeouts, body, host, strip, rewrite', async () => {
	const policy = await serviceOf(
		service(`timeouts: { connect: 500ms, firstByte: 1m30s, request: 1h, idle: 5m }
limits: { body: 1GiB }
host: { set: API.internal }
strip: /api
rewrite: { from: ^/a/(.*)$, to: /b/$1 }`),
	);
	assert.deepEqual(policy.timeouts, {
		connectMs: 500,
		firstByteMs: 90_000,
		requestMs: 3_600_000,
		streamIdleMs: 300_000,
	});
	assert.equal(policy.bodyBytes, 1_073_741_824);
	assert.deepEqual(policy.host, { kind: 'set', value: 'api.internal' });
	assert.deepEqual(policy.path, { strip: '/api', rewrite: { pattern: '^/a/(.*)$', replacement: '/b/$1' } });
	assert.deepEqual((await serviceOf(service('host: instance\nstrip: off\nrewrite: false'))).path, {
		strip: null,
		rewrite: null,
	});
});

test('a short time for the whole request shortens those that are not said', async () => {
	const { timeouts } = await serviceOf(service('timeouts: { request: 1s }'));
	assert.deepEqual(timeouts, { connectMs: 1000, firstByteMs: 1000, requestMs: 1000, streamIdleMs: 60_000 });
});

test('headers: names as written, several ways to remove', async () => {
	const { requestHeaders, responseHeaders } = await serviceOf(
		service(
			'headers: { request: { set: { X-Env: prod, X-N: 5 }, remove: X-Internal }, response: { remove: [Server, x-powered-by] } }',
		),
	);
	assert.deepEqual(requestHeaders, {
		set: [
			['X-Env', 'prod'],
			['X-N', '5'],
		],
		remove: ['x-internal'],
	});
	assert.deepEqual(responseHeaders, { set: [], remove: ['server', 'x-powered-by'] });
});

test('routes: by name, and with a match of their own', async () => {
	const { routes } = await serviceOf(
		service(`routes:
  GET /a: {}
  POST,PUT api.example/b/:id: {}
  /*: {}
  beta: { match: { path: /c/*, header: x-beta } }
  "/d": { match: GET /e }`),
	);
	assert.deepEqual(
		routes.map(({ name, match }) => [name, match]),
		[
			['GET /a', { ...NONE, path: '/a', methods: ['GET'] }],
			['POST,PUT api.example/b/:id', { ...NONE, host: 'api.example', path: '/b/:id', methods: ['POST', 'PUT'] }],
			['/*', NONE],
			['beta', { ...NONE, path: '/c/*', header: { name: 'x-beta', value: null } }],
			['/d', { ...NONE, path: '/e', methods: ['GET'] }],
		],
	);
});

test('respond: a status, a text, an object', async () => {
	const forms: [string, unknown][] = [
		['204', { status: 204, headers: [], body: '' }],
		['hello', { status: 200, headers: [['content-type', 'text/plain; charset=utf-8']], body: 'hello' }],
		['{ status: 503 }', { status: 503, headers: [], body: '' }],
		[
			'{ headers: { Content-Type: application/json }, body: "{}" }',
			{ status: 200, headers: [['Content-Type', 'application/json']], body: '{}' },
		],
	];
	for (const [form, respond] of forms) {
		const { routes, pools } = await serviceOf(`services: { api: { routes: { /a: { respond: ${form} } } } }`);
		assert.deepEqual([routes[0]?.respond, routes[0]?.redirect, pools], [respond, null, []], form);
	}
});

test('redirect: a target, an object', async () => {
	const to = 'https://example.com$path$query';
	for (const [form, redirect] of [
		[to, { to, status: 302 }],
		[`{ to: ${to}, status: 308 }`, { to, status: 308 }],
		['/new', { to: '/new', status: 302 }],
	] as const) {
		const { routes } = await serviceOf(`services: { api: { routes: { /a: { redirect: ${form} } } } }`);
		assert.deepEqual(routes[0]?.redirect, redirect, form);
	}
});

test('a fixed answer of a whole service is its last route', async () => {
	const { routes, pools } = await serviceOf(
		'services: { old: { match: old.example, redirect: https://new.example, routes: { /up: { respond: 204 } } } }',
	);
	assert.deepEqual(
		routes.map(({ name, match, redirect }) => [name, match, redirect]),
		[
			['/up', { ...NONE, path: '/up' }, null],
			['/*', NONE, { to: 'https://new.example', status: 302 }],
		],
	);
	assert.deepEqual(pools, []);
	assert.match(
		await problemsOf('services: { old: { respond: 204, routes: { /*: { respond: 200 } } } }'),
		/conflict: the route/,
	);
	assert.match(await warningsOf(service('respond: 204')), /never asked/);
});

test('a route outside of what its service takes is told', async () => {
	assert.equal(
		await warningsOf(service('match: /v1/*\nroutes: { GET /v1: {}, /v1/:id: {}, /v2/x: {} }')),
		'ballast.yaml:5:41  services.api.routes["/v2/x"]\n    this route takes requests outside of what its service takes (/v1/*)',
	);
	assert.match(await warningsOf(service('match: GET /a\nroutes: { POST /a: {} }')), /outside/);
	assert.equal(await warningsOf(service('match: [/a, /b/*]\nroutes: { /a: {}, /b/c: {} }')), '');
});

test('priority: a word, a field; a route takes what its service has', async () => {
	const forms: [string, unknown][] = [
		['low', { header: null, from: 'trusted', default: 'low' }],
		['{ header: X-Priority, from: anyone }', { header: 'x-priority', from: 'anyone', default: 'normal' }],
		['{ header: x-p, from: anyone, default: high }', { header: 'x-p', from: 'anyone', default: 'high' }],
	];
	for (const [form, priority] of forms) {
		const found = await serviceOf(service(`priority: ${form}\nroutes: { /a: {}, /b: { priority: normal } }`));
		assert.deepEqual(found.priority, priority, form);
		assert.deepEqual(found.routes[0]?.priority, priority, form);
		assert.deepEqual(found.routes[1]?.priority, { header: null, from: 'trusted', default: 'normal' });
	}
	const trusted = await serviceOf(`trust: 10.0.0.0/8\n${service('priority: { header: x-p }')}`);
	assert.deepEqual(trusted.priority, { header: 'x-p', from: 'trusted', default: 'normal' });
});

test('concurrency: off, a number, adaptive, with bounds; a bound that is said moves the default of the other', async () => {
	const adaptive = { kind: 'adaptive', min: 10, max: 1000, tolerance: 1.5 };
	const forms: [string, unknown][] = [
		['off', null],
		['false', null],
		['7', { kind: 'fixed', limit: 7 }],
		['{ limit: 7 }', { kind: 'fixed', limit: 7 }],
		['adaptive', adaptive],
		['{ limit: adaptive, tolerance: 3 }', { ...adaptive, tolerance: 3 }],
		['{ limit: adaptive, max: 4 }', { ...adaptive, min: 4, max: 4 }],
		['{ limit: adaptive, min: 4000 }', { ...adaptive, min: 4000, max: 4000 }],
	];
	for (const [form, concurrency] of forms)
		assert.deepEqual((await serviceOf(service(`concurrency: ${form}`))).concurrency, concurrency, form);
	const inherited = `defaults: { concurrency: adaptive }\n${service('')}`;
	assert.deepEqual((await serviceOf(inherited)).concurrency, adaptive);
	assert.equal((await serviceOf(`defaults: { concurrency: 5 }\n${service('concurrency: off')}`)).concurrency, null);
	const fixed = 'services: { a: { concurrency: 5, respond: 204 } }';
	assert.match(await warningsOf(fixed), /concurrency[^\n]*\n.*no effect/);
});
