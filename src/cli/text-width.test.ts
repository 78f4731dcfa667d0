import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clip, pad, textWidth } from './text-width.ts';

test('counts columns, not characters', () => {
	assert.equal(textWidth('plain'), 5);
	assert.equal(textWidth('Größe'), 5);
	assert.equal(textWidth('Gro\u0308ße'), 5);
	assert.equal(textWidth('日本'), 4);
	assert.equal(textWidth('🚀'), 2);
});

test('clips with an ellipsis, never in the middle of a character', () => {
	assert.equal(clip('abcdef', 6), 'abcdef');
	assert.equal(clip('abcdef', 4), 'abc…');
	assert.equal(clip('日本語', 4), '日…');
	assert.equal(clip('abc', 0), '');
});

test('pads on either side', () => {
	assert.equal(pad('ab', 4), 'ab  ');
	assert.equal(pad('ab', 4, 'left'), '  ab');
	assert.equal(pad('日', 3), '日 ');
});

test('what is clipped fits', () => {
	fc.assert(
		fc.property(fc.string({ unit: 'grapheme' }), fc.nat(30), (text, width) =>
			assert.ok(textWidth(clip(text, width)) <= width),
		),
		{ seed: 1, numRuns: 1000 },
	);
});
