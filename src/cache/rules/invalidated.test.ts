import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invalidated } from './invalidated.ts';
import { answerOf, type RequestOptions, requestOf } from './testing/messages.ts';

function targets(lines: string[], options: RequestOptions = {}, status = 200): string[] {
	const { head, bytes } = answerOf(lines, status);
	return invalidated(requestOf([], { method: 'POST', target: '/t/x?y', ...options }), head, bytes);
}

test('unsafe and unknown methods that did not fail (RFC 9111 §4.4)', () => {
	for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH', 'get'])
		assert.deepEqual(targets([], { method }), ['/t/x?y'], method);
	for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY'])
		assert.deepEqual(targets([], { method }), [], method);
	for (const status of [200, 201, 204, 299, 301, 303, 399])
		assert.equal(targets([], {}, status).length, 1, String(status));
	for (const status of [100, 400, 404, 500, 503]) assert.equal(targets([], {}, status).length, 0, String(status));
});

test('what the answer names, of the same origin only', () => {
	const cases: [string, string | null, RequestOptions?][] = [
		['/t/x/location_target', '/t/x/location_target'],
		['other', '/t/other'],
		['?z', '/t/x?z'],
		['../a/./b#f', '/a/b'],
		['http://example.com/b?c', '/b?c'],
		['http://EXAMPLE.com:80/b', '/b'],
		['//example.com/b', '/b'],
		['https://example.com/b', null],
		['http://example.com:8080/b', null],
		['http://example.com.evil/b', null],
		['//evil/b', null],
		['http://[', null],
		['javascript:alert(1)', null],
		['x'.repeat(9000), null],
		['https://example.com:8443/b', '/b', { secure: true, host: 'example.com:8443' }],
		['/b', null, { host: 'a^b' }],
		['/b', '/b', { target: '*' }],
	];
	for (const [reference, expected, options] of cases) {
		for (const name of ['Location', 'Content-Location']) {
			const [, ...named] = targets([`${name}: ${reference}`], options);
			assert.deepEqual(named, expected === null ? [] : [expected], `${name}: ${reference}`);
		}
	}
	assert.deepEqual(targets(['Location: /a', 'Content-Location: /b']), ['/t/x?y', '/a', '/b']);
});
