import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routesBySeries } from './observed-node.ts';
import { seriesKey, UNROUTED } from './plan.ts';

test('names of series are made once for a plan', () => {
	const series = { [seriesKey('videos', 'GET /a')]: 1, [seriesKey('videos', '*')]: 2 };
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
