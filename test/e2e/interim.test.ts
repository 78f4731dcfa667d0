import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readBody } from '../support/raw-upstream.ts';
import { get, suite, TRANSPORTS } from '../support/suite.ts';

for (const [transport, env] of Object.entries(TRANSPORTS)) {
	describe(`interim answers over the ${transport}`, () => {
		const it = suite(
			({ url }) => ({
				services: {
					app: { instances: [url], routes: { '/small': { limits: { body: '1KiB' } }, '/here': { respond: 'here' } } },
				},
			}),
			{ env },
		);
		const expecting = (path: string, length = 5) =>
			`PUT ${path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;

		test('103 and others reach the client before the answer, with their fields', async () => {
			it.upstream.on('/hints', async (_, peer) => {
				peer.send(
					'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.css>\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n',
				);
				peer.send('HTTP/1.1 102 Processing\r\n\r\n');
				await new Promise((resolve) => setTimeout(resolve, 50));
				peer.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
			});
			const client = await it.client();
			client.send(get('/hints'));
			const hints = await client.answer();
			assert.equal(hints.status, 103);
			assert.deepEqual(hints.lines, ['Link: </a.css>; rel=preload', 'Link: </b.css>']);
			assert.equal((await client.answer()).status, 102);
			assert.equal((await client.answer()).text, 'ok');
		});

		test('they are not sent to an HTTP/1.0 client', async () => {
			it.upstream.on(
				'/all',
				'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
			);
			const client = await it.client();
			client.send('GET /all HTTP/1.0\r\n\r\n');
			const answer = await client.answer();
			assert.deepEqual([answer.status, answer.text], [200, 'ok']);
		});

		test('100 Continue comes from the instance, and only then the body', async () => {
			it.upstream.onHead('/continue', async (request, peer) => {
				assert.equal(request.field('expect'), '100-continue');
				await new Promise((resolve) => setTimeout(resolve, 50));
				assert.equal(peer.received.length, peer.at, 'no body before the 100');
				peer.send('HTTP/1.1 100 Continue\r\n\r\n');
				await readBody(peer, request);
				peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${request.body.length}\r\n\r\n`);
				peer.send(request.body);
			});
			const client = await it.client();
			for (const _ of [1, 2]) {
				client.send(expecting('/continue'));
				const started = performance.now();
				assert.equal((await client.answer()).raw, 'HTTP/1.1 100 Continue\r\n\r\n');
				assert.ok(performance.now() - started >= 45);
				client.send('hello');
				assert.equal((await client.answer()).text, 'hello');
			}
		});

		test('a client that does not wait is served, too', async () => {
			const client = await it.client();
			client.send(`${expecting('/continue-not')}hello`);
			assert.equal((await client.answer()).json<{ body: string }>().body, 'hello');
			client.send(get('/'));
			assert.equal((await client.answer()).status, 200);
		});

		test('a final answer instead of 100 ends the connection, since the body may still come', async () => {
			it.upstream.onHead('/refused', (_, peer) => peer.send('HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno'));
			const client = await it.client();
			client.send(expecting('/refused'));
			const answer = await client.answer();
			assert.deepEqual([answer.status, answer.text, answer.field('connection')], [417, 'no', 'close']);
			await client.until(() => client.ended, 'FIN');
		});

		test('what Ballast answers itself needs no body either', async () => {
			for (const [path, length, status] of [
				['/small', 2000, 413],
				['/here', 5, 200],
			] as const) {
				const client = await it.client();
				client.send(expecting(path, length));
				const answer = await client.answer();
				assert.deepEqual([answer.status, answer.field('connection')], [status, 'close'], path);
			}
			assert.equal(it.upstream.count('/small'), 0);
		});

		test('an expectation that nobody knows is 417', async () => {
			const client = await it.client();
			client.send('PUT / HTTP/1.1\r\nHost: a\r\nExpect: 200-maybe\r\nContent-Length: 5\r\n\r\n');
			const answer = await client.answer();
			assert.deepEqual([answer.status, answer.json<{ code: string }>().code], [417, 'expectation_failed']);
		});
	});
}
