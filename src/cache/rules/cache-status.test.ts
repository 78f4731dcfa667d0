import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Output } from '../../wire/output.ts';
import { type CacheReport, cacheStatusLine, writeAge, writeHitStatus } from './cache-status.ts';

const REPORT: CacheReport = {
	fwd: 'uri-miss',
	fwdStatus: 0,
	stored: false,
	collapsed: false,
	ttlMs: null,
	key: null,
	detail: null,
};

function written(write: (out: Output) => void): string {
	const out = new Output();
	write(out);
	return out.buffer.toString('latin1', 0, out.length);
}

test('Cache-Status (RFC 9211)', () => {
	const cases: [Partial<CacheReport>, string][] = [
		[{}, 'fwd=uri-miss'],
		[{ stored: true, collapsed: true }, 'fwd=uri-miss; stored; collapsed'],
		[{ fwd: 'stale', fwdStatus: 304, ttlMs: 59_999 }, 'fwd=stale; fwd-status=304; ttl=59'],
		[{ fwd: 'bypass', detail: 'no-store' }, 'fwd=bypass; detail=no-store'],
		[{ fwd: null, ttlMs: -1500, stored: true, collapsed: true, fwdStatus: 500 }, 'hit; ttl=-2'],
		[{ key: 'h/"\\\r\n\xfc' }, 'fwd=uri-miss; key="h/\\"\\\\???"'],
	];
	for (const [changes, expected] of cases) {
		assert.equal(cacheStatusLine({ ...REPORT, ...changes }), `Cache-Status: Ballast; ${expected}\r\n`);
	}
});

test('lines of a hit', () => {
	assert.equal(
		written((out) => writeHitStatus(out, 59_999)),
		'Cache-Status: Ballast; hit; ttl=59\r\n',
	);
	assert.equal(
		written((out) => writeHitStatus(out, -1)),
		'Cache-Status: Ballast; hit; ttl=-1\r\n',
	);
	assert.equal(
		written((out) => writeHitStatus(out, 0)),
		'Cache-Status: Ballast; hit; ttl=0\r\n',
	);
	assert.equal(
		written((out) => writeAge(out, 2 ** 31 * 1000)),
		'Age: 2147483648\r\n',
	);
	assert.equal(
		written((out) => writeAge(out, 999)),
		'Age: 0\r\n',
	);
});
