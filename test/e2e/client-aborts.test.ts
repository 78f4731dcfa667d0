import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RawClient } from '../support/raw-client.ts';
import { connections, eventually, get, inFlight, post, suite, TRANSPORTS } from '../support/suite.ts';

/** The upstream sees it within this, ms. */
const SOON = 1000;
const PIECE = Buffer.alloc(64 * 1024, 'x');

for (const [transport, env] of Object.entries(TRANSPORTS)) {
	describe(`clients that leave, over the ${transport}`, () => {
		const it = suite(
			({ url }) => ({
				services: { app: { instances: [url], upstream: { connections: 3 }, limits: { body: '1GiB' } } },
			}),
			{ env },
		);
		const leave = {
			FIN: (client: RawClient) => client.destroy(),
			RST: (client: RawClient) => client.reset(),
		};
		/** The connection that carries the request for this path, once it came. */
		const peerOf = async (path: string): Promise<RawClient> => {
			await eventually(
				() => it.upstream.count(path),
				(count) => count > 0,
			);
			const request = it.upstream.requests.findLast((each) => each.path === path);
			return it.upstream.peers[request?.connection ?? -1] as RawClient;
		};
		const settled = async () => {
			await eventually(
				() => inFlight(it.ballast),
				(count) => count === 0,
			);
			await eventually(
				() => connections(it.ballast),
				(count) => count === 0,
			);
		};

		for (const [how, go] of Object.entries(leave)) {
			test(`before the answer, with ${how}`, async () => {
				for (const [path, request] of [
					[`/wait-${how}`, get(`/wait-${how}`)],
					[`/posted-${how}`, post(`/posted-${how}`, 'body')],
				] as const) {
					it.upstream.on(path, () => sleep(5000, undefined, { ref: false }));
					const client = await it.client();
					client.send(request);
					const peer = await peerOf(path);
					assert.equal(await inFlight(it.ballast), 1);
					go(client);
					await peer.until(() => peer.ended || peer.closed, 'the end of the request', SOON);
					await settled();
				}
			});

			test(`in the middle of the answer, with ${how}`, async () => {
				const path = `/stream-${how}`;
				it.upstream.on(path, async (_, peer) => {
					peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
					while (!peer.closed && !peer.ended) {
						peer.send('5\r\nhello\r\n');
						await sleep(20);
					}
				});
				const client = await it.client();
				client.send(get(path));
				await client.readTo('hello');
				const peer = await peerOf(path);
				go(client);
				await peer.until(() => peer.ended || peer.closed, 'the end of the answer', SOON);
				await settled();
			});

			test(`in the middle of an event stream that is silent, with ${how}`, async () => {
				const path = `/events-${how}`;
				it.upstream.on(path, async (_, peer) => {
					peer.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n');
					await peer.until(() => peer.ended || peer.closed, 'the end');
				});
				const client = await it.client();
				client.send(get(path));
				await client.readTo('data: 1\n\n');
				const peer = await peerOf(path);
				go(client);
				await peer.until(() => peer.ended || peer.closed, 'the end of the answer', SOON);
				await settled();
			});

			test(`in the middle of a large answer that it does not read, with ${how}`, async () => {
				const path = `/large-${how}`;
				it.upstream.on(path, async (_, peer) => {
					peer.send('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
					while (!peer.closed && !peer.ended) {
						if (peer.socket.writableLength < 1_000_000) peer.send(PIECE);
						else await sleep(5);
					}
				});
				const client = await it.client({ paused: true });
				client.send(get(path));
				const peer = await peerOf(path);
				await sleep(300);
				go(client);
				await peer.until(() => peer.ended || peer.closed, 'the end of the answer', SOON);
				await settled();
			});

			test(`in the middle of the upload, with ${how}`, async () => {
				for (const framing of ['Content-Length: 100000000', 'Transfer-Encoding: chunked']) {
					const path = `/upload-${how}-${framing.length}`;
					it.upstream.onHead(path, (_, peer) => peer.until(() => peer.ended || peer.closed, 'the end'));
					const client = await it.client();
					const body = framing.includes('Length') ? PIECE.toString() : `10000\r\n${PIECE}\r\n`;
					client.send(`POST ${path} HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n${body}`);
					const peer = await peerOf(path);
					await peer.until(() => peer.received.length > 60_000, 'the first piece');
					go(client);
					await peer.until(() => peer.ended || peer.closed, 'the end of the request', SOON);
					assert.ok(!peer.text().endsWith('0\r\n\r\n'), 'the body does not look whole');
					await settled();
				}
			});
		}

		test('a half-closed client gets its answer, also a late and a long one', async () => {
			it.upstream.on('/late', async (_, peer) => {
				await sleep(500);
				peer.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate');
			});
			it.upstream.on('/long', async (_, peer) => {
				peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
				for (let i = 0; i < 8; i++) {
					peer.send('5\r\nhello\r\n');
					await sleep(200);
				}
				peer.send('0\r\n\r\n');
			});
			for (const [path, text] of [
				['/late', 'late'],
				['/long', 'hello'.repeat(8)],
			] as const) {
				const client = await it.client();
				client.finish(post(path, 'x'));
				assert.equal((await client.answer()).text, text);
				await client.until(() => client.ended, 'FIN');
			}
			await settled();
		});

		test('a connection that never says anything, or half a head, leaves nothing', async () => {
			const silent = await it.client();
			const half = await it.client();
			half.send('GET / HT');
			await eventually(
				() => connections(it.ballast),
				(count) => count === 2,
			);
			silent.destroy();
			half.reset();
			await settled();
		});
	});
}
