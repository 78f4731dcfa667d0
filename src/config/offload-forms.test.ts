import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { diffConfig } from './diff.ts';
import { printConfig } from './print.ts';
import { offloadInput } from './testing/arbitrary.ts';
import { configOf, serviceOf, warningsOf } from './testing/load-text.ts';

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
