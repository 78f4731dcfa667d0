import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MeterGroup } from '../metrics/counts.ts';
import { Meter, nothingSeen } from '../metrics/meter.ts';
import { type ObservedParts, observedNode, routesBySeries } from './observed-node.ts';
import { seriesKey, UNROUTED } from './plan.ts';
import { type StatusParts, serviceStatus } from './status.ts';

const series = { [seriesKey('videos', 'GET /a')]: 1, [seriesKey('videos', '*')]: 2 };

test('names of series are made once for a plan', () => {
	const names = routesBySeries({ series });
	assert.deepEqual(
		[...names],
		[
			[UNROUTED, { service: '', route: '' }],
			[1, { service: 'videos', route: 'GET /a' }],
			[2, { service: 'videos', route: '*' }],
		],
	);
	assert.equal(routesBySeries({ series }), names);
	assert.notEqual(routesBySeries({ series: { ...series } }), names);
});

test('each second sums up only series of which something was counted, and no counts for people', (t) => {
	const routes = new MeterGroup();
	const meter = new Meter((index, buffer) => routes.chunk(0, index, buffer));
	meter.observe(1, { ...nothingSeen(), status: 200, us: 1000 });
	const [sums, counts] = [t.mock.method(routes, 'sum'), t.mock.method(routes, 'counts')];
	const service = { name: 'videos', routes: [{ name: 'GET /a' }], pools: [], concurrency: null };
	const parts = {
		config: { services: [service] },
		served: { plan: { series }, deployments: { effective: (config: unknown) => config, commandOf: () => null } },
		fleet: { ready: () => [], list: () => [] },
		meters: { routes, instances: new MeterGroup() },
		cells: { of: () => ({ get: () => 0, sum: () => 0 }) },
		rateLimits: { view: () => [] },
		rollouts: { view: () => null },
	} as unknown as StatusParts;
	const readers = observedNode({
		plan: () => ({ series }),
		status: () => ({ services: serviceStatus(parts), jobs: null }),
		meters: { routes, details: { read: () => ({ rows: [] }) } },
	} as unknown as ObservedParts);
	const read = [...readers.routes()].map(({ route, requests, cells }) => [route, requests, cells.length]);
	assert.deepEqual(read, [
		['', 0, 896],
		['GET /a', 1, 896],
		['*', 0, 896],
	]);
	assert.deepEqual([sums.mock.callCount(), counts.mock.callCount()], [1, 0]);
	const [status] = structuredClone(serviceStatus(parts));
	assert.deepEqual(
		[status?.counts.requests, status?.routes.map((route) => [route.name, route.counts.requests])],
		[
			1,
			[
				['GET /a', 1],
				['*', 0],
			],
		],
	);
});
