import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldsOf } from '../support/raw-client.ts';
import type { Echo } from '../support/raw-upstream.ts';
import { get, post, suite } from '../support/suite.ts';

const it = suite(({ url }) => ({
	services: {
		app: {
			match: ['/app/*', '/app'],
			instances: [url],
			routes: {
				'GET /app/fixed': { respond: { status: 503, headers: { 'x-why': 'noon' }, body: 'Back at noon\n' } },
				'/app/nothing': { respond: 204 },
				'/app/moved': { redirect: { to: 'https://new.example$path$query', status: 308 } },
				'/app/same/*': { redirect: '$path$query' },
				'/app/host': { redirect: 'https://$host/x' },
				'/app/api/*': { strip: '/app/api' },
				'/app/old/*': { rewrite: { from: '^/app/old/(.*)$', to: '/new/$1' } },
			},
		},
		written: { match: 'POST,PUT /written', instances: [url] },
	},
}));
const echo = async (request: string): Promise<Echo> => (await it.ask(request)).json<Echo>();
const target = async (sent: string): Promise<string> => (await echo(get(sent))).target;

test('fixed answers come from here, HEAD without the body', async () => {
	const answer = await it.ask(get('/app/fixed'));
	assert.equal(answer.status, 503);
	assert.equal(answer.field('x-why'), 'noon');
	assert.equal(answer.text, 'Back at noon\n');
	assert.ok(answer.field('date'));
	assert.equal(answer.field('proxy-status'), undefined);
	const client = await it.client();
	client.send('HEAD /app/fixed HTTP/1.1\r\nHost: a\r\n\r\n');
	const head = await client.answer({ method: 'HEAD' });
	assert.deepEqual([head.status, head.field('content-length')], [503, '13']);
	client.send(get('/app/nothing'));
	const nothing = await client.answer();
	assert.equal(nothing.status, 204);
	assert.equal(nothing.field('content-length'), undefined);
	client.send(get('/app/fixed'));
	assert.equal((await client.answer()).status, 503);
	assert.equal(it.upstream.count('/app/fixed'), 0);
});

test('redirects fill in the request, and never lead to another site by its path', async () => {
	const moved = await it.ask(get('/app/moved?a=1&b=%20'));
	assert.deepEqual([moved.status, moved.field('location')], [308, 'https://new.example/app/moved?a=1&b=%20']);
	assert.equal(moved.field('content-length'), '0');
	const same = await it.ask(get('/app/same/x'));
	assert.deepEqual([same.status, same.field('location')], [302, '/app/same/x']);
	const client = await it.client();
	client.send('HEAD /app/host HTTP/1.1\r\nHost: shop.example:81\r\n\r\n');
	assert.equal((await client.answer({ method: 'HEAD' })).field('location'), 'https://shop.example:81/x');
	for (const path of ['//evil.example/app/same/x', '/app/same/..//evil.example']) {
		assert.doesNotMatch((await it.ask(get(path))).field('location') ?? '', /^\/\/|^https:\/\/evil/);
	}
});

test('strip and rewrite change the path and leave the query', async () => {
	assert.equal(await target('/app/api/users?x=/app/api'), '/users?x=/app/api');
	assert.equal(await target('/app/api/'), '/');
	assert.equal(await target('/app/old/a%2Fb?q'), '/new/a%2Fb?q');
	assert.equal(await target('/app/other?q'), '/app/other?q');
});

test('dot segments are resolved before routing, and arrive resolved', async () => {
	assert.equal(await target('/app/x/../y/./z?a=../b'), '/app/y/z?a=../b');
	assert.equal(await target('/app/x/%2e%2E/y'), '/app/y');
	assert.equal(await target('/../../app/z'), '/app/z');
	assert.equal(await target('/app/x/..'), '/app/');
	assert.equal(await target('/app/a.b/..c/.d'), '/app/a.b/..c/.d');
	assert.equal((await it.ask(get('/app/../secret'))).status, 404);
	assert.equal((await it.ask(get('/app/x%00y'))).status, 400);
});

test('absolute-form: its host is the host; it must agree with Host', async () => {
	const found = await echo('GET http://Shop.Example/app/x?y HTTP/1.1\r\nHost: shop.example\r\n\r\n');
	assert.equal(found.target, '/app/x?y');
	assert.deepEqual(fieldsOf(found.lines, 'host'), ['Shop.Example']);
	assert.equal((await it.ask('GET http://a.example/app HTTP/1.1\r\nHost: b.example\r\n\r\n')).status, 400);
	assert.equal((await it.ask('GET http://user@a/app HTTP/1.1\r\nHost: user@a\r\n\r\n')).status, 400);
	assert.equal((await it.ask('GET ftp://a/app HTTP/1.1\r\nHost: a\r\n\r\n')).status, 400);
	assert.equal((await it.ask('CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n')).status, 501);
});

test('Max-Forwards counts down for OPTIONS and TRACE and ends here at 0', async () => {
	const left = async (method: string, value: string) =>
		fieldsOf(
			(await echo(`${method} /app HTTP/1.1\r\nHost: a\r\nMax-Forwards: ${value}\r\n\r\n`)).lines,
			'max-forwards',
		);
	assert.deepEqual(await left('OPTIONS', '5'), ['4']);
	assert.deepEqual(await left('TRACE', '1'), ['0']);
	assert.deepEqual(await left('GET', '5'), ['5']);
	const before = it.upstream.requests.length;
	for (const method of ['OPTIONS', 'TRACE']) {
		const last = await it.ask(`${method} /app HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n`);
		assert.equal(last.status, 204, method);
	}
	assert.equal(it.upstream.requests.length, before);
});

test('unknown paths are 404, known ones with a foreign method 405, both as problem+json', async () => {
	const unknown = await it.ask(get('/nowhere'));
	assert.equal(unknown.status, 404);
	assert.equal(unknown.field('content-type'), 'application/problem+json');
	assert.equal(unknown.field('proxy-status'), 'ballast; error=destination_not_found; details="no_route"');
	assert.deepEqual(unknown.json(), {
		type: 'about:blank',
		title: 'No service matches this host and path',
		status: 404,
		code: 'no_route',
	});
	const posted = await it.ask(post('/nowhere', 'x'.repeat(100)));
	assert.equal(posted.status, 404);
	const foreign = await it.ask(get('/written'));
	assert.deepEqual([foreign.status, foreign.field('allow')], [405, 'POST, PUT']);
	assert.equal(foreign.json<{ code: string }>().code, 'method_not_allowed');
	const head = await it.ask('HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n', 'HEAD');
	assert.equal(head.status, 404);
	assert.equal(head.field('content-length'), unknown.field('content-length'));
});
