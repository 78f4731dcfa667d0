import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, medianRatio } from './ratios.ts';

test('the median of odd, even and no values', () => {
	assert.equal(median([9, 1, 5]), 5);
	assert.equal(median([4, 1, 3, 2]), 2.5);
	assert.ok(Number.isNaN(median([])));
});

test('a ratio is taken round by round, so that a slow round weighs on neither side', () => {
	assert.equal(medianRatio([10, 20, 30], [5, 10, 15]), 2);
	assert.equal(medianRatio([10, 100, 10], [10, 100, 5]), 1);
});

test('rounds that one side lacks are left out', () => {
	assert.equal(medianRatio([Number.NaN, 6, 9], [1, 3, 3]), 2.5);
	assert.equal(medianRatio([1, 2], [0, 1]), 2);
	assert.ok(Number.isNaN(medianRatio([], [1])));
});
