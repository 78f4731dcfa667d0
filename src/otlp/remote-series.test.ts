import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RemotePoint } from './remote-point.ts';
import { RemoteSeriesSet } from './remote-series.ts';

const point = (value: number, differs: Partial<RemotePoint> = {}): RemotePoint => ({
	name: 'jobs_total',
	kind: 'counter',
	labels: { service: 'videos', instance: 'videos-1' },
	timeMs: 1000,
	delta: false,
	value,
	bounds: [],
	counts: [],
	...differs,
});
const BOUNDS = { series: 10, seriesOfInstance: 4, idleMs: 1000 };

test('a counter grows by deltas and totals, over a restart of the peer, and not by an older point', () => {
	const set = new RemoteSeriesSet(BOUNDS);
	const value = (): number | undefined => [...set.all()][0]?.value;
	set.add([point(10)], 0);
	set.add([point(15, { timeMs: 2000 }), point(12, { timeMs: 1500 })], 0);
	assert.equal(value(), 15);
	set.add([point(3, { timeMs: 3000 })], 0);
	assert.equal(value(), 18);
	set.add([point(2, { delta: true })], 0);
	assert.equal(value(), 20);
	assert.equal(set.size, 1);
});

test('a histogram grows cell by cell; with other bounds it begins anew', () => {
	const set = new RemoteSeriesSet(BOUNDS);
	const histogram = (value: number, counts: number[], timeMs: number): RemotePoint =>
		point(value, { kind: 'histogram', counts, bounds: counts.slice(1), timeMs });
	set.add([histogram(5, [1, 2], 1)], 0);
	set.add([histogram(7, [1, 3], 2)], 0);
	set.add([histogram(1, [1, 0], 3)], 0);
	const [series] = set.all();
	assert.deepEqual([series?.value, series?.counts], [8, [2, 3]]);
	set.add([histogram(1, [1, 0, 4], 4)], 0);
	assert.deepEqual(series?.counts, [1, 0, 4]);
});

test('series are bounded in all and for one instance, and forgotten when nothing comes', () => {
	const set = new RemoteSeriesSet(BOUNDS);
	const labelled = (instance: number, n: number): RemotePoint =>
		point(1, { labels: { service: 'videos', instance: `${instance}`, n: `${n}` } });
	const hostile = Array.from({ length: 100 }, (_, n) => labelled(1, n));
	assert.deepEqual(set.add(hostile, 0), {
		rejected: 96,
		reason: 'no room for more series: 10 in all, 4 of one instance',
	});
	for (const instance of [2, 3])
		set.add(
			[0, 1, 2, 3].map((n) => labelled(instance, n)),
			500,
		);
	assert.deepEqual([set.size, set.dropped], [10, 98]);
	assert.equal(set.add([labelled(1, 0)], 900).rejected, 0, 'one that is known has its place');
	set.prune(1200);
	assert.equal(set.size, 7);
	assert.equal(set.add([labelled(4, 1)], 1200).rejected, 0);
	set.prune(5000);
	assert.equal(set.size, 0);
});
