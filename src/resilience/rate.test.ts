import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { formatRate, parseRate } from './rate.ts';
import { parseLimitKey } from './rate-limit-config.ts';

test('rates', () => {
	const rates: [string, number, number][] = [
		['100/s', 100, 1000],
		['1/m', 1, 60_000],
		['5000/h', 5000, 3_600_000],
		['7/d', 7, 86_400_000],
		['10/10s', 10, 10_000],
		['3/1m30s', 3, 90_000],
		['5/250ms', 5, 250],
		['1000000/s', 1_000_000, 1000],
		['2/ms', 2, 1],
	];
	for (const [text, count, perMs] of rates) assert.deepEqual(parseRate(text), { count, perMs }, text);
});

test('what is no rate, and what is meant', () => {
	const meant: [string, string][] = [
		['100rps', '100/s'],
		['100r/s', '100/s'],
		['100 / s', '100/s'],
		['60 per minute', '60/m'],
		['60 requests per hour', '60/h'],
		['5/sec', '5/s'],
	];
	for (const [text, write] of meant) assert.match(parseRate(text) as string, new RegExp(`; write \`${write}\`$`), text);
	for (const text of ['', '100', 's', '100/', '/s', '-1/s', '1.5/s', '1e3/s', '100/x', '100/0s', '0/s', '100/s/s'])
		assert.match(parseRate(text) as string, /^expected a rate such as 100\/s/, text);
	assert.match(parseRate('1/25h') as string, /from 1ms to 1d$/);
	assert.match(parseRate('1001/ms') as string, /at most 1000000\/s$/);
	assert.match(parseRate('1000001/h') as string, /at most 1000000 requests$/);
});

test('property: what is written of a rate is read as the same one', () => {
	const rate = fc
		.record({ count: fc.integer({ min: 1, max: 1_000_000 }), perMs: fc.integer({ min: 1, max: 86_400_000 }) })
		.filter(({ count, perMs }) => count / perMs <= 1000);
	fc.assert(fc.property(rate, (one) => assert.deepEqual(parseRate(formatRate(one)), { ...one })));
	assert.deepEqual(
		[1000, 60_000, 86_400_000, 10_000, 61_000, 1, 100].map((perMs) => formatRate({ count: 5, perMs })),
		['5/s', '5/m', '5/d', '5/10s', '5/1m1s', '5/ms', '5/100ms'],
	);
});

test('keys', () => {
	assert.deepEqual(parseLimitKey('address'), { from: 'address' });
	assert.deepEqual(parseLimitKey('everyone'), { from: 'everyone' });
	assert.deepEqual(parseLimitKey('header:X-Api-Key'), { from: 'header', name: 'x-api-key' });
	for (const text of ['', 'header', 'header:', 'header:a b', 'cookie:x', 'Address'])
		assert.equal(parseLimitKey(text), undefined, text);
});
