/** Purges of the response cache, seen by both workers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually, get, inFlight, suite } from '../support/suite.ts';

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

	/** A request that is with the origin while its tag is purged, which then answers as of before; what is stored of that. */
	const storedOfBefore = async (path: string, answer: string, lines: string[], soft: boolean): Promise<string> => {
		const held = new Promise<(bytes: string) => void>((resolve) => {
			it.upstream.on(path, (_, peer) => resolve((bytes) => peer.send(bytes)));
		});
		const client = await it.client();
		client.send(get(path, ...lines));
		const send = await held;
		await purge({ tags: ['t'], soft });
		send(answer);
		await client.answer();
		await eventually(
			() => inFlight(it.ballast),
			(count) => count === 0,
		);
		const found = await it.ask(get(path, 'Cache-Control: only-if-cached', ...lines));
		return found.status === 504 ? 'none' : `${found.text} ${found.field('cache-status')}`;
	};
	const FRESH = 'Cache-Control: max-age=600\r\nETag: "1"\r\nSurrogate-Key: t';
	const SENT = `HTTP/1.1 200 OK\r\n${FRESH}\r\nContent-Length: 6\r\n\r\nbefore`;
	const SAME = `HTTP/1.1 304 Not Modified\r\n${FRESH}\r\n\r\n`;
	const PART = `HTTP/1.1 206 Partial Content\r\n${FRESH}\r\nContent-Range: bytes 0-2/6\r\nContent-Length: 3\r\n\r\nbef`;
	/** Stale from the first moment, and fetched anew behind the backs of those who get it. */
	const storeStale = async (path: string): Promise<void> => {
		it.upstream.on(path, SENT.replace('=600', '=0, stale-while-revalidate=600'));
		await it.ask(get(path));
	};

	for (const soft of [false, true])
		test(`what the origin is asked for meanwhile is not stored: ${soft ? 'softly' : 'hard'}`, async () => {
			assert.equal(await storedOfBefore(`/meanwhile/${soft}`, SENT, [], soft), 'none');
			assert.equal(await storedOfBefore(`/part/${soft}`, PART, ['Range: bytes=0-2'], soft), 'none');
			for (const [path, answer] of [
				[`/behind/${soft}`, SENT],
				[`/same/${soft}`, SAME],
			] as const) {
				await storeStale(path);
				assert.match(await storedOfBefore(path, answer, [], soft), soft ? /^before .*; ttl=-/ : /^none$/);
			}
		});

	test('what is fetched behind their backs and must not be stored ends there, and nothing else does', async () => {
		await storeStale('/no-store');
		const answer = SENT.replace('max-age=600', 'no-store');
		assert.equal(await storedOfBefore('/no-store', answer, [], true), 'none');
	});
});
