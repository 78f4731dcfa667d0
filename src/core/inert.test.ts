import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inert, inertLines } from './inert.ts';
import { anyText } from './testing/any-text.ts';

test('writes out what would act on a terminal', () => {
	assert.equal(inert('\x1b]0;owned\x07\x1b[2J'), '\\x1b]0;owned\\x07\\x1b[2J');
	assert.equal(inert('a\nb\r\tc'), 'a\\nb\\r\\tc');
	assert.equal(inert('\x9b31m'), '\\x9b31m');
	assert.equal(inert('abc\u202edef\u2066'), 'abc\\u202edef\\u2066');
	assert.equal(inert('x\u2028y'), 'x\\u2028y');
	assert.equal(inert('\ud800'), '\\ud800');
});

test('leaves other text alone', () => {
	for (const text of ['plain', 'Größe 12 µs', '日本語', '👩‍🚀'.replaceAll('\u200d', '')])
		assert.equal(inert(text), text);
});

test('lines and tabs stay in a block', () => {
	assert.equal(inertLines('a\n\tb\x1b[1m\r'), 'a\n\tb\\x1b[1m\\r');
});

test('nothing active is ever left', () => {
	fc.assert(
		fc.property(anyText(), (text) => {
			// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
			assert.doesNotMatch(inert(text), /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
			assert.equal(inert(text).isWellFormed(), true);
		}),
		{ seed: 1, numRuns: 2000 },
	);
});
