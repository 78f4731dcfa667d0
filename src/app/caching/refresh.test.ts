/** What is fetched anew behind the clients' backs: once, not again at once where that failed, and as what is stored. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConcurrencyLimit } from '../../gateway/route.ts';
import { LoneNode, type LoneNodeOptions } from './testing/lone-node.ts';

/** Stale, and given for the next minutes while it is fetched anew. */
const STALE = 'Cache-Control: max-age=1, stale-while-revalidate=600\r\nAge: 5\r\nContent-Length: 5\r\n';

function withStale(more: LoneNodeOptions = {}): LoneNode {
	const node = new LoneNode(more);
	node.ask();
	node.origin.answer('200 OK', STALE, 'first');
	assert.match(node.origin.asked(), /^GET \/page /);
	return node;
}

const given = (node: LoneNode): string => node.ask().sink.text.slice(-5);

test('one asks at a time, and its answer is stale anew', () => {
	const node = withStale();
	assert.equal(given(node), 'first');
	assert.equal(given(node), 'first');
	assert.match(node.origin.asked(), /^GET \/page (?:.*\r\n)+\r\n$/);
	node.origin.answer('200 OK', STALE, 'newer');
	assert.equal(given(node), 'newer');
	assert.match(node.origin.asked(), /^GET \/page /, 'the newer one may be asked about at once');
});

test('where it failed the next one waits a while', () => {
	const node = withStale({ policy: { staleIfErrorMs: 600_000 } });
	assert.equal(given(node), 'first');
	node.origin.asked();
	node.origin.answer('503 Service Unavailable', 'Content-Length: 0\r\n');
	assert.equal(given(node), 'first');
	assert.equal(node.origin.asked(), '');
	assert.equal(node.caching.idle, true);
});

test('what a purge overtook is asked for again at once', async () => {
	const node = withStale();
	assert.equal(given(node), 'first');
	node.origin.asked();
	await node.store.purge({ everything: true }, true);
	node.origin.answer('200 OK', STALE, 'newer');
	assert.equal(given(node), 'first', 'what was asked for before the purge is not stored');
	assert.match(node.origin.asked(), /^GET \/page /);
	node.origin.answer('200 OK', STALE, 'newer');
	assert.equal(given(node), 'newer');
});

test('without a place at the service nothing is asked, and the next one tries again', () => {
	const node = withStale();
	let full = true;
	const concurrency = { enter: () => !full, leave: () => undefined } as unknown as ConcurrencyLimit;
	(node.route.service as { concurrency: ConcurrencyLimit }).concurrency = concurrency;
	assert.equal(given(node), 'first');
	assert.equal(node.origin.asked(), '');
	full = false;
	assert.equal(given(node), 'first');
	assert.match(node.origin.asked(), /^GET \/page /);
});

test('a HEAD has a GET sent: what comes is stored', () => {
	const node = withStale();
	assert.match(node.ask('/page', '', 'HEAD').sink.text, /^HTTP\/1\.1 200 .*\r\n\r\n$/s);
	assert.match(node.origin.asked(), /^GET \/page HTTP\/1\.1\r\nHost: a\.example\r\n/);
	node.origin.answer('200 OK', STALE, 'newer');
	assert.equal(given(node), 'newer');
});

test('conditions of the client are none of what is fetched behind his back', () => {
	const node = withStale();
	const conditions = 'If-Match: "other"\r\nIf-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\nRange: bytes=0-1\r\n';
	node.ask('/page', conditions);
	assert.doesNotMatch(node.origin.asked(), /^(?:if-|range)/im);
	node.origin.answer('200 OK', STALE, 'newer');
	assert.equal(given(node), 'newer');
});

test('a client that forbids the storing has nothing fetched for others', () => {
	const node = withStale();
	node.ask('/page', 'Cache-Control: no-store\r\n');
	assert.equal(node.origin.asked(), '');
	assert.equal(given(node), 'first');
	assert.match(node.origin.asked(), /^GET \/page /);
});

test('an error that comes of the length of a head makes no end of what is stored', () => {
	const node = withStale();
	node.ask('/page', `X-Long: ${'x'.repeat(5000)}\r\n`);
	node.origin.answer('431 Request Header Fields Too Large', 'Content-Length: 0\r\n');
	assert.equal(given(node), 'first');
});
