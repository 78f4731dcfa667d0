import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remotePage } from './remote-page.ts';
import type { RemoteSeries } from './remote-series.ts';

const series = (name: string, differs: Partial<RemoteSeries> = {}): RemoteSeries => ({
	name,
	kind: 'gauge',
	labels: { service: 'videos', instance: 'videos-1' },
	value: 5,
	bounds: [],
	counts: [],
	seenMs: 0,
	untilMs: 0,
	...differs,
});

test('what instances count is told by family, with inert labels', () => {
	const all = [
		series('depth', { labels: { q: 'a"\\\nb' } }),
		series('jobs_total', { kind: 'counter' }),
		series('depth', { labels: {}, value: Number.POSITIVE_INFINITY }),
		series('took_seconds', { kind: 'histogram', labels: {}, value: 7, bounds: [1, 2.5], counts: [1, 2, 3] }),
	];
	assert.equal(
		remotePage(all, 'text', () => false),
		[
			'# HELP depth As instances tell it',
			'# TYPE depth gauge',
			'depth{q="a\\"\\\\\\nb"} 5',
			'depth +Inf',
			'# HELP jobs_total As instances tell it',
			'# TYPE jobs_total counter',
			'jobs_total{service="videos",instance="videos-1"} 5',
			'# HELP took_seconds As instances tell it',
			'# TYPE took_seconds histogram',
			'took_seconds_bucket{le="1"} 1',
			'took_seconds_bucket{le="2.5"} 3',
			'took_seconds_bucket{le="+Inf"} 6',
			'took_seconds_sum 7',
			'took_seconds_count 6',
			'',
		].join('\n'),
	);
	const open = remotePage(
		[series('a_total', { kind: 'counter' }), series('b', { kind: 'counter' })],
		'openmetrics',
		() => false,
	);
	assert.match(open, /# TYPE a counter\na_total\{.*\n# HELP b .*\n# TYPE b unknown\nb\{/);
});

test('no metric stands in a page twice', () => {
	const all = [
		series('ours'),
		series('ours_count'),
		series('two'),
		series('two', { kind: 'counter' }),
		series('took', { kind: 'histogram', counts: [1] }),
		series('took_sum'),
	];
	const page = remotePage(all, 'text', (name) => name === 'ours');
	assert.deepEqual(page.match(/(?<=# TYPE )\w+ \w+/g), ['two gauge', 'took histogram']);
	assert.equal(page.match(/^two\{/gm)?.length, 1);
});
