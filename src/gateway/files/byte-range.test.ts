import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { byteRange } from './byte-range.ts';

suite('byteRange of 100 bytes', () => {
	const parts: [string, number, number][] = [
		['bytes=0-0', 0, 1],
		['bytes=0-', 0, 100],
		['bytes=10-19', 10, 20],
		['bytes=99-', 99, 100],
		['bytes=50-9999999', 50, 100],
		['bytes=-1', 99, 100],
		['bytes=-1000', 0, 100],
		['BYTES=1-2', 1, 3],
		['bytes= 1-2 ', 1, 3],
		['bytes=0-9,10-19', 0, 20],
		['bytes=10-19, 0-12', 0, 20],
		['bytes=0-9, 200-300', 0, 10],
		['bytes=0-1,,2-3', 0, 4],
	];
	for (const [value, start, end] of parts)
		test(`${value} is ${start} to ${end}`, () => assert.deepEqual(byteRange(value, 100), { start, end }));

	for (const value of ['bytes=100-', 'bytes=100-200', 'bytes=-0', 'bytes=500-600,700-', 'bytes=99999999999999999-'])
		test(`${value} is not to be had`, () => assert.equal(byteRange(value, 100), 'unsatisfiable'));

	for (const value of [
		'',
		'bytes',
		'bytes=',
		'bytes=-',
		'bytes=a-b',
		'bytes=5-4',
		'bytes=+1-2',
		'bytes=1.5-2',
		'items=0-1',
		'bytes=0-9,20-29',
		`bytes=${Array.from({ length: 17 }, (_, at) => `${at}-${at}`).join(',')}`,
		`bytes=${'0-,'.repeat(100_000)}0-`,
	])
		test(`${value.slice(0, 30)} is the whole`, () => assert.equal(byteRange(value, 100), null));

	test('of nothing there is no part', () => {
		assert.equal(byteRange('bytes=0-', 0), 'unsatisfiable');
		assert.equal(byteRange('bytes=-5', 0), 'unsatisfiable');
	});
});
