/** Purges of the response cache, seen by both workers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually, get, inFlight, post, suite } from '../support/suite.ts';

interface Purged {
	cache: { removed: number } | null;
}

describe('a purge', () => {
	const it = suite(({ url }) => ({
		workers: 2,
		services: { app: { instances: [url], cache: { methods: ['GET', 'POST'] } } },
	}));
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

	/** A request that is with the origin while something happens, which then answers as of before. */
	const meanwhile = async (request: string, answer: string, happens: () => Promise<unknown>): Promise<void> => {
		const [method = '', path = ''] = request.split(' ');
		const held = new Promise<(bytes: string) => void>((resolve) => {
			it.upstream.on(path, (_, peer) => resolve((bytes) => peer.send(bytes)));
		});
		const client = await it.client();
		client.send(request);
		const send = await held;
		await happens();
		// What is stale then is fetched anew behind the back of who looks at it.
		it.upstream.on(path, answer);
		send(answer);
		await client.answer({ method });
		await eventually(
			() => inFlight(it.ballast),
			(count) => count === 0,
		);
	};
	/** What is stored. */
	const kept = async (path: string, ...lines: string[]): Promise<string> => {
		const found = await it.ask(get(path, 'Cache-Control: only-if-cached', ...lines));
		return found.status === 504 ? 'none' : `${found.text} ${found.field('cache-status')}`;
	};
	const storedOfBefore = async (path: string, answer: string, lines: string[], soft: boolean): Promise<string> => {
		await meanwhile(get(path, ...lines), answer, () => purge({ tags: ['t'], soft }));
		return kept(path, ...lines);
	};
	const FRESH = 'Cache-Control: max-age=600\r\nETag: "1"\r\nSurrogate-Key: t';
	const SENT = `HTTP/1.1 200 OK\r\n${FRESH}\r\nContent-Length: 6\r\n\r\nbefore`;
	const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n6\r\nbefore\r\n0\r\n\r\n';
	const SAME = `HTTP/1.1 304 Not Modified\r\n${FRESH}\r\n\r\n`;
	const PART = `HTTP/1.1 206 Partial Content\r\n${FRESH}\r\nContent-Range: bytes 0-2/6\r\nContent-Length: 3\r\n\r\nbef`;
	/** Stale from the first moment, and fetched anew behind the backs of those who get it. */
	const storeStale = async (path: string): Promise<void> => {
		it.upstream.on(path, SENT.replace('=600', '=0, stale-while-revalidate=600'));
		await it.ask(get(path));
	};

	for (const soft of [false, true])
		test(`what the origin is asked for meanwhile is not stored, or stale: ${soft ? 'softly' : 'hard'}`, async () => {
			assert.equal(await storedOfBefore(`/meanwhile/${soft}`, SENT, [], soft), 'none');
			assert.equal(await storedOfBefore(`/part/${soft}`, PART, ['Range: bytes=0-2'], soft), 'none');
			for (const [path, answer] of [
				[`/behind/${soft}`, SENT.replace('=600', '=600, stale-while-revalidate=600')],
				[`/same/${soft}`, SAME],
			] as const) {
				await storeStale(path);
				assert.match(await storedOfBefore(path, answer, [], soft), soft ? /^before .*; ttl=-/ : /^none$/);
			}
		});

	for (const soft of [false, true])
		test(`what the origin is asked for while others are purged is stored: ${soft ? 'softly' : 'hard'}`, async () => {
			const others = async (): Promise<void> => {
				for (let times = 0; times < 2; times++)
					await purge({ tags: ['u'], prefixes: ['b.example/'], urls: ['http://test/else'], soft });
			};
			for (const [path, answer] of [
				[`/others/${soft}`, SENT],
				[`/others-same/${soft}`, SAME],
			] as const) {
				if (answer === SAME) await storeStale(path);
				await meanwhile(get(path), answer, others);
				assert.match(await kept(path), /^before .*; hit; ttl=(59\d|600)/);
			}
			const path = `/others-tail/${soft}`;
			await meanwhile(get(path), SENT.replace(/Content-Length: 6\r\n\r\nbefore/, CHUNKED), others);
			assert.match(await kept(path), /^before .*; hit/);
		});

	test('what POST brings of before a purge, or a change, is not stored', async () => {
		const answer = (path: string): string => SENT.replace('ETag', `Content-Location: ${path}\r\nETag`);
		const others = (): Promise<unknown> => purge({ tags: ['u'] });
		await meanwhile(post('/post', 'x'), answer('/post'), others);
		assert.match(await kept('/post'), /^before .*; hit/);
		for (const what of [{ tags: ['t'] }, { prefixes: ['test/'] }, { everything: true }]) {
			await meanwhile(post('/post', 'x'), answer('/post'), () => purge(what));
			assert.equal(await kept('/post'), 'none', JSON.stringify(what));
		}
		await meanwhile(post('/post', 'x'), answer('/post'), async () => {
			it.upstream.on('/post', 'HTTP/1.1 204 No Content\r\n\r\n');
			await it.ask('PUT /post HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n');
		});
		assert.equal(await kept('/post'), 'none');
	});

	test('a HEAD of before a purge renews nothing, and ends nothing that is newer', async () => {
		const head = (path: string): string => get(path, 'Cache-Control: no-cache').replace('GET', 'HEAD');
		const said = (path: string, etag: string): string =>
			SENT.replace('before', '').replace('=600', '=9000').replace('"1"', etag).replace(': t', `: t ${path}`);
		const ttlOf = async (path: string): Promise<number> => Number(/ttl=(-?\d+)/.exec(await kept(path))?.[1]);
		const fill = async (path: string): Promise<void> => {
			it.upstream.on(path, SENT);
			await it.ask(get(path));
		};
		await fill('/head');
		await meanwhile(head('/head'), said('/head', '"1"'), () => purge({ tags: ['u'] }));
		assert.ok((await ttlOf('/head')) > 8000, 'it is renewed');
		await purge({ tags: ['t'], soft: true });
		await meanwhile(head('/head'), said('/head', '"1"'), () => purge({ tags: ['t'], soft: true }));
		assert.equal(await kept('/head'), 'none', 'stale still');
		for (const etag of ['"1"', '"0"']) {
			const path = `/head/${etag.slice(1, -1)}`;
			await fill(path);
			await meanwhile(head(path), said(path, etag), async () => {
				await purge({ tags: ['t'] });
				// The times of both are whole milliseconds, and right to one.
				await new Promise((resolve) => setTimeout(resolve, 5));
				await fill(path);
			});
			const ttl = await ttlOf(path);
			assert.ok(ttl > 500 && ttl <= 600, `${etag}: ${ttl}`);
		}
	});

	test('what is fetched behind their backs and must not be stored ends there, and nothing else does', async () => {
		await storeStale('/no-store');
		const answer = SENT.replace('max-age=600', 'no-store');
		assert.equal(await storedOfBefore('/no-store', answer, [], true), 'none');
	});
});
