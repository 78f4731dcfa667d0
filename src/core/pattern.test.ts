import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complainOfPattern, fits } from './pattern.ts';

test('patterns that are taken', () => {
	const fine = [
		'ok',
		'"status": *"(?:ok|up)"',
		'^[a+*(]+$',
		'\\(a+\\)+',
		'(?<word>ok)+',
		'(?<=a)b+',
		'(?:abc){3,}x',
		'(?:a+b){3}',
		'(?:a+)?',
		'[\\]+]*(x)',
		'(a+)(b+)',
		'\\\\1',
		'(?:\\u{61}\\p{L})+',
	];
	for (const source of fine) assert.equal(complainOfPattern(source), undefined, source);
});

test('what can take for ever, or is none, is refused', () => {
	for (const source of ['(a+)+', '(?:a*b)*', '((a+)b)+', '(?<x>a?)*', '(?:a{2,})+', '(?:a{1,3}){2,}'])
		assert.match(complainOfPattern(source) ?? '', /repetition within a repetition/, source);
	assert.match(complainOfPattern('(a)\\1') ?? '', /references back/);
	assert.match(complainOfPattern('(?<a>x)\\k<a>') ?? '', /references back/);
	assert.match(complainOfPattern('(a') ?? '', /not valid: unterminated group/);
	assert.match(complainOfPattern('') ?? '', /an empty one fits everything/);
	assert.match(complainOfPattern('a'.repeat(501)) ?? '', /at most 500/);
});

test('a pattern that fits, one that does not, and one that takes too long is ended', () => {
	assert.equal(fits('"status": *"ok"', '{"status":  "ok"}'), true);
	assert.equal(fits('^ok$', 'not ok'), false);
	const began = performance.now();
	// Quadratic: no check beforehand tells it from one that is fast; unbounded it takes seconds.
	assert.equal(fits('.*x', 'a'.repeat(65_536)), null);
	assert.ok(performance.now() - began < 1000, `${performance.now() - began} ms`);
	assert.equal(fits('ok', 'ok'), true);
});
