import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ShortLivedMap } from './short-lived-map.ts';

test('it holds what was put in and not taken out, in its order', () => {
	const map = new ShortLivedMap<string, number>();
	for (const [at, key] of ['a', 'b', 'c'].entries()) map.set(key, at);
	map.set('b', 7);
	assert.deepEqual([map.delete('a'), map.delete('a'), map.size], [true, false, 2]);
	assert.deepEqual([map.get('a'), map.get('b')], [undefined, 7]);
	assert.deepEqual(
		[[...map], [...map.keys()], [...map.values()]],
		[
			[
				['b', 7],
				['c', 2],
			],
			['b', 'c'],
			[7, 2],
		],
	);
	map.clear();
	assert.deepEqual([map.size, map.get('b'), [...map]], [0, undefined, []]);
	map.set('a', 1);
	assert.deepEqual([...map], [['a', 1]]);
});
