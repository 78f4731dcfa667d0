import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNotModified } from './precondition.ts';
import { controlOf, date, requestOf } from './testing/messages.ts';
import { storedOf } from './testing/stored.ts';

function notModified(answer: string[], request: string[], method = 'GET'): boolean {
	const asked = requestOf(request, { method });
	return isNotModified(storedOf([...answer, 'Cache-Control: max-age=60']), {
		request: asked,
		control: controlOf(asked),
	});
}

test('If-None-Match (RFC 9110 §13.1.2): weak comparison', () => {
	const cases: [string, string[], boolean][] = [
		['"abcdef"', ['"abcdef"'], true],
		['"abcdef"', ['W/"abcdef"'], true],
		['W/"abcdef"', ['"abcdef"'], true],
		['W/"abcdef"', ['W/"abcdef"'], true],
		['"abcdef"', ['"abcdeg"'], false],
		['"abcdef"', ['"abcdef', 'abcdef"'], false],
		['"abcdef"', ['abcdef'], false],
		['abcdef', ['abcdef'], true],
		['"abcdef\xfc"', ['"abcdef\xfc"'], true],
		['"abcdef"', ['"abcdef", "1234", "5678"'], true],
		['"abcdef"', ['"1234" ,W/"abcdef","5678"'], true],
		['"abcdef"', ['"1234"', '"5678", "abcdef"'], true],
		['"b"', ['"a, "b", c"'], false],
		['"a,b"', ['"x", "a,b"'], true],
		['"a"', ['*'], true],
		['"a"', ['"*"'], false],
		['"a"', [''], false],
		['""', ['""'], true],
	];
	for (const [etag, lines, expected] of cases) {
		const request = lines.map((line) => `If-None-Match: ${line}`);
		assert.equal(notModified([`ETag: ${etag}`], request), expected, `${etag} ${lines}`);
	}
	assert.ok(notModified([], ['If-None-Match: *']));
	assert.ok(!notModified([], ['If-None-Match: "a"']));
	assert.ok(notModified(['ETag: "a"'], ['If-None-Match: "a"'], 'HEAD'));
	assert.ok(!notModified(['ETag: "a"'], ['If-None-Match: "a"'], 'POST'));
	const both = ['If-None-Match: "b"', `If-Modified-Since: ${date(0)}`];
	assert.ok(!notModified(['ETag: "a"', `Last-Modified: ${date(-10)}`], both), 'If-None-Match goes first');
});

test('If-Modified-Since (RFC 9110 §13.1.3, RFC 9111 §4.3.2)', () => {
	const since = (value: string): string[] => [`If-Modified-Since: ${value}`];
	const modified = [`Last-Modified: ${date(-3000)}`];
	assert.ok(notModified(modified, since(date(-3000))));
	assert.ok(notModified(modified, since(date(-2000))));
	assert.ok(!notModified(modified, since(date(-3001))));
	assert.ok(!notModified(modified, since('yesterday')));
	assert.ok(notModified(modified, since('Saturday, 28-Nov-26 09:10:00 GMT')));
	assert.ok(notModified([`Date: ${date(-10)}`], since(date(-10))));
	assert.ok(!notModified([`Date: ${date(-10)}`], since(date(-11))));
	assert.ok(!isNotModified(storedOf(['Cache-Control: max-age=60', ...modified], {}, 404), asking(since(date(0)))));
});

function asking(lines: string[]): Parameters<typeof isNotModified>[1] {
	const request = requestOf(lines);
	return { request, control: controlOf(request) };
}
