import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, get, inFlight, post, suite, TRANSPORTS } from '../support/suite.ts';

for (const [transport, env] of Object.entries(TRANSPORTS)) {
	describe(`instances that fail, over the ${transport}`, () => {
		const it = suite(({ url }) => ({ services: { app: { instances: [url], limits: { body: '1GiB' } } } }), { env });
		/** No answer of the instance's reached the client: it gets this error. */
		const fails = async (path: string, status: number, code: string, method = 'POST') => {
			const answer = await it.ask(method === 'POST' ? post(path, 'x') : get(path));
			assert.deepEqual([answer.status, answer.json<{ code: string }>().code], [status, code], path);
			assert.match(answer.field('proxy-status') ?? '', new RegExp(`^ballast; error=\\w+; details="${code}"$`));
			assert.equal(answer.field('content-type'), 'application/problem+json');
			await eventually(
				() => inFlight(it.ballast),
				(count) => count === 0,
			);
		};

		test('reset or closed before it answers: 502, and a POST comes once', async () => {
			it.upstream.on('/reset', (_, peer) => peer.reset());
			it.upstream.on('/closed', (_, peer) => peer.finish());
			for (const path of ['/reset', '/closed']) {
				await fails(path, 502, 'reset_before_answer');
				assert.equal(it.upstream.count(path), 1);
			}
		});

		test('an answer that is no HTTP is 502, and the instance is not asked again', async () => {
			const garbage = {
				'/text': 'hello\r\n\r\n',
				'/binary': '\x16\x03\x01\x02\x00\x01',
				'/http2': 'HTTP/2 200\r\n\r\n',
				'/status': 'HTTP/1.1 20 OK\r\n\r\n',
				'/fold': 'HTTP/1.1 200 OK\r\nX-A: 1\r\n folded\r\nContent-Length: 0\r\n\r\n',
				'/space': 'HTTP/1.1 200 OK\r\nX-A : 1\r\nContent-Length: 0\r\n\r\n',
				'/nul': 'HTTP/1.1 200 OK\r\nX-A: \0\r\nContent-Length: 0\r\n\r\n',
				'/two-lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
				'/minus': 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
				'/both': 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
				'/coding': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n',
				'/old-chunks': 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
				'/switch': 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
			};
			for (const [path, bytes] of Object.entries(garbage)) {
				it.upstream.on(path, bytes);
				await fails(path, 502, 'bad_answer', 'GET');
				assert.equal(it.upstream.count(path), 1, path);
			}
		});

		test('a body in a coding that nobody knows ends with its connection, which carries nothing else', async () => {
			it.upstream.on('/foreign', (_, peer) =>
				peer.finish('HTTP/1.1 200 OK\r\nTransfer-Encoding: foo\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx'),
			);
			const answer = await it.ask(get('/foreign'));
			assert.equal(answer.text, 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx');
			assert.deepEqual(answer.fields('transfer-encoding'), ['chunked']);
			it.upstream.on('/foreign-old', (_, peer) => peer.finish('HTTP/1.0 200 OK\r\nTransfer-Encoding: foo\r\n\r\nx'));
			await fails('/foreign-old', 502, 'bad_answer', 'GET');
		});

		test('a head that is too large, or stops in the middle', async () => {
			it.upstream.on('/huge', `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(100_000)}\r\n\r\n`);
			it.upstream.on('/many', `HTTP/1.1 200 OK\r\n${'X-A: 1\r\n'.repeat(300)}\r\n`);
			it.upstream.on('/endless', async (_, peer) => {
				peer.send('HTTP/1.1 200 OK\r\nX-A: ');
				for (let i = 0; i < 200 && !peer.closed; i++) {
					peer.send('a'.repeat(1000));
					if (i % 20 === 0) await sleep(1);
				}
			});
			for (const path of ['/huge', '/many', '/endless']) await fails(path, 502, 'answer_head_too_large', 'GET');
			it.upstream.on('/half-head', (_, peer) => peer.finish('HTTP/1.1 200 OK\r\nContent-Le'));
			await fails('/half-head', 502, 'truncated_answer', 'GET');
		});

		test('a head of many small pieces is read', async () => {
			it.upstream.on('/slow-head', async (_, peer) => {
				for (const byte of 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok') {
					peer.send(byte);
					await new Promise(setImmediate);
				}
			});
			assert.equal((await it.ask(get('/slow-head'))).text, 'ok');
		});

		const cut: Record<string, { head: string; body: string; end: 'FIN' | 'RST' }> = {
			length: { head: 'Content-Length: 100\r\n', body: 'half', end: 'FIN' },
			'length-reset': { head: 'Content-Length: 100\r\n', body: 'half', end: 'RST' },
			chunk: { head: 'Transfer-Encoding: chunked\r\n', body: '64\r\nhalf', end: 'FIN' },
			chunks: { head: 'Transfer-Encoding: chunked\r\n', body: '4\r\nhalf\r\n', end: 'FIN' },
			'last-chunk': { head: 'Transfer-Encoding: chunked\r\n', body: '4\r\nhalf\r\n0\r\n', end: 'FIN' },
			'chunks-reset': { head: 'Transfer-Encoding: chunked\r\n', body: '4\r\nhalf\r\n', end: 'RST' },
			'bad-chunk': { head: 'Transfer-Encoding: chunked\r\n', body: '4\r\nhalf\r\nzz\r\n', end: 'FIN' },
			'close-reset': { head: '', body: 'half', end: 'RST' },
		};

		test('an answer that breaks off never ends cleanly, for clients of HTTP/1.1 and 1.0', async () => {
			for (const [name, { head, body, end }] of Object.entries(cut)) {
				const path = `/cut-${name}`;
				it.upstream.on(path, async (_, peer) => {
					peer.send(`HTTP/1.1 200 OK\r\n${head}\r\n`);
					peer.send(body);
					await sleep(40);
					assert.equal(peer.received.length, peer.at, 'nothing comes back to the instance');
					if (end === 'RST') peer.reset();
					else peer.finish();
				});
				for (const version of ['1.1', '1.0']) {
					const client = await it.client();
					client.send(`GET ${path} HTTP/${version}\r\nHost: a\r\n\r\n`);
					await client.until(() => client.closed, 'the end of the connection');
					const { received } = client;
					// What is wrong from its first read on may be reset before any of it went out.
					if (name !== 'bad-chunk') assert.match(received.toString(), /^HTTP\/1\.1 200 OK\r\n/, name);
					assert.equal(client.ended, false, `${name} over HTTP/${version} ended with FIN`);
					assert.equal(client.error, 'ECONNRESET', `${name} over HTTP/${version}`);
					assert.doesNotMatch(received.toString(), /\r\n0\r\n/, `${name} got a last chunk`);
				}
				assert.equal(it.upstream.count(path), 2, 'never sent twice');
			}
			await eventually(
				() => inFlight(it.ballast),
				(count) => count === 0,
			);
		});

		test('more bytes than Content-Length reach nobody, and the connection is used no more', async () => {
			it.upstream.on(
				'/more',
				'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison',
			);
			it.upstream.on('/more-head', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison');
			it.upstream.on('/later', async (_, peer) => {
				peer.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
				await sleep(20);
				peer.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison');
			});
			const client = await it.client();
			client.send(get('/more'));
			assert.equal((await client.answer()).text, 'ok');
			client.send('HEAD /more-head HTTP/1.1\r\nHost: a\r\n\r\n');
			assert.equal((await client.answer({ method: 'HEAD' })).field('content-length'), '6');
			client.send(get('/later'));
			assert.equal((await client.answer()).text, 'ok');
			await sleep(50);
			client.send(get('/'));
			assert.equal((await client.answer()).json<{ target: string }>().target, '/');
			assert.equal(client.at, client.received.length);
		});

		test('an upload of 50 MB that is answered early: the client gets the whole answer', async () => {
			const text = 'x'.repeat(200_000);
			it.upstream.onHead('/early', async (request, peer) => {
				peer.socket.pause();
				peer.send(`HTTP/1.1 ${request.field('x-status')} No\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
				await sleep(50);
				if (request.field('x-end') === 'RST') peer.reset();
				else if (request.field('x-end') === 'FIN') peer.finish();
				else await sleep(300);
			});
			for (const [status, end] of [
				[413, 'RST'],
				[401, 'FIN'],
				[401, 'none'],
			] as const) {
				const client = await it.client();
				client.send(
					`POST /early HTTP/1.1\r\nHost: a\r\nX-Status: ${status}\r\nX-End: ${end}\r\nContent-Length: 50000000\r\n\r\n`,
				);
				const piece = Buffer.alloc(1_000_000);
				for (let i = 0; i < 50; i++) client.send(piece);
				const answer = await client.answer();
				assert.deepEqual([answer.status, answer.body.length], [status, text.length], end);
				assert.equal(answer.field('connection'), 'close');
			}
			await eventually(
				() => inFlight(it.ballast),
				(count) => count === 0,
			);
		});

		test('an answer that runs beside the upload is passed on while it comes', async () => {
			it.upstream.onHead('/duplex', async (_, peer) => {
				peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
				for (let i = 0; i < 5; i++) {
					const line = await peer.readTo('\r\n');
					const piece = await peer.read(Number.parseInt(line, 16));
					await peer.read(2);
					peer.send(`${piece.length.toString(16)}\r\n${piece}\r\n`);
				}
				await peer.readTo('0\r\n\r\n');
				peer.send('0\r\n\r\n');
			});
			const client = await it.client();
			client.send('POST /duplex HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
			await client.readTo('\r\n\r\n');
			for (let i = 0; i < 5; i++) {
				client.send(`6\r\nping ${i}\r\n`);
				assert.equal(await client.readTo(`ping ${i}\r\n`), `6\r\nping ${i}\r\n`);
			}
			client.send('0\r\n\r\n');
			await client.readTo('0\r\n\r\n');
		});
	});
}
