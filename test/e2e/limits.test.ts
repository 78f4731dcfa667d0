import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Answer, connect } from '../support/raw-client.ts';
import { connections, eventually, get, post, suite } from '../support/suite.ts';

/** What an error of Ballast's own looks like, whatever it is. */
function assertProblem(answer: Answer, status: number, code: string): void {
	assert.deepEqual([answer.status, answer.json<{ code: string; status: number }>().code], [status, code]);
	assert.equal(answer.json<{ status: number }>().status, status);
	assert.equal(answer.field('content-type'), 'application/problem+json');
	assert.equal(answer.field('cache-control'), 'no-store');
	const details = code === 'bad_request' ? `${code}: [a-z0-9_]+` : code;
	assert.match(answer.field('proxy-status') ?? '', new RegExp(`^ballast; error=[a-z_]+; details="${details}"$`));
	assert.ok(answer.field('date'));
	assert.equal(answer.fields('content-length').length, 1);
}

describe('limits', () => {
	const it = suite(({ url }) => ({
		limits: { head: { size: '4KiB', fields: 20 }, target: '1KiB' },
		services: {
			app: { instances: [url], limits: { body: '10KiB' }, routes: { '/more': { limits: { body: '20KiB' } } } },
		},
	}));
	/** The error is the last that comes by the connection, and no request reached the instance. */
	const refused = async (bytes: string, status: number, code: string) => {
		const before = it.upstream.requests.length;
		const client = await it.client();
		client.send(bytes);
		const answer = await client.answer();
		assertProblem(answer, status, code);
		assert.equal(answer.field('connection'), 'close');
		await client.until(() => client.ended, 'FIN');
		assert.equal(client.error, '');
		assert.equal(it.upstream.requests.length, before);
	};

	test('a head at its limit passes, one beyond it is 431', async () => {
		const fill = (bytes: number) => get('/', `X-A: ${'a'.repeat(bytes)}`);
		const bare = fill(0).length;
		assert.equal((await it.ask(fill(4096 - bare))).status, 200);
		await refused(fill(4097 - bare), 431, 'head_too_large');
		await refused(`GET / HTTP/1.1\r\nX-A: ${'a'.repeat(5000)}`, 431, 'head_too_large');
		assert.equal((await it.ask(get('/', ...Array.from({ length: 19 }, () => 'X: 1')))).status, 200);
		await refused(get('/', ...Array.from({ length: 20 }, () => 'X: 1')), 431, 'head_too_large');
	});

	test('a target beyond its limit is 414, also when no end of it is in sight', async () => {
		const long = (length: number) => `/${'x'.repeat(length - 1)}`;
		assert.equal((await it.ask(get(long(1024)))).status, 200);
		await refused(get(long(1025)), 414, 'target_too_long');
		await refused(`GET ${long(3000)}`, 414, 'target_too_long');
	});

	test('a body beyond its limit is 413: declared at once, chunked when it is too much', async () => {
		assert.equal((await it.ask(post('/', 'x'.repeat(10_240)))).status, 200);
		assert.equal((await it.ask(post('/more', 'x'.repeat(20_000)))).status, 200);
		await refused(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10241\r\n\r\n`, 413, 'body_too_large');
		await refused(post('/', 'x'.repeat(10_241)), 413, 'body_too_large');
		await refused(post('/more', 'x'.repeat(20_481)), 413, 'body_too_large');
		it.upstream.onHead('/chunks', (_, peer) => peer.until(() => peer.closed || peer.ended, 'the end'));
		const client = await it.client();
		client.send('POST /chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
		for (let i = 0; i < 11; i++) client.send(`400\r\n${'x'.repeat(1024)}\r\n`);
		const answer = await client.answer();
		assertProblem(answer, 413, 'body_too_large');
		const peer = it.upstream.peers.findLast((each) => each.text().includes('/chunks'));
		await peer?.until(() => peer.closed || peer.ended, 'the end of the request');
		assert.doesNotMatch(peer?.text() ?? '', /\r\n0\r\n/);
	});

	test('bad framing in a body is 400, and the instance sees the request end, not finish', async () => {
		it.upstream.onHead('/bad', (_, peer) => peer.until(() => peer.closed || peer.ended, 'the end'));
		for (const chunk of ['zz\r\n', '5\r\nhelloX', '-1\r\n', '5 5\r\nhello', '5\nhello\r\n']) {
			const client = await it.client();
			client.send(`POST /bad HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n${chunk}`);
			assertProblem(await client.answer(), 400, 'bad_request');
			await client.until(() => client.ended, 'FIN');
		}
	});

	test('what cannot be read one way only is 400 and the end', async () => {
		const bad = [
			'GET / HTTP/1.1\r\n\r\n',
			'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n',
			'GET / HTTP/1.1\r\nHost : a\r\n\r\n',
			'GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n',
			'GET / HTTP/1.1\nHost: a\n\n',
			'GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n',
			'GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n',
			'GET  / HTTP/1.1\r\nHost: a\r\n\r\n',
			'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n',
			'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx',
			'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx',
			'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
			'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
			'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
			'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
			'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
			'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
			'PRI * HTTP/1.1\r\nHost: a\r\n\r\n',
			'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
		];
		for (const bytes of bad) await refused(bytes, 400, 'bad_request');
		await refused('GET / HTTP/2.0\r\nHost: a\r\n\r\n', 505, 'version_not_supported');
	});
});

describe('limits of connections', () => {
	const it = suite(({ url }) => ({ workers: 2, limits: { connections: 20 }, services: { app: { instances: [url] } } }));

	test('one more than the node may have is told so; one that leaves makes room', async () => {
		const clients = [];
		for (let i = 0; i < 20; i++) clients.push(await it.client());
		await eventually(
			() => connections(it.ballast),
			(count) => count === 20,
		);
		for (const ask of ['', get('/')]) {
			const late = await connect(it.ballast.port);
			late.send(ask);
			const answer = await late.answer();
			assertProblem(answer, 503, 'too_many_connections');
			assert.equal(answer.field('retry-after'), '1');
			assert.equal(answer.field('connection'), 'close');
			await late.until(() => late.ended || late.closed, 'the end');
			late.destroy();
		}
		for (const client of clients) {
			client.send(get('/'));
			assert.equal((await client.answer()).status, 200);
		}
		clients[0]?.destroy();
		await eventually(
			() => connections(it.ballast),
			(count) => count === 19,
		);
		assert.equal((await it.ask(get('/'))).status, 200);
	});
});
