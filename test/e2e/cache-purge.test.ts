/** Purges of the response cache, seen by both workers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { get, suite } from '../support/suite.ts';

interface Purged {
	cache: { removed: number } | null;
}

describe('a purge', () => {
	const it = suite(({ url }) => ({ workers: 2, services: { app: { instances: [url], cache: {} } } }));
	let asked = 0;
	const store = (path: string, ...lines: string[]): void => {
		it.upstream.on(path, (_, peer) => {
			const text = String(++asked);
			const head = ['Cache-Control: max-age=600', 'ETag: "1"', ...lines, `Content-Length: ${text.length}`];
			peer.send(`HTTP/1.1 200 OK\r\n${head.join('\r\n')}\r\n\r\n${text}`);
		});
	};
	const statusOf = async (path: string): Promise<string> =>
		(await it.ask(get(path).replace(/Host: .*/, 'Host: a.example'))).field('cache-status') ?? '';
	const purge = async (what: Record<string, unknown>): Promise<number | undefined> =>
		((await it.ballast.control('purge', what)) as Purged).cache?.removed;
	/** Stored, and found by whichever worker is asked. */
	const stored = async (path: string): Promise<void> => {
		await statusOf(path);
		for (let i = 0; i < 6; i++) assert.match(await statusOf(path), /; hit;/);
	};

	test('by URL, prefix and tag, and of everything', async () => {
		for (const [path, tag] of [
			['/v1/a', 'x'],
			['/v1/b', 'x'],
			['/v2/c', 'y'],
		] as const) {
			store(path, `Surrogate-Key: ${tag} all`);
			await stored(path);
		}
		assert.equal(await purge({ urls: ['http://a.example/v1/a'] }), 1);
		assert.match(await statusOf('/v1/a'), /fwd=uri-miss/);
		assert.equal(await purge({ urls: ['http://a.example/v1/nothing'] }), 0);
		assert.equal(await purge({ prefixes: ['a.example/v1/'] }), 2);
		assert.match(await statusOf('/v1/b'), /fwd=uri-miss/);
		assert.match(await statusOf('/v2/c'), /; hit;/);
		assert.equal(await purge({ tags: ['y'] }), 1);
		assert.match(await statusOf('/v2/c'), /fwd=uri-miss/);
		assert.equal(await purge({ everything: true }), 2);
		for (const path of ['/v1/b', '/v2/c']) assert.match(await statusOf(path), /fwd=uri-miss/);
	});

	test('softly: the origin is asked whether it still holds', async () => {
		store('/soft');
		await stored('/soft');
		assert.equal(await purge({ urls: ['http://a.example/soft'], soft: true }), 1);
		assert.match(await statusOf('/soft'), /fwd=stale/);
	});
});
