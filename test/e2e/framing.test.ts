import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import type { Echo } from '../support/raw-upstream.ts';
import { get, post, suite, TRANSPORTS } from '../support/suite.ts';

const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
/** Bytes that repeat nowhere near, so that a piece in the wrong place shows. */
const noise = (length: number): Buffer => {
	const bytes = Buffer.allocUnsafe(length);
	let state = length | 1;
	for (let at = 0; at < length; at++) {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
		bytes[at] = state >>> 24;
	}
	return bytes;
};

for (const [transport, env] of Object.entries(TRANSPORTS)) {
	describe(`framing over the ${transport}`, () => {
		const it = suite(({ url }) => ({ services: { app: { instances: [url] } } }), { env });

		test('a request with a body leaves its connection ready for the next', async () => {
			const client = await it.client();
			for (const body of ['first', 'second', 'x'.repeat(40_000)]) {
				client.send(post('/', body));
				assert.equal((await client.answer()).json<Echo>().body, body);
			}
			client.send(get('/'));
			assert.equal((await client.answer()).status, 200);
		});

		test('Content-Length both ways, in pieces of any size', async () => {
			const body = noise(300_000);
			it.upstream.on('/length', (request, peer) => {
				peer.send(`HTTP/1.1 200 OK\r\nX-Sha: ${sha(request.body)}\r\nContent-Length: ${body.length}\r\n\r\n`);
				for (let at = 0; at < body.length; at += 7_001) peer.send(body.subarray(at, at + 7_001));
			});
			const client = await it.client();
			client.send(`POST /length HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n\r\n`);
			for (let at = 0; at < body.length; at += 3_333) client.send(body.subarray(at, at + 3_333));
			const answer = await client.answer();
			assert.equal(answer.field('x-sha'), sha(body));
			assert.equal(answer.field('content-length'), String(body.length));
			assert.equal(answer.field('transfer-encoding'), undefined);
			assert.equal(sha(answer.body), sha(body));
		});

		test('chunked both ways, with trailers', async () => {
			it.upstream.on('/chunked', (request, peer) => {
				assert.deepEqual(request.fields('transfer-encoding'), ['chunked']);
				assert.equal(request.field('content-length'), undefined);
				assert.deepEqual(request.trailers, ['X-Check: one', 'X-Check: two']);
				peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n');
				peer.send(`4;name="a;b"\r\nback\r\n${request.body.length.toString(16)}\r\n`);
				peer.send(request.body);
				peer.send('\r\n0\r\nX-Sum: 5\r\n\r\n');
			});
			const client = await it.client();
			const head = 'POST /chunked HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n\r\n';
			const bytes = `${head}5;x=1\r\nhello\r\n00006\r\n world\r\n0\r\nX-Check: one\r\nX-Check: two\r\n\r\n`;
			for (const part of [bytes, ...bytes]) {
				client.send(part);
				if (part === bytes) continue;
				await new Promise(setImmediate);
			}
			for (const _ of ['in one piece', 'byte by byte']) {
				const answer = await client.answer();
				assert.equal(answer.text, 'backhello world');
				assert.deepEqual(answer.trailers, ['X-Sum: 5']);
				assert.equal(answer.field('trailer'), 'X-Sum');
			}
		});

		test('an answer until close becomes chunked, and the connection stays', async () => {
			const body = noise(100_000);
			it.upstream.on('/close', async (_, peer) => {
				peer.send('HTTP/1.1 200 OK\r\n\r\n');
				peer.send(body.subarray(0, 50_000));
				await new Promise((resolve) => setTimeout(resolve, 30));
				peer.send(body.subarray(50_000));
				peer.finish();
			});
			it.upstream.on('/old', (_, peer) => peer.finish('HTTP/1.0 200 OK\r\nContent-Type: text/x\r\n\r\nold'));
			const client = await it.client();
			client.send(get('/close'));
			const answer = await client.answer();
			assert.equal(answer.field('transfer-encoding'), 'chunked');
			assert.equal(sha(answer.body), sha(body));
			client.send(get('/old'));
			const old = await client.answer();
			assert.equal(old.text, 'old');
			assert.equal(old.raw.startsWith('HTTP/1.1 200 OK\r\n'), true);
			client.send(get('/'));
			assert.equal((await client.answer()).status, 200);
		});

		test('HEAD, 204 and 304 have no body, whatever their fields say', async () => {
			it.upstream.on('/big', 'HTTP/1.1 200 OK\r\nContent-Length: 1234567\r\n\r\n');
			it.upstream.on('/chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
			it.upstream.on('/plain', 'HTTP/1.1 200 OK\r\nETag: "a"\r\n\r\n');
			it.upstream.on('/204', 'HTTP/1.1 204 No Content\r\nX-Is: 204\r\n\r\n');
			it.upstream.on('/204-length', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n');
			it.upstream.on('/304', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n');
			it.upstream.on('/304-length', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n');
			const client = await it.client();
			const ask = async (method: string, path: string) => {
				client.send(`${method} ${path} HTTP/1.1\r\nHost: test\r\n\r\n`);
				return client.answer({ method });
			};
			assert.equal((await ask('HEAD', '/big')).field('content-length'), '1234567');
			assert.equal((await ask('HEAD', '/chunks')).status, 200);
			assert.equal((await ask('HEAD', '/plain')).field('etag'), '"a"');
			assert.equal((await ask('GET', '/204')).field('x-is'), '204');
			assert.equal((await ask('GET', '/204-length')).field('content-length'), undefined);
			assert.equal((await ask('GET', '/304')).field('content-length'), undefined);
			assert.equal((await ask('GET', '/304-length')).field('content-length'), '99');
			client.send(get('/'));
			assert.equal((await client.answer()).json<Echo>().target, '/');
			assert.equal(client.at, client.received.length);
		});

		test('an empty body, declared or chunked, is a body of nothing', async () => {
			it.upstream.on('/empty', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
			it.upstream.on('/empty-chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
			const client = await it.client();
			for (const path of ['/empty', '/empty-chunks']) {
				client.send(get(path));
				assert.equal((await client.answer()).body.length, 0);
			}
			client.send(post('/', ''));
			assert.equal((await client.answer()).json<Echo>().lines.includes('Content-Length: 0'), true);
			client.send('POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
			const echo = (await client.answer()).json<Echo>();
			assert.equal(echo.body, '');
			assert.equal(echo.lines.includes('Transfer-Encoding: chunked'), true);
		});

		test('HTTP/1.0: closed after the answer, or kept where asked; a chunked answer is unwrapped', async () => {
			it.upstream.on(
				'/pieces',
				'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
			);
			const closing = await it.client();
			closing.send('GET / HTTP/1.0\r\n\r\n');
			const closed = await closing.answer();
			assert.equal(closed.field('connection'), 'close');
			await closing.until(() => closing.ended, 'FIN');
			const keeping = await it.client();
			for (let i = 0; i < 3; i++) {
				keeping.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
				const kept = await keeping.answer();
				assert.equal(kept.field('connection'), 'keep-alive');
				assert.match(kept.json<Echo>().lines[0] ?? '', /^Host: 127\.0\.0\.1:\d+$/);
			}
			keeping.send('GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
			const unwrapped = await keeping.answer();
			assert.equal(unwrapped.field('transfer-encoding'), undefined);
			assert.equal(unwrapped.field('connection'), 'close');
			assert.equal(unwrapped.text, 'abcde');
			assert.equal(keeping.error, '');
		});

		test('Connection: close is obeyed', async () => {
			const client = await it.client();
			client.send(get('/', 'Connection: close'));
			assert.equal((await client.answer()).field('connection'), 'close');
			await client.until(() => client.ended, 'FIN');
		});
	});
}
