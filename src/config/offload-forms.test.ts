import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { diffConfig } from './diff.ts';
import { printConfig } from './print.ts';
import { offloadInput } from './testing/arbitrary.ts';
import { configOf, loadText, serviceOf, warningsOf } from './testing/load-text.ts';

const api = (rest: unknown): string =>
	JSON.stringify({ services: { api: { instances: 'http://h:1', ...(rest as object) } } });

test('true is what it is without a word; a route keeps what its service says', async () => {
	const { offload, routeOffloads } = await serviceOf(
		api({
			offload: true,
			routes: {
				'POST /a': {},
				'POST /b': { offload: { attempts: 9, owner: 'header:X-User' } },
				'POST /c': { offload: { concurrency: 1 } },
				'POST /d': { offload: 'off' },
			},
		}),
	);
	assert.deepEqual(
		[offload?.queue, offload?.when, offload?.retry.attempts, offload?.limits.concurrency, offload?.upstreamKey],
		['api', 'asked', 5, 16, null],
	);
	assert.deepEqual(routeOffloads['POST /a'], offload);
	const { retry, owner, queue } = routeOffloads['POST /b'] ?? assert.fail();
	assert.deepEqual([retry.attempts, owner, queue], [9, ['x-user'], 'api']);
	// Who says limits of its own has a queue of its own.
	assert.equal(routeOffloads['POST /c']?.queue, 'api/POST /c');
	assert.equal(routeOffloads['POST /d'], null);
});

test('a service without it has none; `defaults` give it to all, each with its own queue', async () => {
	assert.equal((await serviceOf(api({}))).offload, null);
	const services = { a: { match: '/a/*', instances: 'http://h:1' }, b: { match: '/b/*', instances: 'http://h:2' } };
	const config = await configOf(JSON.stringify({ defaults: { offload: { rate: '10/5s' } }, services }));
	assert.deepEqual(
		config.services.map(({ offload }) => [offload?.queue, offload?.limits.rate]),
		[
			['a', { count: 10, perMs: 5000 }],
			['b', { count: 10, perMs: 5000 }],
		],
	);
});

test('a body limit that another one undercuts is told', async () => {
	assert.match(await warningsOf(api({ offload: { body: '1GB' } })), /`limits.body` is less/);
	assert.equal(await warningsOf(api({ offload: { body: '1MB' } })), '');
});

test('property: what is printed is the same configuration', async () => {
	await fc.assert(
		fc.asyncProperty(offloadInput, offloadInput, async (service, route) => {
			const config = await configOf(api({ offload: service, routes: { 'POST /x': { offload: route } } }));
			assert.deepEqual(await configOf(printConfig(config)), config);
			assert.deepEqual(diffConfig(config, structuredClone(config)), []);
		}),
		{ seed: 20_261_128, numRuns: 40 },
	);
});

test('credit needs to know where it is told; of spend what is left out is inherited, with its prices', async () => {
	const problems = async (offload: object): Promise<string> => {
		const result = await loadText(api({ offload }));
		return result.ok ? '' : result.problems.map(({ message }) => message).join();
	};
	assert.match(await problems({ credit: { below: 5 } }), /needs `path`.*needs `left`/);
	assert.match(await problems({ credit: { path: '/a', left: ['no'] } }), /JSON pointer/);
	assert.match(await problems({ credit: { path: '/a', left: ['/a'], every: '1s' } }), /duration from 10s/);
	assert.match(await problems({ spend: { perTenant: -1 } }), /a number from 0/);
	assert.match(await warningsOf(api({ offload: { spend: { perTenant: 5 } } })), /its limits limit nothing/);
	assert.match(await problems({ spend: { price: { perCharacter: 1 } } }), /needs `price.text`/);
	assert.match(await problems({ spend: { per: 'week' } }), /expected hour, day or month/);
	const { routeOffloads } = await serviceOf(
		api({
			offload: { spend: { perTenant: 20, tenants: { acme: 0.5 }, price: { each: 0.25 } } },
			routes: {
				'POST /a': { offload: { spend: { price: { perCharacter: 0.0001, text: ['/t'] } } } },
				'POST /b': { offload: { spend: { perTenant: 'off', price: { each: 3 } } } },
				'POST /c': { offload: { spend: 'off' } },
			},
		}),
	);
	const { spend: a } = routeOffloads['POST /a'] ?? assert.fail();
	assert.deepEqual([a?.perTenant, a?.tenants], [20_000_000, { acme: 500_000 }]);
	assert.deepEqual(a?.price, { each: 250_000, perCharacter: 100, text: ['/t'], otherwise: 250_000, times: null });
	const { spend: b } = routeOffloads['POST /b'] ?? assert.fail();
	assert.deepEqual([b?.perTenant, b?.price.otherwise], [null, 3_000_000]);
	assert.equal(routeOffloads['POST /c']?.spend, null);
});
