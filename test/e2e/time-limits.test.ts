import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Answer, RawClient } from '../support/raw-client.ts';
import { connections, eventually, get, inFlight, suite } from '../support/suite.ts';

/** A limit is never early, and at most this late, ms. */
const LATE = 350;

/** Runs it and asserts how long it took. */
async function takes<T>(ms: number, run: () => Promise<T>): Promise<T> {
	const started = performance.now();
	const result = await run();
	const took = performance.now() - started;
	assert.ok(took >= ms - 30 && took <= ms + LATE, `took ${took.toFixed(0)} ms instead of ${ms}`);
	return result;
}

const codeOf = (answer: Answer): [number, string] => [answer.status, answer.json<{ code: string }>().code];
const gone = (client: RawClient) =>
	client.until(() => client.closed || client.ended, 'the end of the connection', 10_000);

describe('time limits', { concurrency: true }, () => {
	const it = suite(
		({ url }) => ({
			limits: { head: { time: '600ms' }, keepAlive: '700ms' },
			services: {
				app: {
					instances: [url],
					timeouts: { firstByte: '500ms', request: '60s', idle: '600ms' },
					routes: {
						'/whole/*': { timeouts: { request: '800ms', idle: '700ms', firstByte: '700ms' } },
						'/ws': { timeouts: { request: '500ms', idle: '500ms', firstByte: '500ms' } },
						'/events': { timeouts: { request: '500ms', idle: '500ms', firstByte: '500ms' } },
					},
				},
			},
		}),
		{ together: true },
	);

	test('a head that does not come whole: 408', async () => {
		const client = await it.client();
		client.send('GET / HTTP/1.1\r\nHost');
		const answer = await takes(600, async () => {
			const dripping = setInterval(() => client.send('x'), 100);
			return client.answer().finally(() => clearInterval(dripping));
		});
		assert.deepEqual(codeOf(answer), [408, 'head_timeout']);
		assert.match(answer.field('proxy-status') ?? '', /^ballast; error=http_request_error; details="head_timeout"$/);
		await gone(client);
	});

	test('a client that reads on and on, a little at a time, is cut off when the whole request is over', async () => {
		const left = Promise.withResolvers<RawClient>();
		it.upstream.onHead('/whole/slow', (_, peer) => {
			peer.send('HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n');
			peer.send(Buffer.alloc(200_000_000));
			left.resolve(peer);
		});
		const client = await it.client({ paused: true });
		client.keep = false;
		const reading = setInterval(() => client.socket.read(Math.min(100_000, client.socket.readableLength)), 50);
		try {
			await takes(800, async () => {
				client.send(get('/whole/slow'));
				const peer = await left.promise;
				await peer.until(() => peer.closed, 'the end at the instance');
			});
		} finally {
			clearInterval(reading);
		}
		client.destroy();
	});

	test('a client that never says anything is let go without a word', async () => {
		const client = await it.client();
		await takes(600, () => gone(client));
		assert.equal(client.received.length, 0);
	});

	test('an idle connection is closed after the keep-alive limit', async () => {
		const client = await it.client();
		client.send(get('/'));
		await client.answer();
		await sleep(400);
		client.send(get('/'));
		await client.answer();
		await takes(700, () => gone(client));
		assert.equal(client.error, '');
	});

	test('empty lines hold no connection: not one that never asked, nor one that is idle', async () => {
		const dripped = (client: RawClient, lines: string[]) => {
			let sent = 0;
			const drips = setInterval(() => client.send(lines[sent++ % lines.length] as string), 60);
			return gone(client).finally(() => clearInterval(drips));
		};
		const fresh = await it.client();
		await takes(600, () => dripped(fresh, ['\r\n']));
		const halves = await it.client();
		await takes(650, () => dripped(halves, ['\r', '\n']));
		const idle = await it.client();
		idle.send(`${get('/')}\r\n`);
		await idle.answer();
		await takes(700, () => dripped(idle, ['\r\n']));
	});

	test('the instance does not begin to answer: 504', async () => {
		it.upstream.on('/silent', () => sleep(10_000, undefined, { ref: false }));
		const client = await it.client();
		client.send(get('/silent'));
		const answer = await takes(500, () => client.answer());
		assert.deepEqual(codeOf(answer), [504, 'first_byte_timeout']);
		assert.equal(it.upstream.count('/silent'), 1);
		client.send(get('/'));
		assert.equal((await client.answer()).status, 200);
	});

	test('an interim answer is no beginning', async () => {
		it.upstream.on('/interim', async (_, peer) => {
			peer.send('HTTP/1.1 103 Early Hints\r\n\r\n');
			await sleep(10_000, undefined, { ref: false });
		});
		const client = await it.client();
		client.send(get('/interim'));
		assert.equal((await client.answer()).status, 103);
		assert.deepEqual(codeOf(await client.answer()), [504, 'first_byte_timeout']);
	});

	test('a body that stalls: 408', async () => {
		for (const framing of ['Content-Length: 100', 'Transfer-Encoding: chunked']) {
			const client = await it.client();
			client.send(`POST /upload-stalls HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`);
			for (let i = 0; i < 3; i++) {
				await sleep(300);
				client.send(framing.includes('chunked') ? '1\r\nx\r\n' : 'x');
			}
			const answer = await takes(600, () => client.answer());
			assert.deepEqual(codeOf(answer), [408, 'body_timeout']);
			await gone(client);
		}
		const open = () => it.upstream.peers.filter((peer) => !peer.ended && peer.text().includes('/upload-stalls')).length;
		await eventually(open, (count) => count === 0);
	});

	test('an answer that stalls is cut', async () => {
		it.upstream.on('/stalls', async (_, peer) => {
			peer.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
			await sleep(10_000, undefined, { ref: false });
		});
		const client = await it.client();
		client.send(get('/stalls'));
		await client.readTo('half');
		await takes(600, () => gone(client));
		assert.equal(client.error, 'ECONNRESET');
	});

	test('the whole request: 504 before an answer, cut within one', async () => {
		it.upstream.on('/whole/drip', async (_, peer) => {
			peer.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n');
			while (!peer.closed && !peer.ended) {
				peer.send('x');
				await sleep(50);
			}
		});
		const client = await it.client();
		client.send(get('/whole/drip'));
		await takes(800, () => gone(client));
		assert.equal(client.error, 'ECONNRESET');
		const uploading = await it.client();
		uploading.send('POST /whole/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n');
		const dripping = setInterval(() => uploading.send('x'), 50);
		const answer = await takes(800, () => uploading.answer().finally(() => clearInterval(dripping)));
		assert.deepEqual(codeOf(answer), [504, 'request_timeout']);
	});

	test('an event stream may be silent, and go on, for as long as it likes', async () => {
		it.upstream.on('/events', async (_, peer) => {
			peer.send(
				'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n',
			);
			for (let i = 0; i < 3; i++) {
				peer.send(`9\r\ndata: ${i}\n\n\r\n`);
				await sleep(900);
			}
			peer.send('0\r\n\r\n');
		});
		const client = await it.client();
		client.send(get('/events'));
		const answer = await takes(2700, () => client.answer());
		assert.equal(answer.text, 'data: 0\n\ndata: 1\n\ndata: 2\n\n');
	});

	test('a WebSocket may be silent for as long as it likes', async () => {
		it.upstream.on('/ws', async (request, peer) => {
			peer.send(`HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: ${request.field('upgrade')}\r\n`);
			peer.send(`Sec-WebSocket-Accept: ${await acceptOf(request.field('sec-websocket-key') ?? '')}\r\n\r\n`);
			await sleep(1500);
			peer.send(Buffer.from([0x81, 5, ...Buffer.from('hello')]));
			await sleep(10_000, undefined, { ref: false });
		});
		const socket = new WebSocket(`ws://127.0.0.1:${it.ballast.port}/ws`);
		const text = await takes(
			1500,
			() =>
				new Promise<string>((resolve, reject) => {
					socket.on('message', (data) => resolve(String(data)));
					socket.on('error', reject);
				}),
		);
		assert.equal(text, 'hello');
		socket.terminate();
	});
});

async function acceptOf(key: string): Promise<string> {
	const { createHash } = await import('node:crypto');
	return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}
void [connections, inFlight];
