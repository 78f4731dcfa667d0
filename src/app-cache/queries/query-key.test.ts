import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainValues, queryKey } from './query-key.ts';

const text = (...values: unknown[]) => plainValues(values)?.text;

test('values that differ for the server differ in the key', () => {
	const all = [
		[null],
		['n'],
		['null'],
		['1', '2'],
		['1,2'],
		[['1', '2']],
		[[['1'], '2']],
		[new Date(5)],
		['d5'],
		[Buffer.from('a')],
		['bYQ=='],
		[[]],
		['[]'],
		[],
		[''],
		[[null]],
		[['n']],
	];
	assert.equal(new Set(all.map((values) => text(...values))).size, all.length);
	assert.equal(text(1), text('1'));
	assert.equal(text(undefined), text(null));
	assert.equal(text(10n), text('10'));
});

test('what is not plain has no key', () => {
	for (const value of [
		{},
		{ toPostgres: () => 1 },
		new Date(Number.NaN),
		new Uint8Array(2),
		Symbol('a'),
		() => 1,
		[{}],
		'now',
		'Today 10:00',
		[['tomorrow']],
	]) {
		assert.equal(plainValues([value]), undefined, String(value));
	}
	assert.equal(plainValues(['x'.repeat(70_000)]), undefined);
	assert.notEqual(plainValues(['now that this text is longer than any time could be, it is one no more']), undefined);
});

test('what is changed later is not changed in the copy', () => {
	const values = [[1], Buffer.from('a'), new Date(5)] as const;
	const plain = plainValues(values);
	(values[0] as unknown as number[])[0] = 2;
	values[1][0] = 0;
	values[2].setTime(9);
	assert.deepEqual(plain?.copy, [[1], Buffer.from('a'), new Date(5)]);
});

test('parts of a key do not run into each other', () => {
	assert.notEqual(queryKey(['a', 'b']), queryKey(['ab', '']));
	assert.match(queryKey(['a']), /^q:[\w-]{43}$/);
});
