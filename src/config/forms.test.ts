import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import test from 'node:test';
import { defaultRules } from '../alerts/default-rules.ts';
import { DEFAULT_DEPLOY } from '../deploy/config.ts';
import type { ListenConfig } from '../gateway/config.ts';
import type { OutlierConfig } from '../health/outlier-config.ts';
import { METRICS } from '../metrics/config.ts';
import { DEFAULT_SCALE } from '../scaling/default-policy.ts';
import { FIGURE_CATALOGUE } from './figure-catalogue.ts';
import { configOf, poolOf, serviceOf, warningsOf } from './testing/load-text.ts';

const API = 'services: { api: { instances: http://h:1 } }\n';
/** A service `api` with this behind its instances. */
const service = (rest: string) => `services:\n  api:\n    instances: http://h:1\n${rest.replaceAll(/^/gm, '    ')}\n`;

const OUTLIERS: OutlierConfig = {
	failures: 5,
	connectFailures: 3,
	flaps: 3,
	successRate: { deviations: 1.9, requests: 50 },
	latency: { factor: 3, leastMs: 100 },
	windowMs: 10_000,
	ejection: { baseMs: 30_000, mostMs: 300_000 },
	most: 0.5,
	panic: 0.5,
};

test('a file that says next to nothing has all defaults', async () => {
	const config = await configOf(API);
	assert.deepEqual(
		{ ...config, services: [] },
		{
			version: 1,
			listen: [{ host: '127.0.0.1', port: 8080, tls: null }],
			admin: { host: '127.0.0.1', port: 9900 },
			workers: Math.min(32, availableParallelism()),
			limits: {
				headMs: 10_000,
				headBytes: 16_384,
				headFields: 100,
				targetBytes: 8192,
				keepAliveMs: 65_000,
				connections: 10_000,
				connectionsPerAddress: 1000,
				underscores: 'drop',
				holdRequests: 1000,
				holdBytes: 16_777_216,
				overload: { lagMs: 500, heap: 0.9 },
			},
			trust: [],
			cache: { memoryBytes: 128 * 1024 * 1024, disk: null, warm: false, redis: null },
			state: { redis: null },
			jobs: { path: '/jobs', run: true, store: { kind: 'embedded' }, streams: 1000, keys: [], webhooks: null },
			cdnLoop: null,
			purge: { token: null, targets: [] },
			metrics: METRICS,
			alerts: { rules: defaultRules(FIGURE_CATALOGUE), maintenance: [], runbooks: null },
			channels: [],
			heartbeat: null,
			stop: { graceMs: 30_000 },
			store: { folder: null },
			logs: {
				access: null,
				redact: { patterns: [], keys: [] },
				keepMs: 604_800_000,
				keepBytes: 2_000_000_000,
				slowMs: 1000,
				sample: 0.1,
				forward: [],
			},
			traces: { sample: 0.01, slowMs: 1000, restart: 'never', keepMs: 604_800_000, maxBytesPerDay: 268_435_456 },
			exports: [],
			receive: null,
			services: [],
		},
	);
	assert.deepEqual(config.services[0], {
		name: 'api',
		match: [],
		routes: [],
		failover: null,
		pools: [
			{
				name: 'main',
				instances: { kind: 'urls', urls: [{ host: 'h', port: 1, tls: false, weight: 1 }] },
				scale: { ...DEFAULT_SCALE, min: 1, max: 1 },
				priority: 1,
				region: null,
				weight: 1,
				scrape: [],
			},
		],
		health: {
			kind: 'tcp',
			method: 'GET',
			path: '/',
			headers: [],
			secretHeaders: [],
			body: null,
			intervalMs: 2000,
			timeoutMs: 2000,
			healthyAfter: 1,
			unhealthyAfter: 2,
			statuses: [[200, 399]],
		},
		outliers: OUTLIERS,
		slowStartMs: 0,
		balance: { by: 'least-connections', key: null, loadFactor: 1.25, cookie: null },
		upstream: { connections: 256, idleMs: 4000, tls: null },
		deploy: DEFAULT_DEPLOY,
		timeouts: { connectMs: 2000, firstByteMs: 60_000, requestMs: 300_000, streamIdleMs: 60_000 },
		bodyBytes: 10_485_760,
		host: { kind: 'preserve' },
		path: { strip: null, rewrite: null },
		requestHeaders: { set: [], remove: [] },
		responseHeaders: { set: [], remove: [] },
		retry: {
			attempts: 3,
			connect: true,
			reset: true,
			timeout: true,
			statuses: [502, 503, 504],
			attemptMs: 0,
			bodyBytes: 65_536,
		},
		holdMs: 10_000,
		priority: { header: null, from: 'trusted', default: 'normal' },
		cdn: null,
		compress: null,
		concurrency: null,
		objective: null,
		routeObjectives: {},
		cache: null,
		routeCaches: {},
		offload: null,
		routeOffloads: {},
		retryBudget: { share: 0.2, floor: 10 },
		breaker: { inFlight: 0, waiting: 100 },
		rateLimit: [],
	});
});

test('listen: a port, an address and port, an object, a list', async () => {
	const forms: [string, ListenConfig[]][] = [
		['80', [{ host: '127.0.0.1', port: 80, tls: null }]],
		['0.0.0.0:80', [{ host: '0.0.0.0', port: 80, tls: null }]],
		['"[::1]:80"', [{ host: '::1', port: 80, tls: null }]],
		['localhost:80', [{ host: '127.0.0.1', port: 80, tls: null }]],
		['{ port: 80, host: "::" }', [{ host: '::', port: 80, tls: null }]],
		[
			'[80, 0.0.0.0:81, { port: 82 }]',
			[
				{ host: '127.0.0.1', port: 80, tls: null },
				{ host: '0.0.0.0', port: 81, tls: null },
				{ host: '127.0.0.1', port: 82, tls: null },
			],
		],
		['[0, 0]', Array(2).fill({ host: '127.0.0.1', port: 0, tls: null })],
	];
	for (const [form, listen] of forms)
		assert.deepEqual((await configOf(`listen: ${form}\n${API}`)).listen, listen, form);
});

test('admin: off, false, a port, an address and port, an object', async () => {
	const forms: [string, unknown][] = [
		['off', null],
		['false', null],
		['9', { host: '127.0.0.1', port: 9 }],
		['127.0.0.2:9', { host: '127.0.0.2', port: 9 }],
		['{ port: 9 }', { host: '127.0.0.1', port: 9 }],
		['{ host: ::1 }', { host: '::1', port: 9900 }],
	];
	for (const [form, admin] of forms) assert.deepEqual((await configOf(`admin: ${form}\n${API}`)).admin, admin, form);
	assert.match(await warningsOf(`admin: 0.0.0.0:9\n${API}`), /^ballast.yaml:1:8 {2}admin\n.*other machines/);
});

test('match: texts, objects, lists; `*` and `/*` are everything', async () => {
	const none = { host: null, path: null, methods: null, header: null };
	const forms: [string, unknown][] = [
		['/v1/*', [{ ...none, path: '/v1/*' }]],
		['API.example.com', [{ ...none, host: 'api.example.com' }]],
		['"*.example.com:8443/v1"', [{ ...none, host: '*.example.com:8443', path: '/v1' }]],
		['GET,HEAD /users/:id', [{ ...none, path: '/users/:id', methods: ['GET', 'HEAD'] }]],
		['{ method: PURGE }', [{ ...none, methods: ['PURGE'] }]],
		[
			'{ method: [GET, PUT], header: X-Beta }',
			[{ ...none, methods: ['GET', 'PUT'], header: { name: 'x-beta', value: null } }],
		],
		['{ header: { name: X-Beta, value: "1" } }', [{ ...none, header: { name: 'x-beta', value: '1' } }]],
		[
			'[/a, { host: "[::1]" }]',
			[
				{ ...none, path: '/a' },
				{ ...none, host: '[::1]' },
			],
		],
		['/*', []],
		['{ host: "*" }', []],
	];
	for (const [form, match] of forms) assert.deepEqual((await serviceOf(service(`match: ${form}`))).match, match, form);
});

test('instances: urls', async () => {
	const one = { host: '10.0.0.5', port: 8080, tls: false, weight: 1 };
	const forms: [string, unknown][] = [
		['http://10.0.0.5:8080', [one]],
		['[http://10.0.0.5:8080/, https://API.example]', [one, { host: 'api.example', port: 443, tls: true, weight: 1 }]],
		['{ urls: http://10.0.0.5:8080 }', [one]],
		['{ urls: [{ url: "http://[fd00::1]", weight: 2.5 }] }', [{ host: 'fd00::1', port: 80, tls: false, weight: 2.5 }]],
	];
	for (const [form, urls] of forms) {
		const { instances, scale } = await poolOf(`services: { api: { instances: ${form} } }`);
		assert.deepEqual(instances, { kind: 'urls', urls }, form);
		assert.deepEqual([scale.min, scale.max], [(urls as unknown[]).length, (urls as unknown[]).length]);
	}
});

test('instances: dns', async () => {
	const dns = {
		kind: 'dns',
		name: 'api.internal',
		port: 8080,
		tls: false,
		resolveMs: 5000,
		family: 'any',
		resolver: null,
	};
	const forms: [string, unknown][] = [
		['{ dns: api.internal:8080 }', dns],
		['{ dns: http://api.internal:8080 }', dns],
		[
			'{ dns: https://api.internal, resolve: 30s, family: 4 }',
			{ ...dns, port: 443, tls: true, resolveMs: 30_000, family: 4 },
		],
		['{ dns: api.internal:8080, resolver: 10.0.0.2 }', { ...dns, resolver: '10.0.0.2:53' }],
		['{ dns: api.internal:8080, resolver: "[fd00::2]:5353" }', { ...dns, resolver: '[fd00::2]:5353' }],
	];
	for (const [form, instances] of forms) {
		assert.deepEqual((await poolOf(`services: { api: { instances: ${form} } }`)).instances, instances, form);
	}
});

test('instances: run', async () => {
	const text =
		'services: { api: { instances: { run: \'node "a b.js" --x=1\', env: { A: 1, B: true, C: c }, user: www, grace: 5s, start: 2m } } }';
	const { instances, scale } = await poolOf(text);
	assert.deepEqual(instances, {
		kind: 'run',
		command: ['node', 'a b.js', '--x=1'],
		cwd: '/folder',
		env: { A: '1', B: 'true', C: 'c' },
		secretEnv: [],
		user: 'www',
		graceMs: 5000,
		startMs: 120_000,
		portEnv: 'PORT',
	});
	assert.deepEqual(scale, DEFAULT_SCALE);
	const list = await poolOf('services: { api: { instances: { run: [node, "x | y"], cwd: ./sub } } }', {
		'sub/x': '',
	});
	assert.deepEqual(list.instances.kind === 'run' && [list.instances.command, list.instances.cwd], [
		['node', 'x | y'],
		'/folder/sub',
	]);
});

test('scale: a number, min, max or both', async () => {
	const forms: [string, object][] = [
		['4', { min: 4, max: 4 }],
		['{ min: 4 }', { min: 4, max: 4 }],
		['{ max: 1 }', { min: 1, max: 1 }],
		['{ min: 5, max: 5 }', { min: 5, max: 5 }],
		[
			'{ max: 8, schedule: [{ cron: 0 8 * * 1, for: 1d, min: 3 }] }',
			{ min: 2, max: 8, schedules: [{ cron: '0 8 * * 1', timeZone: null, forMs: 86_400_000, min: 3, max: null }] },
		],
	];
	for (const [form, scale] of forms) {
		assert.deepEqual(
			(await poolOf(`services: { api: { instances: { run: x }, scale: ${form} } }`)).scale,
			{ ...DEFAULT_SCALE, ...scale },
			form,
		);
	}
	assert.match(await warningsOf(service('scale: 3')), /services.api.scale\n.*no effect/);
});

test('health: a path, tcp, an object', async () => {
	const health = {
		kind: 'http',
		method: 'GET',
		path: '/up',
		headers: [],
		secretHeaders: [],
		body: null,
		intervalMs: 2000,
		timeoutMs: 2000,
		healthyAfter: 1,
		unhealthyAfter: 2,
		statuses: [[200, 399]],
	};
	const forms: [string, unknown][] = [
		['/up', health],
		['tcp', { ...health, kind: 'tcp', path: '/' }],
		['{ path: /up }', health],
		[
			'{ interval: 5s, timeout: 1s, healthyAfter: 2, unhealthyAfter: 3 }',
			{ ...health, kind: 'tcp', path: '/', intervalMs: 5000, timeoutMs: 1000, healthyAfter: 2, unhealthyAfter: 3 },
		],
		['{ kind: http }', { ...health, path: '/' }],
		['{ path: /up, statuses: 204 }', { ...health, statuses: [[204, 204]] }],
		[
			'{ path: /up, statuses: [200-299, 401] }',
			{
				...health,
				statuses: [
					[200, 299],
					[401, 401],
				],
			},
		],
	];
	forms.push(
		['{ method: HEAD }', { ...health, path: '/', method: 'HEAD' }],
		['{ path: /up, body: ok }', { ...health, body: { kind: 'text', text: 'ok' } }],
		['{ path: /up, body: { matches: "o+k" } }', { ...health, body: { kind: 'pattern', source: 'o+k' } }],
		[
			'{ path: /up, headers: { X-A: 1, X-Key: { env: KEY } } }',
			{
				...health,
				headers: [
					['X-A', '1'],
					['X-Key', 'k'],
				],
				secretHeaders: ['x-key'],
			},
		],
	);
	for (const [form, expected] of forms) {
		const { health: resolved } = await serviceOf(service(`health: ${form}`), {}, { env: { KEY: 'k' } });
		assert.deepEqual(resolved, expected, form);
	}
});

test('balance: a word, an object', async () => {
	const plain = { by: 'least-connections', key: null, loadFactor: 1.25, cookie: null };
	const forms: [string, unknown][] = [
		['peak-ewma', { ...plain, by: 'peak-ewma' }],
		['{}', plain],
		[
			'{ by: consistent-hash, key: header:X-Tenant, loadFactor: 0 }',
			{ ...plain, by: 'consistent-hash', key: { from: 'header', name: 'x-tenant' }, loadFactor: 0 },
		],
		[
			'{ by: consistent-hash, key: query:User }',
			{ ...plain, by: 'consistent-hash', key: { from: 'query', name: 'User' } },
		],
		['{ by: consistent-hash, key: address }', { ...plain, by: 'consistent-hash', key: { from: 'address' } }],
		['cookie', { ...plain, by: 'cookie', cookie: { name: 'ballast', ttlMs: null } }],
		['{ by: cookie, cookie: node }', { ...plain, by: 'cookie', cookie: { name: 'node', ttlMs: null } }],
		[
			'{ by: cookie, cookie: { name: node, ttl: 1h } }',
			{ ...plain, by: 'cookie', cookie: { name: 'node', ttlMs: 3_600_000 } },
		],
	];
	for (const [form, balance] of forms)
		assert.deepEqual((await serviceOf(service(`balance: ${form}`))).balance, balance, form);
});

test('upstream, and TLS to instances', async () => {
	const plain = await serviceOf(service('upstream: { connections: 8, idle: 30s }'));
	assert.deepEqual(plain.upstream, { connections: 8, idleMs: 30_000, tls: null });
	const tls = await serviceOf('services: { api: { instances: https://h } }');
	assert.deepEqual(tls.upstream.tls, { ca: null, serverName: null, verify: true });
	const own =
		'services: { api: { instances: https://h, upstream: { tls: { serverName: API.internal, ca: ./ca.pem, verify: false } } } }';
	const files = { 'ca.pem': '-----BEGIN CERTIFICATE-----' };
	assert.deepEqual((await serviceOf(own, files)).upstream.tls, {
		ca: '/folder/ca.pem',
		serverName: 'api.internal',
		verify: false,
	});
	assert.match(await warningsOf(own, files), /verify\n.*not checked/);
	assert.match(await warningsOf(service('upstream: { tls: { verify: true } }')), /tls\n.*no effect/);
});
