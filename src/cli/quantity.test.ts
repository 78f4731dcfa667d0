import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAge, formatBytes, formatCount, formatLatency, formatRate, plural } from './quantity.ts';

test('counts', () => {
	assert.deepEqual([0, 999, 9999, 10_000, 12_345, 999_499, 999_500, 1_234_567].map(formatCount), [
		'0',
		'999',
		'9999',
		'10k',
		'12k',
		'999k',
		'1M',
		'1.2M',
	]);
});

test('rates', () => {
	assert.deepEqual([0, 0.04, 0.26, 9.94, 12.3, 999, 1234, 45_600].map(formatRate), [
		'0/s',
		'0/s',
		'0.3/s',
		'9.9/s',
		'12/s',
		'999/s',
		'1.2k/s',
		'46k/s',
	]);
});

test('latencies', () => {
	assert.deepEqual([0, 0.42, 3.44, 12.3, 999, 1234, 59_900, 185_000].map(formatLatency), [
		'0 ms',
		'0.4 ms',
		'3.4 ms',
		'12 ms',
		'999 ms',
		'1.2 s',
		'60 s',
		'3m05s',
	]);
});

test('sizes and ages', () => {
	assert.deepEqual([0, 999, 1234, 98_765_432, 1.5e12].map(formatBytes), ['0 B', '999 B', '1.2 kB', '99 MB', '1.5 TB']);
	assert.deepEqual([-5, 999, 59_999, 185_000, 7_620_000, 442_800_000].map(formatAge), [
		'0s',
		'0s',
		'59s',
		'3m05s',
		'2h07m',
		'5d03h',
	]);
	assert.deepEqual(
		[plural(1, 'route'), plural(3, 'route'), plural(0, 'address', 'addresses')],
		['1 route', '3 routes', '0 addresses'],
	);
});

test('what is no number is a question mark', () => {
	for (const format of [formatCount, formatRate, formatLatency, formatBytes, formatAge])
		assert.equal(format(Number.NaN), '?');
});

test('no number needs more than seven characters', () => {
	const positive = fc.double({ min: 0, max: 1e17, noNaN: true });
	fc.assert(
		fc.property(positive, (value) => {
			assert.ok(formatCount(value).length <= 4, formatCount(value));
			assert.ok(formatRate(value % 1e11).length <= 7, formatRate(value));
			assert.ok(formatBytes(value).length <= 6, formatBytes(value));
		}),
		{ seed: 1, numRuns: 2000 },
	);
});
