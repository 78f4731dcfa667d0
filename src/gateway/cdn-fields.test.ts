import assert from 'node:assert/strict';
import test from 'node:test';
import { ResponseHead } from '../wire/response-head.ts';
import { CdnFields } from './cdn-fields.ts';
import type { CdnPolicy } from './cdn-policy.ts';

const LIFETIME = {
	maxAge: 10,
	browserMaxAge: 0,
	staleWhileRevalidate: null,
	staleIfError: null,
	field: 'CDN-Cache-Control',
	statuses: [200],
	override: false,
} as const;
const GET = { method: 'GET', credential: false, cookie: false };

/** The lines that are added to an answer with these lines. */
function added(policy: CdnPolicy, lines: readonly string[], request: typeof GET = GET): string {
	const bytes = Buffer.from(`HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`, 'latin1');
	const head = new ResponseHead(50);
	assert.ok(head.parse(bytes, 0, bytes.length) > 0);
	const own = { set: [['X-Own', '1']] as [string, string][], remove: ['x-gone'] };
	const { added: lines2, removed } = new CdnFields(policy, own).edits(request, head, bytes);
	assert.ok(removed.has('x-gone') && removed.has('x-own'), "the route's own edits are in it");
	return lines2.toString('latin1').replace('X-Own: 1\r\n', '');
}
const timed = (changes: Partial<CdnPolicy['lifetime']> = {}): CdnPolicy => ({
	lifetime: { ...LIFETIME, statuses: [200], ...changes },
	tags: 'pass',
});

test('a cookie that Ballast sets, a credential and other methods keep answers out of the CDN', () => {
	assert.match(added(timed(), []), /CDN-Cache-Control: max-age=10\r\n$/);
	for (const request of [
		{ ...GET, cookie: true },
		{ ...GET, credential: true },
		{ ...GET, method: 'POST' },
	])
		for (const override of [false, true]) assert.equal(added(timed({ override }), [], request), '');
});

test('private and no-store hold against an override, in whatever way they are written', () => {
	const override = timed({ override: true });
	for (const value of ['private', 'max-age=1,PRIVATE', 'private="set-cookie"', 'no-store', 'a, no-store , b'])
		assert.equal(added(override, [`Cache-Control: ${value}`]), '', value);
	assert.equal(added(override, ['Cache-Control: max-age=1', 'cache-control: private']), '', 'in a second line');
	assert.notEqual(added(override, ['Cache-Control: x-private, no-storey']), '');
});

test('tags: both fields together, each once, and bounded', () => {
	const tags = (to: CdnPolicy['tags'], ...lines: string[]): string => added({ lifetime: null, tags: to }, lines);
	assert.equal(tags('Cache-Tag', 'Surrogate-Key: a  b a', 'Cache-Tag: c, b'), 'Cache-Tag: a,b,c\r\n');
	assert.equal(tags('Surrogate-Key', 'Cache-Tag: a,b', 'cache-tag: c'), 'Surrogate-Key: a b c\r\n');
	assert.equal(tags('Cache-Tag', 'Surrogate-Key: '), '');
	assert.equal(tags('off', 'Surrogate-Key: a'), '');
	const many = Array.from({ length: 8000 }, (_, i) => `t${i}`).join(' ');
	const line = tags('Cache-Tag', `Surrogate-Key: ${many}`);
	assert.ok(line.length < 16_030 && /,t\d+\r\n$/.test(line), `${line.length}`);
});
