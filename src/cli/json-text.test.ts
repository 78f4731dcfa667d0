import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyText } from '../core/testing/any-text.ts';
import { jsonText } from './json-text.ts';

test('one line, or indented', () => {
	assert.equal(jsonText({ a: [1] }), '{"a":[1]}');
	assert.equal(jsonText({ a: 1 }, 2), '{\n  "a": 1\n}');
	assert.equal(jsonText(undefined), 'null');
});

test('what could act on a terminal is escaped, and read back alike', () => {
	assert.equal(jsonText('\x1b[2J\x9b\u202e\u2028'), '"\\u001b[2J\\u009b\\u202e\\u2028"');
	fc.assert(
		fc.property(anyText(), (text) => {
			const written = jsonText({ [text]: text }, 2);
			assert.doesNotMatch(written, /[^\P{Cc}\n]|[\u2028\u202a-\u202e]/u);
			assert.deepEqual(JSON.parse(written), { [text]: text });
		}),
		{ seed: 1, numRuns: 1000 },
	);
});
