import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import { fieldsOf } from '../support/raw-client.ts';
import type { Echo } from '../support/raw-upstream.ts';
import { connections, eventually, get, inFlight, statusOf, suite, TRANSPORTS } from '../support/suite.ts';

const UPGRADE = ['Connection: Upgrade', 'Upgrade: echo'];
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';

for (const [transport, env] of Object.entries(TRANSPORTS)) {
	describe(`upgraded connections over the ${transport}`, () => {
		let sockets: WebSocketServer;
		let server: Server;
		before(async () => {
			server = createServer();
			sockets = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 64 * 1024 * 1024 });
			sockets.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
			await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		});
		after(() => {
			for (const socket of sockets.clients) socket.terminate();
			server.closeAllConnections();
			server.close();
		});
		const it = suite(
			({ url }) => ({
				services: {
					app: { instances: [url] },
					ws: { match: '/ws', instances: [`http://127.0.0.1:${(server.address() as { port: number }).port}`] },
				},
			}),
			{ env },
		);

		test('a WebSocket carries frames of any size both ways', async () => {
			const socket = new WebSocket(`ws://127.0.0.1:${it.ballast.port}/ws`, {
				perMessageDeflate: false,
				maxPayload: 64 * 1024 * 1024,
			});
			const messages: Buffer[] = [];
			socket.on('message', (data) => messages.push(data as Buffer));
			await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
			assert.equal(await inFlight(it.ballast), 1);
			const sent = [0, 1, 125, 126, 65_535, 65_536, 1_000_000, 20_000_000].map((size) =>
				Buffer.alloc(size, `${size} `),
			);
			for (const message of sent) socket.send(message);
			await eventually(
				() => messages.length,
				(count) => count === sent.length,
				10_000,
			);
			for (const [i, message] of sent.entries()) assert.ok(messages[i]?.equals(message), `${message.length} bytes`);
			const closed = new Promise<number>((resolve) => socket.on('close', resolve));
			socket.close(4001, 'enough');
			assert.equal(await closed, 4001);
			await eventually(
				() => inFlight(it.ballast),
				(count) => count === 0,
			);
			await eventually(
				() => connections(it.ballast),
				(count) => count === 0,
			);
			const { services } = await statusOf(it.ballast);
			assert.equal(services[1]?.counts.status['1xx'], 1);
		});

		test('bytes right behind the request and right behind the 101 are the new protocol’s', async () => {
			it.upstream.onHead('/early', async (request, peer) => {
				assert.deepEqual(
					request.fields('connection').map((value) => value.toLowerCase()),
					['upgrade'],
				);
				assert.deepEqual(request.fields('upgrade'), ['echo']);
				peer.send(`${SWITCHED}hello `);
				peer.send(await peer.read(9));
				await peer.until(() => peer.closed || peer.ended, 'the end');
			});
			const client = await it.client();
			client.send(`${get('/early', ...UPGRADE)}GET / HTTP`);
			const answer = await client.answer();
			assert.equal(answer.status, 101);
			assert.equal(answer.field('upgrade'), 'echo');
			assert.equal(answer.field('connection')?.toLowerCase(), 'upgrade');
			assert.equal(answer.field('content-length'), undefined);
			await client.until(() => client.text().endsWith('hello GET / HTT'), 'both');
			client.destroy();
			await eventually(
				() => inFlight(it.ballast),
				(count) => count === 0,
			);
		});

		test('any other answer to an upgrade is an answer, and the connection goes on', async () => {
			it.upstream.on(
				'/refused',
				'HTTP/1.1 403 Forbidden\r\nUpgrade: echo\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\nno',
			);
			it.upstream.on('/later', 'HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n');
			const client = await it.client();
			client.send(get('/refused', ...UPGRADE));
			const refused = await client.answer();
			assert.deepEqual([refused.status, refused.text, refused.field('connection')], [403, 'no', undefined]);
			client.send(get('/later', ...UPGRADE));
			assert.equal((await client.answer()).status, 426);
			client.send(get('/'));
			assert.equal((await client.answer()).status, 200);
		});

		test('h2c, and whatever cannot be checked behind it, is never passed on', async () => {
			const seen = async (request: string) => {
				const found = (await it.ask(request)).json<Echo>();
				return [...fieldsOf(found.lines, 'upgrade'), ...fieldsOf(found.lines, 'http2-settings')];
			};
			assert.deepEqual(
				await seen(get('/', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQ')),
				[],
			);
			assert.deepEqual(await seen(get('/', 'Connection: Upgrade', 'Upgrade: websocket, h2c')), []);
			assert.deepEqual(await seen(get('/', 'Connection: Upgrade', 'Upgrade: H2C')), []);
			assert.deepEqual(await seen(get('/', 'Upgrade: websocket')), [], 'not named by Connection');
			assert.deepEqual(
				await seen('POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\nContent-Length: 1\r\n\r\nx'),
				[],
			);
			assert.deepEqual(await seen('GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'), []);
		});

		test('each side may stop sending and still receive; when both have, nothing is left', async () => {
			it.upstream.onHead('/half', async (_, peer) => {
				peer.send(SWITCHED);
				await peer.until(() => peer.ended, 'FIN');
				peer.send('x'.repeat(3_000_000));
				await sleep(50);
				peer.finish('after');
			});
			it.upstream.onHead('/half-upstream', async (_, peer) => {
				peer.finish(SWITCHED);
				await peer.until(() => peer.ended || peer.closed, 'the end');
				assert.equal(peer.text().slice(-5), 'after');
			});
			const client = await it.client();
			client.send(get('/half', ...UPGRADE));
			assert.equal((await client.answer()).status, 101);
			client.finish('before');
			await client.until(() => client.ended, 'FIN');
			assert.equal(client.received.length - client.at, 3_000_005);
			const other = await it.client();
			other.send(get('/half-upstream', ...UPGRADE));
			assert.equal((await other.answer()).status, 101);
			await other.until(() => other.ended, 'FIN');
			other.finish('after');
			await eventually(
				() => inFlight(it.ballast),
				(count) => count === 0,
			);
			await eventually(
				() => connections(it.ballast),
				(count) => count === 0,
			);
		});

		test('a client that stopped sending before it was answered is known to have', async () => {
			it.upstream.onHead('/half-early', async (_, peer) => {
				await sleep(50);
				peer.send(SWITCHED);
				await peer.until(() => peer.ended, 'FIN');
				assert.equal(peer.text().slice(-5), 'early');
				peer.finish('late');
			});
			const client = await it.client();
			client.finish(`${get('/half-early', ...UPGRADE)}early`);
			assert.equal((await client.answer()).status, 101);
			await client.until(() => client.ended, 'FIN');
			assert.equal(client.text().slice(-4), 'late');
			await eventually(
				() => inFlight(it.ballast),
				(count) => count === 0,
			);
			await eventually(
				() => connections(it.ballast),
				(count) => count === 0,
			);
		});

		test('a side that is gone takes the other with it, behind what was said last', async () => {
			it.upstream.onHead('/gone', async (_, peer) => {
				peer.send(SWITCHED);
				peer.send('y'.repeat(2_000_000));
				await sleep(100);
				peer.reset();
			});
			it.upstream.onHead('/stays', async (_, peer) => {
				peer.send(SWITCHED);
				await peer.until(() => peer.closed || peer.ended, 'the end');
			});
			const slow = await it.client();
			slow.send(get('/gone', ...UPGRADE));
			await slow.until(() => slow.closed || slow.ended, 'the end');
			const leaving = await it.client();
			leaving.send(get('/stays', ...UPGRADE));
			assert.equal((await leaving.answer()).status, 101);
			leaving.reset();
			await eventually(
				() => inFlight(it.ballast),
				(count) => count === 0,
			);
			slow.destroy();
			await eventually(
				() => connections(it.ballast),
				(count) => count === 0,
			);
		});

		test('a slow reader gets all that was said before the end, and then nothing is left', async () => {
			const last = Buffer.alloc(30_000_000, 'z');
			it.upstream.onHead('/last', async (_, peer) => {
				peer.send(SWITCHED);
				peer.finish(last.toString());
				await peer.until(() => peer.closed, 'the end');
			});
			const client = await it.client();
			client.send(get('/last', ...UPGRADE));
			assert.equal((await client.answer()).status, 101);
			client.socket.pause();
			await sleep(100);
			client.finish();
			await sleep(100);
			client.socket.resume();
			await client.until(() => client.ended, 'FIN');
			assert.equal(client.received.length - client.at, last.length);
			await eventually(
				() => inFlight(it.ballast),
				(count) => count === 0,
			);
			await eventually(
				() => connections(it.ballast),
				(count) => count === 0,
			);
		});

		test('an instance that is gone while its client reads nothing leaves nothing once the client has read', async () => {
			it.upstream.onHead('/gone-early', async (_, peer) => {
				peer.send(SWITCHED);
				peer.send(Buffer.alloc(60_000_000, 'z'));
				await sleep(200);
				peer.reset();
			});
			const client = await it.client();
			client.send(get('/gone-early', ...UPGRADE));
			assert.equal((await client.answer()).status, 101);
			client.socket.pause();
			await sleep(300);
			client.send('still there?');
			await sleep(100);
			client.send('still there?');
			client.socket.resume();
			await client.until(() => client.ended || client.closed, 'the end');
			await eventually(
				() => inFlight(it.ballast),
				(count) => count === 0,
			);
			await eventually(
				() => connections(it.ballast),
				(count) => count === 0,
			);
		});

		test('a tunnel holds back whoever is faster', async () => {
			let sent = 0;
			it.upstream.onHead('/flood', async (_, peer) => {
				peer.send(SWITCHED);
				const piece = Buffer.alloc(256 * 1024);
				while (!peer.closed && !peer.ended && sent < 300_000_000) {
					if (peer.socket.writableLength < 1_000_000) {
						peer.send(piece);
						sent += piece.length;
					} else await sleep(5);
				}
			});
			const client = await it.client();
			client.send(get('/flood', ...UPGRADE));
			assert.equal((await client.answer()).status, 101);
			client.keep = false;
			client.socket.pause();
			await sleep(400);
			const before = sent;
			await sleep(200);
			assert.ok(sent - before < 1_000_000 && sent < 100_000_000, `${sent} bytes went to a client that reads nothing`);
			client.destroy();
			await eventually(
				() => inFlight(it.ballast),
				(count) => count === 0,
			);
		});
	});
}
