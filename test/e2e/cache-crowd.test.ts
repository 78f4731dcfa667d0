/** Many clients for one answer. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RawClient } from '../support/raw-client.ts';
import { eventually, get, inFlight, suite } from '../support/suite.ts';

const FOLLOWERS = 5;

describe('a crowd for one key', () => {
	const routes = { 'GET /long': { cache: { body: '64KiB' } } };
	const it = suite(({ url }) => ({ workers: 2, services: { app: { instances: [url], cache: {}, routes } } }));

	test('who waited gets the answer that came, though it is not fresh any more once it is whole', async () => {
		let asked = 0;
		const whole = Promise.withResolvers<void>();
		const head = 'HTTP/1.1 200 OK\r\nCache-Control: max-age=1\r\nTransfer-Encoding: chunked\r\n\r\n';
		it.upstream.on('/slow', async (_, peer) => {
			asked++;
			await peer.send(`${head}4\r\nfrom\r\n`);
			await whole.promise;
			await peer.send(`1\r\n${asked}\r\n0\r\n\r\n`);
		});
		const leader = it.ask(get('/slow'));
		await eventually(
			() => inFlight(it.ballast),
			(count) => count === 1,
		);
		const clients = await Promise.all(Array.from({ length: FOLLOWERS }, () => it.client()));
		for (const client of clients) client.send(get('/slow'));
		// What came later was answered: they all wait. A second later what they wait for is stale.
		await it.ask(get('/other'));
		await sleep(1100);
		whole.resolve();
		const followers = await Promise.all(clients.map((client) => client.answer()));
		assert.equal((await leader).text, 'from1');
		assert.deepEqual(
			followers.map(({ status, text }) => `${status} ${text}`),
			Array<string>(FOLLOWERS).fill('200 from1'),
		);
		assert.equal(asked, 1);
		// Who comes now is answered anew.
		assert.equal((await it.ask(get('/slow'))).text, 'from2');
	});

	test('who waits gets it as it comes, and all of it, though it proves too long to be stored', async () => {
		const body = randomBytes(5 * 1024 * 1024);
		const begun = 20_000;
		const rest = Promise.withResolvers<void>();
		const head = 'HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n';
		const sendChunk = (peer: RawClient, from: number, to: number): void => {
			peer.send(`${(to - from).toString(16)}\r\n`);
			peer.send(body.subarray(from, to));
			peer.send('\r\n');
		};
		it.upstream.on('/long', async (_, peer) => {
			peer.send(head);
			sendChunk(peer, 0, begun);
			await rest.promise;
			for (let at = begun; at < body.length; at += 50_000) sendChunk(peer, at, Math.min(at + 50_000, body.length));
			peer.send('0\r\n\r\n');
		});
		const leader = await it.client();
		leader.send(get('/long'));
		await leader.until(() => leader.bytes > begun);
		// By chance they are with both workers, and the slow one with either.
		const followers = await Promise.all(Array.from({ length: FOLLOWERS }, () => it.client()));
		const slow = await it.client({ paused: true });
		for (const client of [...followers, slow]) client.send(get('/long'));
		await Promise.all(followers.map((client) => client.until(() => client.bytes > begun)));
		rest.resolve();
		// He takes what he got only when the others have more than may be stored.
		await Promise.all(followers.map((client) => client.until(() => client.bytes > 200_000)));
		slow.socket.resume();
		const answers = await Promise.all([leader, ...followers, slow].map((client) => client.answer()));
		for (const { status, body: got } of answers) assert.ok(status === 200 && body.equals(got as Buffer));
		assert.equal(it.upstream.count('/long'), 1);
	});
});
