import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CacheKeyPolicy } from '../cache-policy.ts';
import { PLAIN_CACHE } from '../cache-policy.ts';
import { isBypassed } from './bypass.ts';
import { CacheKeyBuilder } from './cache-key.ts';
import type { CacheRequest } from './cache-request.ts';
import { queryKeyOf } from './query-key.ts';
import { HASH, type RequestOptions, requestOf } from './testing/messages.ts';

function builder(changes: Partial<CacheKeyPolicy> = {}, space = ''): CacheKeyBuilder {
	return new CacheKeyBuilder({ policy: { ...PLAIN_CACHE.key, ...changes }, hash: HASH, space });
}

function keyOf(keys: CacheKeyBuilder, request: CacheRequest): string {
	const { bytes, length } = keys.build(request);
	return bytes.toString('latin1', 0, length);
}

const plain = (options: RequestOptions): string => keyOf(builder(), requestOf([], options));

test('scheme, host and target, as they are forwarded', () => {
	assert.equal(plain({ target: '/A%2f/b?x=1&y' }), 'hexample.com/A%2f/b?x=1&y');
	assert.equal(plain({ host: 'EXAMPLE.com:80', secure: false }), 'hexample.com/a');
	assert.equal(plain({ host: 'example.com:443', secure: true }), 'sexample.com/a');
	assert.equal(plain({ host: 'example.com:443' }), 'hexample.com:443/a');
	assert.equal(plain({ host: 'example.com:180' }), 'hexample.com:180/a');
	assert.equal(plain({ host: '[::1]:80' }), 'h[::1]/a');
	assert.equal(keyOf(builder({ anyHost: true }), requestOf([])), 'h*/a');
	const long = `/${'x'.repeat(5000)}`;
	assert.equal(plain({ target: long }), `hexample.com${long}`);
});

test('what is made of another target of the same host is what the keys of requests for it begin with', () => {
	for (const policy of [{}, { query: 'sorted' as const }, { headers: ['x'] }]) {
		const [one, other] = [builder(policy), builder(policy)];
		const { bytes, length, high } = one.buildUrl('/b?z&a', requestOf(['X: 1']));
		const asked = other.build(requestOf(['X: 1'], { target: '/b?z&a' }));
		assert.deepEqual([bytes.subarray(0, length), high], [asked.bytes.subarray(0, length), other.url]);
	}
});

test('what a trusted proxy says of the URL is part of the key, and nothing of what others say', () => {
	const keys = builder();
	const key = (lines: string[], trusted: boolean) => keyOf(keys, requestOf(lines, { trusted }));
	const plainKey = key([], false);
	for (const line of [
		'X-Forwarded-Host: a',
		'X-Forwarded-Proto: https',
		'X-Forwarded-Prefix: /a',
		'Surrogate-Capability: a',
	]) {
		assert.equal(key([line], false), plainKey, line);
		assert.ok(keys.bare);
		assert.notEqual(key([line], true), plainKey, line);
		assert.ok(!keys.bare);
		assert.notEqual(key([line], true), key([`${line}x`], true), line);
	}
	for (const line of ['X-Real-IP: 1.2.3.4', 'X-Forwarded-For: 1.2.3.4', 'Forwarded: for=1.2.3.4'])
		assert.equal(key([line], true), plainKey, line);
	assert.equal(keys.build(requestOf(['X-Forwarded-Host: a'], { trusted: true })).high !== keys.url, true);
});

test('query policies', () => {
	const cases: [CacheKeyPolicy['query'], string, string][] = [
		['all', '?b=1&a', '?b=1&a'],
		['none', '?b=1&a', ''],
		['sorted', '?b=1&a&b=0&c', '?a&b=1&b=0&c'],
		['sorted', '?', '?'],
		[{ only: ['a'] }, '?b=1&a=2&a=3', '?a=2&a=3'],
		[{ only: ['a'] }, '?b=1', ''],
		[{ only: ['a'] }, '?%61=1&b=2', '?%61=1'],
		[{ except: ['utm_*', 'x'] }, '?utm_source=1&a=2&x&xy=1', '?a=2&xy=1'],
		[{ except: ['utm_*'] }, '?utm_content=1;callback=evil&a=1', '?utm_content=1;callback=evil&a=1'],
		[{ except: ['a'] }, '?a=1', ''],
		[{ except: ['a'] }, '?', ''],
	];
	for (const [policy, query, expected] of cases)
		assert.equal(queryKeyOf(policy)(query), expected, `${JSON.stringify(policy)} ${query}`);
	const hostile = `?${Array.from({ length: 200 }, (_, i) => 200 - i).join('&')}`;
	assert.equal(queryKeyOf('sorted')(hostile), hostile);
});

test('named fields, cookies and credentials tell keys apart, and no secret is readable in them', () => {
	const keys = builder({
		headers: ['x-tenant', 'authorization'],
		cookies: ['lang'],
		credential: { header: 'x-api-key' },
	});
	const seen = new Set<string>();
	const lines: string[][] = [
		[],
		['X-Tenant:'],
		['X-Tenant: 1'],
		['X-Tenant: 2'],
		[`X-Tenant: ${'x'.repeat(300)}`],
		[`X-Tenant: ${'x'.repeat(299)}y`],
		['Authorization: hunter2'],
		['X-Api-Key: hunter2'],
		['X-Api-Key: hunter3'],
		['Cookie: lang=hunter2'],
		['Cookie: a=b; lang=de'],
		['Cookie: lang=de; lang=fr'],
		// To some origins they are `lang`, too.
		['Cookie: LANG=de'],
		['Cookie: lang[a]=de'],
		['Cookie: l%61ng=de'],
		['Cookie: lang=de; Lang=fr'],
	];
	for (const fields of lines) seen.add(keyOf(keys, requestOf(fields)));
	assert.equal(seen.size, lines.length);
	for (const key of seen) assert.ok(!key.includes('hunter'));
	assert.equal(keyOf(keys, requestOf(['Cookie: a=b; lang=de; c=d'])), keyOf(keys, requestOf(['Cookie: lang=de'])));
	assert.equal(keyOf(keys, requestOf(['Connection: x-tenant', 'X-Tenant: 1'])), keyOf(keys, requestOf([])));
	assert.notEqual(keyOf(builder({}, 'one'), requestOf([])), keyOf(builder({}, 'two'), requestOf([])));
	assert.ok(keyOf(builder({}, 'one'), requestOf([])).startsWith('hexample.com/a '), 'found by its URL');
	assert.deepEqual([builder().plain, keys.plain], [true, false]);
});

test('no two different requests have one key', () => {
	const value = fc.stringMatching(/^[!-~]{1,12}$/);
	const keys = builder({ headers: ['a', 'b'], credential: { header: 'c' } });
	const parts = fc.record({ a: fc.option(value), b: fc.option(value), c: fc.option(value) });
	const of = (fields: Record<string, string | null>): string =>
		keyOf(
			keys,
			requestOf(
				Object.entries(fields).flatMap(([name, text]) =>
					text === null ? [] : [`${name}: ${text.replace(/,/g, '.')}`],
				),
			),
		);
	const property = fc.property(parts, parts, (one, other) => {
		const same = (['a', 'b', 'c'] as const).every(
			(name) => one[name]?.replace(/,/g, '.') === other[name]?.replace(/,/g, '.'),
		);
		assert.equal(of(one) === of(other), same);
	});
	fc.assert(property, { numRuns: 300 });
});

test('requests that the policy keeps away from the cache', () => {
	const request = requestOf(['X-Debug: 1', 'Cookie: session=a; theme=dark'], {
		target: '/a?preview&x=a=b&%64ebug=%31',
	});
	const cases: [Parameters<typeof isBypassed>[0][number], boolean][] = [
		[{ from: 'header', name: 'x-debug', value: null }, true],
		[{ from: 'header', name: 'x-debug', value: '2' }, false],
		[{ from: 'cookie', name: 'session', value: null }, true],
		[{ from: 'cookie', name: 'theme', value: 'dark' }, true],
		[{ from: 'cookie', name: 'theme', value: 'light' }, false],
		[{ from: 'query', name: 'preview', value: null }, true],
		[{ from: 'query', name: 'x', value: 'a=b' }, true],
		[{ from: 'query', name: 'y', value: null }, false],
		[{ from: 'query', name: 'debug', value: '1' }, true],
		[{ from: 'query', name: 'debug', value: '2' }, false],
	];
	for (const [rule, expected] of cases) assert.equal(isBypassed([rule], request), expected, JSON.stringify(rule));
	assert.equal(isBypassed([], request), false);
});
