/** Many clients for one answer. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, get, inFlight, suite } from '../support/suite.ts';

const FOLLOWERS = 5;

describe('a crowd for one key', () => {
	const it = suite(({ url }) => ({ services: { app: { instances: [url], cache: {} } } }));

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
});
