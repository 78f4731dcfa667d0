import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { closest, distance } from './closest.ts';

test('edits: insert, delete, replace, and two neighbours swapped count one each', () => {
	const cases: [string, string, number][] = [
		['', '', 0],
		['abc', '', 3],
		['listen', 'lisen', 1],
		['listen', 'listne', 1],
		['ca', 'abc', 3],
		['kitten', 'sitting', 3],
	];
	for (const [from, to, edits] of cases) assert.equal(distance(from, to), edits, `${from} → ${to}`);
});

test('property: the same from both sides, 0 only for equal words, at most the longer length', () => {
	const word = fc.string({ maxLength: 12 });
	fc.assert(
		fc.property(word, word, (a, b) => {
			const found = distance(a, b);
			assert.equal(found, distance(b, a));
			assert.equal(found === 0, a === b);
			assert.ok(found <= Math.max(a.length, b.length) && found >= Math.abs(a.length - b.length));
		}),
		{ seed: 3 },
	);
});

test('the nearest word, whatever its case and hyphens; none that is far', () => {
	const keys = ['timeouts', 'limits', 'host', 'strip', 'firstByte', 'min', 'max'];
	const cases: [string, string | undefined][] = [
		['timeout', 'timeouts'],
		['limts', 'limits'],
		['first_byte', 'firstByte'],
		['FIRST-BYTE', 'firstByte'],
		['hots', 'host'],
		['mix', 'min'],
		['cache', undefined],
		['x', undefined],
		['', undefined],
		['h'.repeat(100), undefined],
	];
	for (const [word, expected] of cases) assert.equal(closest(word, keys), expected, word);
	assert.equal(closest('a', []), undefined);
});
