import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rssOf } from '../support/process-tree.ts';
import type { Echo } from '../support/raw-upstream.ts';
import { connections, eventually, get, post, suite, TRANSPORTS } from '../support/suite.ts';

for (const [transport, env] of Object.entries(TRANSPORTS)) {
	describe(`pipelining over the ${transport}`, () => {
		const it = suite(
			({ url }) => ({
				services: {
					app: {
						instances: [url],
						routes: { '/fixed': { respond: 'fixed' }, '/large': { respond: 'x'.repeat(100_000) } },
					},
				},
			}),
			{ env },
		);

		test('100 requests in one write, local and proxied ones mixed, are answered in order', async () => {
			const client = await it.client();
			const kinds = ['proxied', 'fixed', 'posted', 'unknown', 'chunked', 'head'];
			const kindOf = (i: number) => kinds[(i * 7) % kinds.length];
			const request = (i: number) => {
				switch (kindOf(i)) {
					case 'fixed':
						return get('/fixed');
					case 'posted':
						return post(`/${i}`, `body ${i}`);
					case 'chunked':
						return `PUT /${i} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n`;
					case 'head':
						return `HEAD /${i} HTTP/1.1\r\nHost: a\r\n\r\n`;
					default:
						return get(`/${i}`, `X-Pad: ${'p'.repeat(i * 20)}`);
				}
			};
			client.send(Array.from({ length: 100 }, (_, i) => request(i)).join(''));
			for (let i = 0; i < 100; i++) {
				const answer = await client.answer({ method: kindOf(i) === 'head' ? 'HEAD' : 'GET' });
				assert.equal(answer.status, 200, `${i}`);
				if (kindOf(i) === 'fixed') assert.equal(answer.text, 'fixed', `${i}`);
				else if (kindOf(i) === 'head') assert.ok(answer.field('content-length'), `${i}`);
				else assert.equal(answer.json<Echo>().target, `/${i}`);
				if (kindOf(i) === 'posted') assert.equal(answer.json<Echo>().body, `body ${i}`);
			}
			assert.equal(client.at, client.received.length);
		});

		test('what stands behind a request that closes is not answered', async () => {
			const client = await it.client();
			client.send(get('/1') + get('/2', 'Connection: close') + get('/behind-close'));
			assert.equal((await client.answer()).json<Echo>().target, '/1');
			assert.equal((await client.answer()).field('connection'), 'close');
			await client.until(() => client.ended, 'FIN');
			assert.equal(client.at, client.received.length);
			assert.equal(client.error, '');
			assert.equal(it.upstream.count('/behind-close'), 0);
		});

		test('a bad request in the middle gets its 400 after the answers before it', async () => {
			const client = await it.client();
			client.send(`${get('/1')}${get('/fixed')}GET / HTTP/1.1\r\nHost : a\r\n\r\n${get('/behind-bad')}`);
			assert.equal((await client.answer()).status, 200);
			assert.equal((await client.answer()).text, 'fixed');
			assert.equal((await client.answer()).status, 400);
			await client.until(() => client.ended, 'FIN');
			assert.equal(it.upstream.count('/behind-bad'), 0);
		});

		test('a client that asks on and on and reads nothing is not answered into memory', async () => {
			const before = rssOf(it.ballast.pid);
			const client = await it.client({ paused: true });
			const many = get('/large').repeat(1000);
			for (let i = 0; i < 5; i++) client.send(many);
			await new Promise((resolve) => setTimeout(resolve, 500));
			const grown = rssOf(it.ballast.pid) - before;
			assert.ok(grown < 60_000_000, `grew by ${grown} bytes`);
			client.destroy();
			await eventually(
				() => connections(it.ballast),
				(count) => count === 0,
			);
		});

		test('what is left behind a half-closed client is answered', async () => {
			const client = await it.client();
			client.finish(get('/1') + get('/fixed') + get('/3'));
			assert.equal((await client.answer()).json<Echo>().target, '/1');
			assert.equal((await client.answer()).text, 'fixed');
			assert.equal((await client.answer()).json<Echo>().target, '/3');
			await client.until(() => client.ended, 'FIN');
			await eventually(
				() => connections(it.ballast),
				(count) => count === 0,
			);
		});
	});
}
