import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCacheControl, parseTargeted } from './directives.ts';
import { dictionaryOf } from './structured-dictionary.ts';

const shown = (text: string): unknown => {
	const members = dictionaryOf(text);
	return members === null ? null : Object.fromEntries([...members].map(([key, { value }]) => [key, value]));
};

test('dictionaries (RFC 9651 §4.2.2)', () => {
	const cases: [string, unknown][] = [
		['', {}],
		['a', { a: true }],
		['a=1, b=?0,c="x\\"y" ,\td=tok/en:1', { a: 1, b: false, c: 'x"y', d: null }],
		['a=-15;x;y="z" , *b.c_d-e', { a: -15, '*b.c_d-e': true }],
		['a=1.5, b=:aGk=:, c=@1659578233, d=%"f%c3%bc"', { a: null, b: null, c: null, d: null }],
		['a=("x" 1 tok;p=2);q, b=()', { a: null, b: null }],
		['a=1, a=2', { a: 2 }],
		['  a=1  ', { a: 1 }],
		['A=1', null],
		['a=1,', null],
		['a=1,,b', null],
		['a=', null],
		['a =1', null],
		['a= 1', null],
		['a=1 b=2', null],
		['a="x', null],
		['a="\xfc"', null],
		["a='x'", null],
		['a=1.', null],
		['a=1.2345', null],
		['a=1234567890123456', null],
		['a=--1', null],
		['a=?2', null],
		['a=(1', null],
		['a=(1,2)', null],
		['a;=1', null],
		['a;B', null],
		['\ta=1', null],
		[`a=${'1'.repeat(9000)}`, null],
	];
	for (const [text, expected] of cases) assert.deepEqual(shown(text), expected, text);
});

test('whatever stands in a field is read, quickly, to a lifetime or none', () => {
	const text = fc.oneof(
		fc.stringMatching(/^[ -~\t]{0,80}$/),
		fc
			.array(fc.constantFrom('max-age', '=', '1', ',', '"', '\\', ' ', '(', ')', ';', 'no-cache', 'private'), {
				maxLength: 40,
			})
			.map((parts) => parts.join('')),
	);
	const property = fc.property(text, (value) => {
		for (const directives of [parseCacheControl(value), parseTargeted(value)]) {
			if (directives === null) continue;
			for (const seconds of [directives.maxAge, directives.sMaxage, directives.staleIfError]) {
				assert.ok(Number.isInteger(seconds) && seconds >= -2 && seconds <= 2 ** 31);
			}
		}
	});
	fc.assert(property, { numRuns: 1000 });
	const startMs = performance.now();
	for (const piece of ['a,', '"', '\\"', 'a="', 'no-cache="a,', '(', 'a=(', 'a;', ' ', '\t']) {
		const long = piece.repeat(20_000);
		parseCacheControl(long);
		parseTargeted(long);
		parseCacheControl(`a="${long}`);
		parseCacheControl(`private="${long}"`);
	}
	// A pattern whose time grows with the square of its input needs a hundred times as long.
	assert.ok(performance.now() - startMs < 3000);
});

test('more directives than anyone sends forbid the storing: what follows could do so', () => {
	assert.equal(parseCacheControl(`${'a,'.repeat(100)}`).noStore, false);
	assert.equal(parseCacheControl(`${'a,'.repeat(100)}no-store`).noStore, true);
});
