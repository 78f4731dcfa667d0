import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RequestControl } from './request-control.ts';
import { controlOf, requestOf } from './testing/messages.ts';

const read = (...lines: string[]): RequestControl => controlOf(requestOf(lines));

test('directives of a request (RFC 9111 §5.2.1), of several lines and in any letter case', () => {
	const control = read(
		'Cache-Control: No-Cache, max-age=60,min-fresh = 3',
		'cache-control: no-store , max-age=30, max-stale="7"',
	);
	assert.deepEqual([control.noCache, control.noStore, control.onlyIfCached], [true, true, false]);
	assert.deepEqual([control.maxAgeMs, control.minFreshMs, control.maxStaleMs], [30_000, -1, 7000]);
	assert.equal(read('Cache-Control: max-stale').maxStaleMs, Number.POSITIVE_INFINITY);
	assert.equal(read('Cache-Control: max-stale, max-stale=5').maxStaleMs, 5000, 'the stricter one');
	assert.equal(read('Cache-Control: max-age=x').maxAgeMs, 0);
	assert.ok(read('Cache-Control: only-if-cached').onlyIfCached);
});

test('Pragma counts only where there is no Cache-Control (RFC 9111 §5.4)', () => {
	assert.ok(read('Pragma: No-Cache').noCache);
	assert.ok(read('Pragma: a, no-cache').noCache);
	assert.ok(!read('Pragma: no-cachex').noCache);
	assert.ok(!read('Pragma: no-cache', 'Cache-Control: max-age=1').noCache);
	assert.ok(!read('Cache-Control:', 'Pragma: no-cache').noCache);
});

test('what else matters to the cache', () => {
	const none = read('Accept: */*');
	assert.deepEqual(
		[none.conditional, none.unkeyed, none.authorization, none.rangeAt, none.ifRangeAt, none.ambiguous],
		[false, false, false, -1, -1, false],
	);
	assert.ok(read('If-None-Match: "a"').conditional && read('If-Modified-Since: x').conditional);
	assert.ok(read('If-Match: "a"').originConditions && read('If-Unmodified-Since: x').originConditions);
	assert.ok(read('Authorization: a').authorization);
	assert.ok(!read('Content-Length: 0').unkeyed && read('Content-Length: 00').body && read('Content-Length: 7').unkeyed);
	assert.ok(read('Transfer-Encoding: chunked').body);
	for (const name of [
		'X-HTTP-Method-Override',
		'X-Original-URL',
		'X-Rewrite-URL',
		'X-Host',
		'X_HTTP_Method-Override',
		'x_host',
	])
		assert.ok(read(`${name}: a`).override, name);
	assert.ok(!read('X_Tenant: a').override);
	assert.ok(read('Range: bytes=0-1', 'Range: bytes=0-2').ambiguous);
});

test('one object forgets the request before', () => {
	const [one, other] = [
		requestOf([
			'Cache-Control: no-store, no-cache, only-if-cached, max-age=1, min-fresh=1, max-stale',
			'Authorization: a',
			'Range: b',
			'Range: b',
			'If-Range: c',
			'If-Match: d',
			'If-None-Match: e',
			'If-Modified-Since: f',
			'X-Host: g',
			'Content-Length: 1',
		]),
		requestOf([]),
	];
	const control = controlOf(one);
	control.read(other.head.fields, other.buffer);
	assert.deepEqual({ ...control }, { ...controlOf(other) });
});

test('nothing that a client sends breaks it', () => {
	const value = fc.stringMatching(/^[ -~\t\xa0-\xff]{0,60}$/);
	const property = fc.property(value, value, (one, other) => {
		const control = read(`Cache-Control: ${one}`, `Cache-Control: max-age=${other}`, `Pragma: ${other}`);
		assert.ok(control.maxAgeMs >= 0 && control.minFreshMs >= -1 && control.maxStaleMs >= -1);
	});
	fc.assert(property, { numRuns: 300 });
});
