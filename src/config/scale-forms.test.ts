import assert from 'node:assert/strict';
import test from 'node:test';
import { DEFAULT_SCALE } from '../scaling/default-policy.ts';
import type { ScalePolicy } from '../scaling/policy.ts';
import { configOf, poolOf, problemsOf } from './testing/load-text.ts';

const scaleOf = async (scale: string): Promise<ScalePolicy> =>
	(await poolOf(`services: { api: { instances: { run: x }, scale: ${scale} } }`)).scale;

test('signals: each with its unit, its source and how it relates to the size', async () => {
	const { signals } = await scaleOf(
		'{ max: 9, perInstance: { cpu: 60%, requestsPerSecond: 200/s, inFlight: 20, queue.length: 100 }, keep: { p95: 300ms } }',
	);
	assert.deepEqual(
		signals.map(({ name, kind, target, unit, source }) => [name, kind, target, unit, source.from]),
		[
			['cpu', 'each', 0.6, 'ratio', 'cpu'],
			['requestsPerSecond', 'total', 200, 'per-second', 'requests'],
			['inFlight', 'total', 20, 'number', 'in-flight'],
			['queue.length', 'total', 100, 'number', 'figure'],
			['p95', 'level', 0.3, 'seconds', 'figure'],
		],
	);
	const [, , , queue, p95] = signals;
	assert.deepEqual(queue?.source.from === 'figure' && queue.source.query.where, { service: 'api' });
	assert.deepEqual(p95?.source.from === 'figure' && p95.source.query.figure, 'p95');
});

test('a figure keeps what it says of its service', async () => {
	const [signal] = (await scaleOf("{ max: 9, keep: { 'p99 service:other route:/v1/*': 1s } }")).signals;
	assert.deepEqual(signal?.source.from === 'figure' && signal.source.query.where, { service: 'other', route: '/v1/*' });
});

test('steps: bands from the threshold outwards, changes by number, share or to a size', async () => {
	const { steps } = await scaleOf(
		"{ max: 9, steps: [{ metric: cpu, above: { 90%: '=9', 70%: '+50%' }, below: { 10%: '-2', 20%: '-1' } }] }",
	);
	assert.deepEqual(
		steps.map(({ when, bands }) => [when, bands]),
		[
			[
				'above',
				[
					{ from: 0.7, to: 0.9, change: { share: 0.5 } },
					{ from: 0.9, to: null, change: { to: 9 } },
				],
			],
			[
				'below',
				[
					{ from: 0.2, to: 0.1, change: { by: -1 } },
					{ from: 0.1, to: null, change: { by: -2 } },
				],
			],
		],
	);
});

test('cooldown is the time over which fewer must be enough, unless `in` says another', async () => {
	const short = await scaleOf('{ max: 9, perInstance: { cpu: 60% }, cooldown: 60s }');
	assert.deepEqual([short.in.windowMs, short.in.cooldownMs, short.out.cooldownMs], [60_000, 60_000, 0]);
	const own = await scaleOf(
		'{ max: 9, perInstance: { cpu: 60% }, cooldown: 60s, in: { window: 10s, by: [1 per 1m, 10% per 1m], select: min } }',
	);
	assert.deepEqual(
		[own.in.windowMs, own.in.cooldownMs, own.in.rates, own.in.select],
		[
			10_000,
			60_000,
			[
				{ instances: 1, periodMs: 60_000 },
				{ share: 0.1, periodMs: 60_000 },
			],
			'min',
		],
	);
});

test('off, and values of the short forms', async () => {
	const policy = await scaleOf(
		'{ min: 0, max: 9, perInstance: { cpu: 60% }, panic: off, flaps: off, brake: off, vertical: off, warmUp: 5s, idle: 1m }',
	);
	assert.deepEqual(
		[policy.min, policy.panic, policy.flaps, policy.brakeErrorRate, policy.vertical, policy.warmUpMs, policy.idleMs],
		[0, null, null, null, null, 5000, 60_000],
	);
	assert.deepEqual(await scaleOf('2'), DEFAULT_SCALE);
});

test('a value from Prometheus, its secret by reference', async () => {
	const [signal] = (
		await poolOf(
			`services:
  api:
    instances: { run: x }
    scale:
      max: 4
      perInstance: { backlog: 5 }
      metrics: { backlog: { prometheus: 'http://127.0.0.1:9090', query: sum(backlog), headers: { Authorization: { file: token } } } }`,
			{ token: 'Bearer s3cret\n' },
		)
	).scale.signals;
	assert.deepEqual(signal?.source, {
		from: 'prometheus',
		url: 'http://127.0.0.1:9090',
		query: 'sum(backlog)',
		headers: { authorization: 'Bearer s3cret' },
	});
});

test('what is inherited is complained of once, where it stands', async () => {
	const said = await problemsOf(`defaults: { scale: { max: 4, perInstance: { cpuu: 60% } } }
services: { a: { match: /a, instances: { run: x } }, b: { match: /b, instances: { run: x } } }`);
	assert.equal(said.match(/did you mean `cpu`/g)?.length, 1);
	assert.match(said, /defaults\.scale\.perInstance\.cpuu/);
});

test('pools take the signals of their service', async () => {
	const config = await configOf(`services:
  api:
    scale: { max: 4, perInstance: { cpu: 50% } }
    pools: { a: { instances: { run: x } }, b: { instances: { run: x }, scale: { max: 9 } } }`);
	assert.deepEqual(
		config.services[0]?.pools.map(({ scale }) => [scale.max, scale.signals.length]),
		[
			[4, 1],
			[9, 1],
		],
	);
});

test('sizes of platforms: given where there is a way to, else only recommended where they are inherited', async () => {
	const vertical = (scale: ScalePolicy | undefined) => [scale?.size, scale?.vertical?.mode];
	const size = { cpu: 2, memoryBytes: null };
	const config = await configOf(`defaults: { scale: { size: { cpu: 2 }, vertical: apply } }
services:
  k: { match: /k, instances: { kubernetes: { deployment: api }, port: 80 } }
  e: { match: /e, instances: { exec: { list: a, resize: b, remove: c, size: d, port: 80 } } }
  f: { match: /f, instances: { exec: { list: a, resize: b, remove: c, port: 80 } } }
  g: { match: /g, instances: { gcp: api, project: my-project, zone: europe-west1-b, port: 80 } }`);
	const all = config.services.map(({ name, pools }) => [name, ...vertical(pools[0]?.scale)]);
	const none = { cpu: null, memoryBytes: null };
	assert.deepEqual(all, [
		['k', size, 'apply'],
		['e', size, 'apply'],
		['f', none, 'recommend'],
		['g', none, 'recommend'],
	]);
});
