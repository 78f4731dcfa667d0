import assert from 'node:assert/strict';
import test from 'node:test';
import { serviceOf, warningsOf } from './testing/load-text.ts';

test('pools: by priority, each with a scale of its own or that of the service', async () => {
	const { pools } = await serviceOf(`
services:
  api:
    scale: { min: 3 }
    pools:
      standby: { instances: http://h:1, priority: 2, region: us-east }
      b: { instances: { run: x }, weight: 2 }
      a: { instances: { run: x }, scale: { max: 9, perInstance: { cpu: 60% } }, region: eu-west }
`);
	assert.deepEqual(
		pools.map(({ name, priority, region, weight, scale, instances }) => [
			name,
			priority,
			region,
			weight,
			{ min: scale.min, max: scale.max },
			instances.kind,
		]),
		[
			['b', 1, null, 2, { min: 3, max: 3 }, 'run'],
			['a', 1, 'eu-west', 1, { min: 3, max: 9 }, 'run'],
			['standby', 2, 'us-east', 1, { min: 1, max: 1 }, 'urls'],
		],
	);
});

test('failover: a threshold, an object, over that of defaults; none where no other pool can take over', async () => {
	const two = 'pools: { a: { instances: http://h:1 }, b: { instances: http://h:2, priority: 2 } }';
	const usual = { threshold: 0.7, back: 0.8, holdMs: 10_000, warmUp: 0 };
	const forms: [string, unknown][] = [
		['', usual],
		['failover: 50%', { ...usual, threshold: 0.5, back: 0.6 }],
		['failover: 95%', { ...usual, threshold: 0.95, back: 1 }],
		['failover: { back: 100%, warmUp: 5% }', { ...usual, back: 1, warmUp: 0.05 }],
		['failover: { threshold: 25%, hold: 1m, warmUp: off }', { threshold: 0.25, back: 0.35, holdMs: 60_000, warmUp: 0 }],
	];
	for (const [form, failover] of forms)
		assert.deepEqual(
			(await serviceOf(`services: { api: { ${two}${form === '' ? '' : `, ${form}`} } }`)).failover,
			failover,
			form,
		);
	const inherited = (own: string) =>
		serviceOf(`{ defaults: { failover: { back: 90%, warmUp: 1% } }, services: { api: { ${two}, ${own} } } }`);
	assert.deepEqual((await inherited('failover: { hold: 0s }')).failover, {
		...usual,
		back: 0.9,
		holdMs: 0,
		warmUp: 0.01,
	});
	assert.deepEqual((await inherited('failover: 95%')).failover, {
		...usual,
		threshold: 0.95,
		back: 0.95,
		warmUp: 0.01,
	});
	assert.equal(
		(await serviceOf('{ defaults: { failover: 50% }, services: { api: { instances: http://h:1 } } }')).failover,
		null,
	);
	assert.match(
		await warningsOf('services: { api: { instances: http://h:1, failover: 50% } }'),
		/failover\n +this has no effect: the service has no second pool/,
	);
	assert.match(
		await warningsOf(
			'services: { api: { pools: { a: { instances: http://h:1 }, b: { instances: http://h:2 } }, failover: { warmUp: 5% } } }',
		),
		/warmUp\n +this has no effect: all pools have the same priority/,
	);
});
