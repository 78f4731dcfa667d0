import assert from 'node:assert/strict';
import test from 'node:test';
import type { RateLimitPolicy } from '../gateway/config.ts';
import { diffConfig, formatDiff } from './diff.ts';
import { printConfig } from './print.ts';
import { configOf, serviceOf } from './testing/load-text.ts';

const limit = (changes: Partial<RateLimitPolicy>): RateLimitPolicy => ({
	name: 'address-100/s',
	of: 'service',
	count: 100,
	perMs: 1000,
	burst: 100,
	key: [{ from: 'address' }],
	from: 'trusted',
	full: 'admit',
	entries: 65_536,
	...changes,
});
const service = (rest: string, more = '') =>
	`${more}services: { api: { instances: 'http://h:1', ${rest.replaceAll(/\s+/g, ' ')} } }`;
const names = (limits: readonly RateLimitPolicy[] | undefined) => limits?.map(({ name, of }) => `${name} ${of}`);

test('short, long, several, none', async () => {
	const forms: [string, RateLimitPolicy[]][] = [
		['100/s', [limit({})]],
		['{ rate: 100/s }', [limit({})]],
		[
			'{ name: n, rate: 10/10s, burst: 5, key: [address, route], full: refuse, entries: 64 }',
			[
				limit({
					name: 'n',
					count: 10,
					perMs: 10_000,
					burst: 5,
					key: [{ from: 'address' }, { from: 'route' }],
					full: 'refuse',
					entries: 64,
				}),
			],
		],
		[
			"{ rate: 600/m, key: 'header:X-Api-Key', from: anyone }",
			[
				limit({
					name: 'x-api-key-600/m',
					count: 600,
					perMs: 60_000,
					burst: 600,
					key: [{ from: 'header', name: 'x-api-key' }],
					from: 'anyone',
				}),
			],
		],
		['{ rate: 100/s, key: everyone }', [limit({ name: 'everyone-100/s', key: [] })]],
		['[100/s, 5/h]', [limit({}), limit({ name: 'address-5/h', count: 5, perMs: 3_600_000, burst: 5 })]],
		['off', []],
		['false', []],
	];
	for (const [form, expected] of forms)
		assert.deepEqual((await serviceOf(service(`rateLimit: ${form}`))).rateLimit, expected, form);
	assert.deepEqual((await serviceOf(service(''))).rateLimit, []);
});

test('the nearest wins as a whole; a route that says nothing shares its service’s; `inherit` adds to it', async () => {
	const { rateLimit, routes } = await serviceOf(
		service(
			`rateLimit: [inherit, 5/m], routes: { /a: {}, /b: { rateLimit: 7/s }, /c: { rateLimit: off },
				/d: { rateLimit: [8/s, inherit] }, /e: { rateLimit: [inherit] }, /f: { rateLimit: [100/s, 5/m] } }`,
			'defaults: { rateLimit: 100/s }\n',
		),
	);
	const own = ['address-100/s service', 'address-5/m service'];
	assert.deepEqual(names(rateLimit), own);
	assert.deepEqual(
		routes.map((route) => names(route.rateLimit)),
		[own, ['address-7/s route'], [], [...own, 'address-8/s route'], own, ['address-100/s route', 'address-5/m route']],
	);
});

test('a fixed answer of the whole service has its limits too', async () => {
	const { routes } = await serviceOf('services: { api: { rateLimit: 100/s, respond: 204 } }');
	assert.deepEqual(names(routes[0]?.rateLimit), ['address-100/s service']);
});

test('a header is believed where `trust` names who may write it', async () => {
	const { rateLimit } = await serviceOf(
		service("rateLimit: { rate: 5/s, key: ['header:X-User', route] }", 'trust: 10.0.0.0/8\n'),
	);
	assert.deepEqual(
		[rateLimit[0]?.from, rateLimit[0]?.key],
		['trusted', [{ from: 'header', name: 'x-user' }, { from: 'route' }]],
	);
	const passed = service("rateLimit: { rate: 5/s, key: 'header:x_user', from: anyone }", 'underscores: pass\n');
	assert.equal((await serviceOf(passed)).rateLimit[0]?.name, 'x_user-5/s');
});

test('print tells all of a limit, and of a route what is its own', async () => {
	const config = await configOf(
		service(
			`rateLimit: [100/s, { rate: 5/m, key: everyone }],
			routes: { /a: {}, /b: { rateLimit: [inherit, { rate: 7/s, key: 'header:X-Id', from: anyone }] }, /c: { rateLimit: off }, /d: { rateLimit: 100/s } }`,
		),
	);
	const printed = printConfig(config);
	assert.ok(
		printed.includes(`    rateLimit:
      - name: address-100/s
        rate: 100/s
        burst: 100
        key: address
        full: admit
        entries: 65536
      - name: everyone-5/m
        rate: 5/m
        burst: 5
        key: everyone
        full: admit
        entries: 65536
    routes:
      /a: {}
      /b:
        rateLimit:
          - inherit
          - name: x-id-7/s
            rate: 7/s
            burst: 7
            key: header:x-id
            from: anyone
            full: admit
            entries: 65536
      /c:
        rateLimit: off
      /d:
        rateLimit:
          - name: address-100/s
`),
		printed,
	);
	assert.deepEqual(await configOf(printed), config);
});

test('a change is told with what it means, of a service and of a route that gets an allowance of its own', async () => {
	const before = await configOf(service('rateLimit: 100/s, routes: { /a: {}, /b: {} }'));
	const after = await configOf(service('rateLimit: 200/s, routes: { /a: { rateLimit: 200/s }, /b: {} }'));
	const changes = diffConfig(before, after);
	assert.deepEqual(
		changes.map(({ path, effect }) => [path, effect]),
		['services.api.rateLimit', 'services.api.routes["/a"].rateLimit'].map((path) => [
			path,
			'holds from the next request; a limit that changed begins anew',
		]),
	);
	assert.match(formatDiff(changes), /"rate":"100\/s".*→.*"rate":"200\/s"/);
	assert.match(formatDiff(changes), /routes\["\/a"\]\.rateLimit: \(not set\) → /);
});
