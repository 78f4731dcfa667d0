import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Exchange } from '../exchange.ts';
import { checkRequest } from '../request-checks.ts';
import { bareRequests, exchangeOf } from '../testing/bare-plane.ts';
import { Conditions, conditionalStatus, mayBeRange } from './conditions.ts';

const requests = bareRequests();

function conditions(...lines: string[]): Conditions {
	const head = `GET / HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
	const exchange = exchangeOf(requests, Buffer.from(head, 'latin1')) as Exchange;
	checkRequest(exchange);
	return new Conditions().read(exchange.buffer, exchange.head.fields);
}

const WHEN = 'Sun, 06 Nov 1994 08:49:37 GMT';
const version = { etag: '"v1"', modifiedS: Date.parse(WHEN) / 1000 };

suite('what comes of conditions', () => {
	const asked: [string[], 0 | 304 | 412][] = [
		[[], 0],
		[['If-None-Match: "v1"'], 304],
		[['if-none-match: W/"v1"'], 304],
		[['If-None-Match: "a", "v1"'], 304],
		[['If-None-Match: "a"', 'If-None-Match: "v1"'], 304],
		[['If-None-Match: *'], 304],
		[['If-None-Match: "v2"'], 0],
		[['If-None-Match: v1'], 0],
		[['If-None-Match: "x"v1"'], 0],
		[['If-None-Match: "v2"', `If-Modified-Since: ${WHEN}`], 0],
		[[`If-Modified-Since: ${WHEN}`], 304],
		[['If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT'], 304],
		[['If-Modified-Since: Sun Nov  6 08:49:37 1994'], 304],
		[['If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT'], 0],
		[['If-Modified-Since: yesterday'], 0],
		[['If-Modified-Since: 2030'], 0],
		[['If-Match: "v1"'], 0],
		[['If-Match: W/"v1"'], 412],
		[['If-Match: "v2"'], 412],
		[['If-Match: *'], 0],
		[[`If-Unmodified-Since: ${WHEN}`], 0],
		[['If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT'], 412],
		[['If-Unmodified-Since: never'], 0],
		[['If-Match: "v1"', 'If-None-Match: "v1"'], 304],
	];
	for (const [lines, status] of asked)
		test(`${lines.join(' + ') || 'none'}: ${status}`, () =>
			assert.equal(conditionalStatus(conditions(...lines), version), status));
});

suite('If-Range', () => {
	const asked: [string[], boolean][] = [
		[[], true],
		[['If-Range: "v1"'], true],
		[['If-Range: W/"v1"'], false],
		[['If-Range: "v2"'], false],
		[[`If-Range: ${WHEN}`], true],
		[['If-Range: Sun, 06 Nov 1994 08:49:38 GMT'], false],
		[['If-Range: nonsense'], false],
	];
	for (const [lines, may] of asked)
		test(`${lines.join('') || 'none'}: ${may ? 'a part' : 'the whole'}`, () =>
			assert.equal(mayBeRange(conditions(...lines), version, Date.now() / 1000), may));

	test('a date does not tell versions of one second apart', () => {
		assert.equal(mayBeRange(conditions(`If-Range: ${WHEN}`), version, version.modifiedS + 0.5), false);
	});
});

test('fields that Connection names are not of the request', () => {
	assert.equal(conditions('Connection: range', 'Range: bytes=0-1').range, undefined);
});

test('a Range that comes twice is none', () => {
	assert.equal(conditions('Range: bytes=0-1', 'Range: bytes=2-3').range, '');
});
