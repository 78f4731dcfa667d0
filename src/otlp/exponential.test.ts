import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exponentialOf } from './exponential.ts';

test('each cell lies in the bucket that its middle belongs to, whatever the scale', () => {
	const cell = fc.record({
		middle: fc.double({ min: 1e-6, max: 1e5, noNaN: true }),
		count: fc.integer({ min: 1, max: 9 }),
	});
	const property = fc.property(fc.array(cell, { maxLength: 30 }), (cells) => {
		const { scale, positive, zeroCount } = exponentialOf(
			cells.map(({ count }) => count),
			(i) => cells[i]?.middle ?? 0,
		);
		const { offset = 0, bucketCounts = [] } = positive;
		const expected = new Array<number>(bucketCounts.length).fill(0);
		for (const { middle, count } of cells) {
			const bucket = Array.from(expected.keys()).find((i) => {
				const [low, high] = [offset + i, offset + i + 1].map((index) => 2 ** (index / 2 ** scale));
				// The bounds are not exact in floating point.
				return middle > (low as number) * (1 - 1e-12) && middle <= (high as number) * (1 + 1e-12);
			});
			assert.ok(bucket !== undefined, `${middle} has no bucket`);
			expected[bucket] = (expected[bucket] as number) + count;
		}
		const near = (counts: ArrayLike<number>): number => Array.from(counts).reduce((sum, one) => sum + one, 0);
		assert.equal(near(bucketCounts), near(expected));
		assert.equal(zeroCount, 0);
		assert.ok(bucketCounts.length <= 160 && scale <= 5);
	});
	fc.assert(property, { numRuns: 300 });
});

test('nothing, zeros, and a range that needs a coarser scale', () => {
	assert.deepEqual(
		exponentialOf([0, 0], () => 1),
		{ scale: 5, zeroCount: 0, positive: { offset: 0, bucketCounts: [] } },
	);
	assert.deepEqual(
		exponentialOf([4, 1], (cell) => cell),
		{ scale: 5, zeroCount: 4, positive: { offset: -1, bucketCounts: [1] } },
	);
	// 10 µs to 100 s are 23.3 octaves: 8 buckets each would be 187, 4 are 94.
	const wide = exponentialOf([1, 1], (cell) => (cell === 0 ? 1e-5 : 100));
	assert.equal(wide.scale, 2);
	assert.equal(wide.positive.bucketCounts?.length, 94);
});
