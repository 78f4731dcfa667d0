import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LaneCaps } from './lane-caps.ts';

test('a place that is full with fewer takes fewer for a while', () => {
	const caps = new LaneCaps();
	caps.lower('a', 7, { nowMs: 0, forMs: 30_000 });
	assert.deepEqual([caps.of('a', 10, 29_999), caps.of('b', 10, 1), caps.of('a', 5, 1)], [7, 10, 5]);
	assert.equal(caps.of('a', 10, 30_000), 10);
});

test('the least of what was seen counts, never none', () => {
	const caps = new LaneCaps();
	caps.lower('a', 3, { nowMs: 0, forMs: 30_000 });
	caps.lower('a', 6, { nowMs: 10_000, forMs: 30_000 });
	assert.equal(caps.of('a', 10, 39_999), 3);
	caps.lower('b', 0, { nowMs: 0, forMs: 30_000 });
	assert.equal(caps.of('b', 10, 1), 1);
});
