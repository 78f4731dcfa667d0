import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { rssOf } from '../support/process-tree.ts';
import type { RawClient } from '../support/raw-client.ts';
import { eventually, get, suite } from '../support/suite.ts';

const GB = 1_000_000_000;
const PIECE = Buffer.alloc(256 * 1024, 'x');
/** What all processes together may grow by while a body of 1 GB passes, bytes. */
const GROWTH = 60_000_000;

/** Bytes that repeat nowhere near, so that a piece in the wrong place shows. */
function noise(length: number): Buffer {
	const bytes = Buffer.allocUnsafe(length);
	let state = length | 1;
	for (let at = 0; at < length; at++) {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
		bytes[at] = state >>> 24;
	}
	return bytes;
}

/** Sends so many bytes as fast as the other side takes them. */
async function pour(peer: RawClient, bytes: number): Promise<number> {
	let sent = 0;
	while (sent < bytes && !peer.closed && !peer.ended) {
		const piece = sent + PIECE.length > bytes ? PIECE.subarray(0, bytes - sent) : PIECE;
		sent += piece.length;
		if (peer.socket.write(piece)) continue;
		await new Promise<void>((resolve) => {
			const go = () => {
				peer.socket.off('drain', go).off('close', go);
				resolve();
			};
			peer.socket.on('drain', go).on('close', go);
		});
	}
	return sent;
}

/** Reads at this rate for so long, ms; returns the bytes read. */
async function sip(peer: RawClient, bytesPerSecond: number, ms: number): Promise<number> {
	const started = performance.now();
	const before = peer.bytes;
	for (;;) {
		const passed = performance.now() - started;
		if (passed >= ms || peer.closed) return peer.bytes - before;
		if (peer.bytes - before > (bytesPerSecond * passed) / 1000) peer.socket.pause();
		else peer.socket.resume();
		await sleep(5);
	}
}

/** The most that the tree grew to, from what it was. */
function watchRss(pid: number): () => number {
	const before = rssOf(pid);
	let most = before;
	const timer = setInterval(() => {
		most = Math.max(most, rssOf(pid));
	}, 100);
	return () => {
		clearInterval(timer);
		return Math.max(most, rssOf(pid)) - before;
	};
}

describe('back-pressure', { concurrency: true }, () => {
	const it = suite(
		({ url }) => ({
			services: {
				app: {
					instances: [url],
					limits: { body: '2GiB' },
					routes: { '/impatient/*': { timeouts: { idle: '1500ms' } } },
				},
			},
		}),
		{ together: true },
	);

	test('1 GB down to a client that reads at 20 MB/s, 1 GB up to an instance that does: memory stays flat', async () => {
		for (const path of ['/down', '/down-chunked']) {
			it.upstream.on(path, async (_, peer) => {
				peer.send(`HTTP/1.1 200 OK\r\n${path === '/down' ? `Content-Length: ${GB}` : 'X-Until: close'}\r\n\r\n`);
				await pour(peer, GB);
				peer.finish();
			});
		}
		let upstream: RawClient | undefined;
		it.upstream.onHead('/up', async (_, peer) => {
			upstream = peer;
			peer.keep = false;
			await peer.until(() => peer.closed, 'the end', 60_000);
		});
		const clients = await Promise.all([it.client(), it.client(), it.client()]);
		const [down, chunked, up] = clients as [RawClient, RawClient, RawClient];
		const grown = watchRss(it.ballast.pid);
		for (const client of clients) client.keep = false;
		down.send(get('/down'));
		chunked.send(get('/down-chunked'));
		up.send(`POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: ${GB}\r\n\r\n`);
		const pouring = pour(up, GB);
		await eventually(
			() => upstream,
			(peer) => peer !== undefined,
		);
		const read = await Promise.all([down, chunked, upstream as RawClient].map((peer) => sip(peer, 20_000_000, 4000)));
		const growth = grown();
		for (const bytes of read) assert.ok(bytes > 40_000_000, `only ${bytes} bytes in 4 s`);
		assert.ok(growth < GROWTH, `grew by ${growth} bytes`);
		for (const client of clients) client.destroy();
		upstream?.destroy();
		await pouring;
	});

	test('who stops reading is cut after the idle limit', async () => {
		it.upstream.on('/impatient/stopped', (_, peer) => {
			peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${GB}\r\n\r\n`);
			return pour(peer, GB);
		});
		const client = await it.client({ paused: true });
		client.keep = false;
		const started = performance.now();
		client.send(get('/impatient/stopped'));
		const peer = await eventually(
			() => it.upstream.requests.find((each) => each.path === '/impatient/stopped'),
			Boolean,
		);
		const connection = it.upstream.peers[peer?.connection ?? -1] as RawClient;
		await connection.until(() => connection.closed || connection.ended, 'the end of the answer');
		const took = performance.now() - started;
		assert.ok(took > 1450 && took < 2300, `cut after ${took.toFixed(0)} ms`);
		client.socket.resume();
		await client.until(() => client.closed, 'the end');
		assert.equal(client.error, 'ECONNRESET');
	});

	test('who reads a little all the time is not', async () => {
		it.upstream.on('/impatient/slow', (_, peer) => {
			peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${GB}\r\n\r\n`);
			return pour(peer, GB);
		});
		const client = await it.client();
		client.keep = false;
		client.send(get('/impatient/slow'));
		// The kernels keep up to 20 MB in between and take more only in large steps: slower, and none of it shows for seconds.
		const read = await sip(client, 16_000_000, 3500);
		assert.equal(client.closed, false, `cut after ${read} bytes`);
		client.destroy();
	});

	test('many clients that ask and do not read cost their piece each', async () => {
		it.upstream.on('/many', (_, peer) => {
			peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${GB}\r\n\r\n`);
			return pour(peer, GB);
		});
		const clients = await Promise.all(Array.from({ length: 40 }, () => it.client({ paused: true })));
		const grown = watchRss(it.ballast.pid);
		for (const client of clients) client.send(get('/many'));
		await sleep(1500);
		const growth = grown();
		for (const client of clients) client.destroy();
		assert.ok(growth < 40 * 1024 * 1024 + GROWTH, `grew by ${growth} bytes`);
	});

	test('what waits for a slow reader stays what it was, whatever passes meanwhile', async () => {
		const sizes = Array.from({ length: 24 }, (_, i) => 3_000_000 + i * 97_003);
		it.upstream.on('/kept', (request, peer) => {
			const bytes = noise(Number(request.field('x-size')));
			peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`);
			peer.send(bytes);
		});
		it.upstream.on('/other', (request, peer) => {
			const text = 'other '.repeat(20_000 + (request.field('x-i')?.length ?? 0));
			peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
		});
		const clients = await Promise.all(sizes.map(() => it.client({ paused: true })));
		for (const [i, client] of clients.entries()) client.send(get('/kept', `X-Size: ${sizes[i]}`));
		const other = await it.client();
		for (let i = 0; i < 150; i++) {
			other.send(get('/other', `X-I: ${i}`));
			assert.match((await other.answer()).text, /^(?:other )+$/);
		}
		for (const [i, client] of clients.entries()) {
			client.socket.resume();
			const answer = await client.answer({ withinMs: 10_000 });
			assert.ok(answer.body.equals(noise(sizes[i] as number)), `${sizes[i]} bytes are not what was sent`);
		}
	});
});
