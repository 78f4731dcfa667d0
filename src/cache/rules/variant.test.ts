import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { normalised } from './normalised.ts';
import type { RequestOptions } from './testing/messages.ts';
import { controlOf, HASH, requestOf } from './testing/messages.ts';
import { storedOf } from './testing/stored.ts';
import { suitsVariant } from './variant.ts';

/** Whether an answer to a request with fields `before` and this `Vary` is given to one with fields `now`. */
function suits(vary: string | string[], [before, now]: [string[], string[]], options: RequestOptions = {}): boolean {
	const first = requestOf(before, options);
	const lines = [vary].flat();
	const answer = storedOf(
		[...lines.map((line) => (line.includes(':') ? line : `Vary: ${line}`)), 'Cache-Control: max-age=60'],
		{
			request: first,
			control: controlOf(first),
		},
	);
	const request = requestOf(now, options);
	return suitsVariant(answer, { request, control: controlOf(request), hash: HASH, keyedByAuthorization: false });
}

test('fields that Vary names select the answer (RFC 9111 §4.1)', () => {
	const cases: [string | string[], string[], string[], boolean][] = [
		['Foo', ['Foo: 1'], ['Foo: 1'], true],
		['Foo', ['Foo: 1'], ['Foo: 2'], false],
		['Foo', [], ['Foo: 1'], false],
		['Foo', ['Foo: 1'], [], false],
		['Foo', [], [], true],
		['foo, Bar', ['Foo: 1', 'Bar: abc'], ['Foo: 1', 'Bar: abc'], true],
		['Foo, Bar', ['Foo: 1', 'Bar: abc'], ['Foo: 2', 'Bar: abc'], false],
		['Foo, Bar', ['Foo: 1'], [], false],
		[['Foo', 'Bar'], ['Foo: 1', 'Bar: abc'], ['Foo: 1', 'Bar: abcd'], false],
		['Foo', ['Foo: 1', 'Other: 2'], ['Foo: 1', 'Other: 3'], true],
		['Foo', ['Foo: 1, 2'], ['Foo: 1', 'Foo: 2'], true],
		['Foo', ['Foo: 1,2'], ['Foo:  1, 2 '], true],
		['Foo', ['Foo: 1, 2'], ['Foo: 2', 'Foo: 1'], false],
		['Foo', ['Foo: a'], ['Foo: A'], false],
		['Foo', ['Foo: a'], ['Foo: a\xa0'], false],
		['Foo', ['Foo: a, b'], ['Foo: a,\xa0b'], false],
		['Accept-Language', ['Accept-Language: \xe0'], ['Accept-Language: \xc0'], false],
		['Foo', ['Foo: "a, b"'], ['Foo: "a,b"'], false],
		['Accept-Language', ['Accept-Language: en, de'], ['Accept-Language: de, en'], true],
		['Accept-Language', ['Accept-Language: en, de'], ['Accept-Language: eN, De'], true],
		['Accept-Language', ['Accept-Language: en, de'], ['Accept-Language:  en ,   de'], true],
		['Accept-Language', ['Accept-Language: en;q=1.0, de;q=0.50'], ['Accept-Language: de; q=0.5,en'], true],
		['Accept-Language', ['Accept-Language: en, de'], ['Accept-Language: en, de;q=0.9'], false],
		['Accept-Encoding', ['Accept-Encoding: gzip, br'], ['Accept-Encoding: br,gzip'], true],
		['Accept-Encoding', ['Accept-Encoding: gzip, br'], ['Accept-Encoding: gzip'], false],
		['Cookie', ['Cookie: a=1'], ['Cookie: a=1'], true],
		['Cookie', ['Cookie: a=1'], ['Cookie: a=2'], false],
		['User-Agent', [`User-Agent: ${'x'.repeat(4000)}1`], [`User-Agent: ${'x'.repeat(4000)}2`], false],
	];
	for (const [vary, before, now, expected] of cases)
		assert.equal(suits(vary, [before, now]), expected, `${vary} ${before} ${now}`);
});

test('the one language that a request prefers selects an answer in it', () => {
	const german = ['Vary: Accept-Language', 'Content-Language: de'];
	const before = ['Accept-Language: en, de'];
	assert.ok(suits(german, [before, ['Accept-Language: fr;q=0.5, de;q=1.0']]));
	assert.ok(!suits(german, [before, ['Accept-Language: fr, de']]));
	assert.ok(!suits(german, [before, ['Accept-Language: fr, de;q=0.5']]));
	assert.ok(!suits(german, [before, ['Accept-Language: de;q=0']]));
	assert.ok(!suits(german, [before, []]));
	assert.ok(!suits(['Vary: Accept-Language'], [before, ['Accept-Language: de']]));
});

test('what does not reach the origin selects nothing: a stranger cannot store the plain answer as that of another request', () => {
	assert.ok(suits('X-Tenant', [['X-Tenant: 7', 'Connection: X-Tenant'], []]));
	assert.ok(!suits('X-Tenant', [['X-Tenant: 7', 'Connection: X-Tenant'], ['X-Tenant: 7']]));
	assert.ok(suits('X-Forwarded-Host', [['X-Forwarded-Host: evil'], ['X-Forwarded-Host: other']]));
	assert.ok(!suits('X-Forwarded-Host', [['X-Forwarded-Host: a'], ['X-Forwarded-Host: b']], { trusted: true }));
});

test('no secret is readable in what is stored', () => {
	const request = requestOf(['Cookie: session=hunter2', 'Authorization: Bearer hunter2']);
	const lines = ['Vary: Cookie, Authorization', 'Cache-Control: max-age=60, public'];
	const { vary } = storedOf(lines, { request, control: controlOf(request) });
	assert.ok(!JSON.stringify(vary).includes('hunter2'));
	assert.deepEqual(
		vary.map(({ name }) => name),
		['cookie', 'authorization'],
	);
});

test('a request with Authorization is given only what may be shared', () => {
	assert.ok(!suits('Cache-Control: max-age=60', [[], ['Authorization: a']]));
	assert.ok(suits('Cache-Control: public', [[], ['Authorization: a']]));
	const request = requestOf(['Authorization: a']);
	const answer = storedOf(['Cache-Control: max-age=60']);
	const selecting = { request, control: controlOf(request), hash: HASH };
	assert.ok(suitsVariant(answer, { ...selecting, keyedByAuthorization: true }));
});

test('a part is given only to requests for bytes of it', () => {
	const request = requestOf(['Range: bytes=-5']);
	const lines = ['Cache-Control: max-age=60', 'Content-Range: bytes 4-9/10', 'Content-Length: 6'];
	const answer = storedOf(lines, { request, control: controlOf(request) }, 206);
	const given = (...fields: string[]): boolean => {
		const other = requestOf(fields);
		return suitsVariant(answer, { request: other, control: controlOf(other), hash: HASH, keyedByAuthorization: false });
	};
	assert.ok(!given());
	for (const range of ['-5', '6-8', '6-', '-1', '4-9', '4-99']) assert.ok(given(`Range: bytes=${range}`), range);
	for (const range of ['0-1', '3-5', '12-', '-7', '6-8,5-6', 'x']) assert.ok(!given(`Range: bytes=${range}`), range);
});

test('normalising is idempotent, and of one name only', () => {
	const value = fc.stringMatching(/^[ -~\t]{0,40}$/);
	const property = fc.property(value, fc.constantFrom('foo', 'accept-language', 'accept-encoding'), (text, name) => {
		const once = normalised(name, text);
		assert.equal(normalised(name, once), once);
	});
	fc.assert(property, { numRuns: 500 });
});

test('long values cost no more than their length', () => {
	const startMs = performance.now();
	for (const piece of [' ', '\t', ',', ' ,', '"', '\\"', '", ', 'a ', ';q=', ';q=0.5,']) {
		for (const name of ['foo', 'accept-language']) {
			const long = piece.repeat(30_000);
			normalised(name, `a,${long}b`);
			normalised(name, `a,"${long}`);
		}
	}
	assert.ok(performance.now() - startMs < 3000);
});
