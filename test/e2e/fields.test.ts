import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fieldsOf } from '../support/raw-client.ts';
import type { Echo } from '../support/raw-upstream.ts';
import { get, suite } from '../support/suite.ts';

describe('header fields', () => {
	const it = suite(({ url }) => ({
		services: {
			app: { instances: [url] },
			own: { match: '/own/*', instances: [url], host: 'instance' },
			set: { match: '/set/*', instances: [url], host: { set: 'api.internal' } },
			edits: {
				match: '/edits/*',
				instances: [url],
				headers: {
					request: { set: { 'X-Env': 'test', 'X-Twice': 'mine' }, remove: ['x-secret'] },
					response: { set: { 'X-Frame-Options': 'DENY', Server: 'none' }, remove: ['x-powered-by'] },
				},
			},
		},
	}));
	const echo = async (request: string): Promise<Echo> => (await it.ask(request)).json<Echo>();

	test('what goes from end to end arrives as it was written, in its order', async () => {
		const lines = [
			'X-A: 1',
			'Accept:  text/html, */*;q=0.1  ',
			'x-a: 2',
			'COOKIE: a=b; c=d',
			'X-a: 3',
			'X-Empty:',
			'X-Latin: caf\xe9',
		];
		const found = await echo(get('/', ...lines));
		const sent = found.lines.filter((line) => !/^(?:Host|X-Forwarded-|Via|traceparent)/.test(line));
		assert.deepEqual(
			sent.map((line) => line.trimEnd()),
			lines.map((line) => line.trimEnd()),
		);
		assert.deepEqual(fieldsOf(found.lines, 'x-a'), ['1', '2', '3']);
	});

	test('hop-by-hop fields and those that Connection names end here', async () => {
		const hop = [
			'Connection: close, X-Hop',
			'X-Hop: 1',
			'x-hop: 2',
			'Keep-Alive: timeout=9',
			'Proxy-Connection: keep-alive',
		];
		const more = [
			'Proxy-Authorization: Basic eDp5',
			'TE: gzip',
			'Upgrade: h2c, foo',
			'HTTP2-Settings: AAMAAABkAAQ',
			'X-End: 1',
		];
		const found = await echo(get('/', ...hop, ...more));
		assert.deepEqual(
			found.lines.filter((line) => /hop|keep-alive|proxy|^te:|upgrade|http2|connection/i.test(line)),
			[],
		);
		assert.deepEqual(fieldsOf(found.lines, 'x-end'), ['1']);
		it.upstream.on('/hop', (_, peer) =>
			peer.send(
				'HTTP/1.1 200 OK\r\nConnection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\n' +
					'Upgrade: h2c\r\nX-End: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n',
			),
		);
		const answer = await it.ask(get('/hop'));
		assert.deepEqual(answer.fields('set-cookie'), ['a=1', 'b=2']);
		for (const name of ['connection', 'x-hop', 'keep-alive', 'proxy-authenticate', 'upgrade']) {
			assert.equal(answer.field(name), undefined, name);
		}
		assert.equal(answer.field('x-end'), '1');
	});

	test('Connection cannot name away what must arrive', async () => {
		const found = await echo(
			'POST / HTTP/1.1\r\nHost: test\r\nConnection: Host, Content-Length, X-Forwarded-For\r\nContent-Length: 2\r\n\r\nok',
		);
		assert.deepEqual(fieldsOf(found.lines, 'host'), ['test']);
		assert.equal(found.body, 'ok');
		assert.deepEqual(fieldsOf(found.lines, 'x-forwarded-for'), ['127.0.0.1']);
	});

	test('TE: trailers is passed on for this hop, nothing else of TE is', async () => {
		const found = await echo(get('/', 'TE: trailers, deflate;q=0.5', 'Connection: TE'));
		assert.deepEqual(fieldsOf(found.lines, 'te'), ['trailers']);
		assert.deepEqual(fieldsOf(found.lines, 'connection'), ['TE']);
	});

	test('an untrusted client cannot claim an address, protocol or host', async () => {
		const found = await echo(
			get(
				'/',
				'X-Forwarded-For: 1.2.3.4',
				'X-Forwarded-Proto: https',
				'X-Forwarded-Host: evil',
				'X-Forwarded-Port: 1',
				'Forwarded: for=1.2.3.4',
			),
		);
		assert.deepEqual(
			found.lines.filter((line) => /forwarded/i.test(line)),
			['X-Forwarded-For: 127.0.0.1', 'X-Forwarded-Proto: http'],
		);
	});

	test('Via names us behind those before us', async () => {
		assert.deepEqual(fieldsOf((await echo(get('/', 'Via: 1.0 old'))).lines, 'via'), ['1.0 old', '1.1 ballast']);
	});

	test('Host: as the client sent it, the address of the instance, or a fixed one', async () => {
		const host = ['GET /', ' HTTP/1.1\r\nHost: Shop.Example:81\r\n\r\n'] as const;
		const kept = await echo(host.join(''));
		assert.deepEqual(kept.lines.slice(0, 1), ['Host: Shop.Example:81']);
		const own = await echo(host.join('own/x'));
		assert.deepEqual(fieldsOf(own.lines, 'host'), [`127.0.0.1:${it.upstream.port}`]);
		assert.deepEqual(fieldsOf(own.lines, 'x-forwarded-host'), ['Shop.Example:81']);
		const set = await echo(host.join('set/x'));
		assert.deepEqual(fieldsOf(set.lines, 'host'), ['api.internal']);
		assert.deepEqual(fieldsOf(set.lines, 'x-forwarded-host'), ['Shop.Example:81']);
	});

	test('fields with an underscore are dropped', async () => {
		const found = await echo(get('/', 'X_Real_IP: 1.2.3.4', 'x-fine: 1', 'Content_Length: 9'));
		assert.deepEqual(
			found.lines.filter((line) => line.includes('_')),
			[],
		);
		assert.deepEqual(fieldsOf(found.lines, 'x-fine'), ['1']);
	});

	test('Date is added where it is missing, and only there', async () => {
		it.upstream.on('/dated', 'HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2001 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n');
		assert.deepEqual((await it.ask(get('/dated'))).fields('date'), ['Mon, 01 Jan 2001 00:00:00 GMT']);
		const [date = '', ...more] = (await it.ask(get('/'))).fields('date');
		assert.deepEqual(more, []);
		assert.equal(date, new Date(date).toUTCString());
		assert.ok(Math.abs(Date.parse(date) - Date.now()) < 3000, date);
	});

	test('a route sets and removes fields, of the request and of the answer', async () => {
		it.upstream.on(
			'/edits/answer',
			'HTTP/1.1 200 OK\r\nserver: x\r\nX-Powered-By: y\r\nX-Kept: z\r\nContent-Length: 0\r\n\r\n',
		);
		const found = await echo(get('/edits/a', 'x-twice: theirs', 'X-TWICE: again', 'X-Secret: s', 'X-Kept: z'));
		assert.deepEqual(fieldsOf(found.lines, 'x-env'), ['test']);
		assert.deepEqual(fieldsOf(found.lines, 'x-twice'), ['mine']);
		assert.deepEqual(fieldsOf(found.lines, 'x-secret'), []);
		assert.deepEqual(fieldsOf(found.lines, 'x-kept'), ['z']);
		const answer = await it.ask(get('/edits/answer'));
		assert.deepEqual(answer.fields('server'), ['none']);
		assert.deepEqual(answer.fields('x-powered-by'), []);
		assert.deepEqual(answer.fields('x-frame-options'), ['DENY']);
		assert.deepEqual(answer.fields('x-kept'), ['z']);
	});

	test('the reason phrase is passed on, an unknown status too', async () => {
		it.upstream.on('/teapot', 'HTTP/1.1 418 I am a teapot \xe9\r\nContent-Length: 0\r\n\r\n');
		it.upstream.on('/599', 'HTTP/1.1 599\r\nContent-Length: 0\r\n\r\n');
		assert.match((await it.ask(get('/teapot'))).raw, /^HTTP\/1\.1 418 I am a teapot \xe9\r\n/);
		assert.match((await it.ask(get('/599'))).raw, /^HTTP\/1\.1 599 ?\r\n/);
	});
});

describe('header fields of a trusted proxy', () => {
	const it = suite(({ url }) => ({
		trust: ['127.0.0.1/32', '10.0.0.0/8'],
		underscores: 'pass',
		services: { app: { instances: [url], headers: { request: { set: { 'X-User': 'nobody' } } } } },
	}));

	test('what it says is continued', async () => {
		const lines = [
			'X-Forwarded-For: 1.2.3.4',
			'X-Forwarded-For: 10.0.0.9',
			'X-Forwarded-Proto: https',
			'X-Forwarded-Host: shop',
			'X-Forwarded-Port: 443',
		];
		const found = (
			await it.ask(
				get(
					'/',
					...lines,
					'Forwarded: for=1.2.3.4;proto=https',
					'Forwarded: for="[::1]"',
					'x_y: 1',
					'If_None_Match: *',
				),
			)
		).json<Echo>();
		assert.deepEqual(fieldsOf(found.lines, 'x-forwarded-for'), ['1.2.3.4, 10.0.0.9, 127.0.0.1']);
		assert.deepEqual(fieldsOf(found.lines, 'x-forwarded-proto'), ['https']);
		assert.deepEqual(fieldsOf(found.lines, 'x-forwarded-host'), ['shop']);
		assert.deepEqual(fieldsOf(found.lines, 'x-forwarded-port'), ['443']);
		assert.deepEqual(fieldsOf(found.lines, 'forwarded'), [
			'for=1.2.3.4;proto=https, for="[::1]", for=127.0.0.1;proto=http',
		]);
		assert.deepEqual(fieldsOf(found.lines, 'x_y'), ['1']);
		assert.deepEqual(fieldsOf(found.lines, 'if_none_match'), [], 'a condition that the cache would not know of');
		assert.deepEqual(fieldsOf(found.lines, 'via'), ['1.1 ballast']);
	});

	test('what a route sets cannot be said in the spelling that many an API takes for the same', async () => {
		const found = (await it.ask(get('/', 'X_User: root', 'x_user_name: ann'))).json<Echo>();
		assert.deepEqual(
			found.lines.filter((line) => /^x.user/i.test(line)),
			['x_user_name: ann', 'X-User: nobody'],
		);
	});

	test('what it leaves out is added', async () => {
		const found = (await it.ask(get('/'))).json<Echo>();
		assert.deepEqual(
			found.lines.filter((line) => /forwarded/i.test(line)),
			['X-Forwarded-For: 127.0.0.1', 'X-Forwarded-Proto: http'],
		);
	});
});
