/** What an answer to an unsafe method, or to a HEAD, says of those that are stored. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { get, suite } from '../support/suite.ts';

const FRESH = 'Cache-Control: max-age=600';

describe('a cache that hears of changes', () => {
	const it = suite(({ url }) => ({
		services: {
			app: {
				match: { host: 'test' },
				instances: [url],
				routes: {
					'GET /plain/*': { cache: {} },
					'GET /sorted/*': { cache: { key: { query: 'sorted' } } },
					'GET /fields/*': { cache: { key: { headers: ['x-tenant'], cookies: ['c'] } } },
					'GET /own/*': { cache: { key: { credential: 'header:x-api-key' } } },
					'GET /any/*': { cache: { key: { host: 'any' } } },
					'/both/*': { cache: {} },
				},
			},
			old: {
				match: { host: 'test', path: '/old/*' },
				instances: [url],
				strip: '/old',
				routes: { 'GET /old/*': { cache: {} } },
			},
			other: { match: { host: 'other' }, instances: [url], cache: {} },
			...tenants(url),
			...twins(url),
		},
	}));
	let version = 0;

	/** Answers each request for the path anew, until told otherwise. */
	function fresh(path: string, ...lines: string[]): void {
		it.upstream.on(path, ({ method }, peer) => {
			version++;
			const text = String(version);
			const fields = [FRESH, `Content-Length: ${text.length}`, ...lines].join('\r\n');
			peer.send(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${method === 'HEAD' ? '' : text}`);
		});
	}

	const body = async (request: string): Promise<string> => (await it.ask(request)).text;

	const unsafe = (method: string, target: string, host = 'test'): string =>
		`${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\n\r\n`;

	async function isForgotten(target: string, by: string, lines: string[] = []): Promise<boolean> {
		fresh(target.replace(/\?.*/, ''));
		const first = await body(get(target, ...lines));
		assert.equal(await body(get(target, ...lines)), first, `${target} is stored`);
		await it.ask(by);
		return (await body(get(target, ...lines))) !== first;
	}

	test('unsafe methods on a route without a cache', async () => {
		for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'M-UNKNOWN'])
			assert.ok(await isForgotten('/plain/a', unsafe(method, '/plain/a')), method);
		assert.ok(await isForgotten('/both/a', unsafe('POST', '/both/a')));
	});

	test('safe ones, those of another URL or host, and those that fail change nothing', async () => {
		for (const method of ['OPTIONS', 'PROPFIND', 'REPORT'])
			assert.ok(!(await isForgotten('/plain/b', unsafe(method, '/plain/b'))), method);
		assert.ok(!(await isForgotten('/plain/c', unsafe('POST', '/plain/c?x'))));
		assert.ok(!(await isForgotten('/plain/d', unsafe('POST', '/plain/d', 'other'))));
		fresh('/plain/e');
		const first = await body(get('/plain/e'));
		for (const status of [400, 404, 500]) {
			it.upstream.on('/plain/e', `HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
			await it.ask(unsafe('POST', '/plain/e'));
		}
		assert.equal(await body(get('/plain/e')), first);
	});

	test('keys that hold more than the URL', async () => {
		assert.ok(await isForgotten('/sorted/a?b&a', unsafe('POST', '/sorted/a?a&b')));
		assert.ok(await isForgotten('/fields/a', unsafe('POST', '/fields/a'), ['X-Tenant: 1', 'Cookie: c=2']));
		assert.ok(await isForgotten('/own/a', unsafe('DELETE', '/own/a'), ['X-Api-Key: k']));
		assert.ok(await isForgotten('/any/a', unsafe('PUT', '/any/a')));
	});

	test('a path that is rewritten is known by both', async () => {
		fresh('/x');
		const first = await body(get('/old/x'));
		assert.equal(await body(get('/old/x')), first);
		await it.ask(unsafe('POST', '/old/x'));
		assert.notEqual(await body(get('/old/x')), first);
	});

	test('Location and Content-Location of the same host', async () => {
		fresh('/plain/l');
		for (const name of ['Location', 'Content-Location'])
			for (const [value, gone] of [
				['/plain/l', true],
				['l', true],
				['http://test/plain/l', true],
				['http://other/plain/l', false],
				['https://test/plain/l', false],
				['//other/plain/l', false],
			] as const) {
				const first = await body(get('/plain/l'));
				it.upstream.on('/plain/post', `HTTP/1.1 201 Created\r\n${name}: ${value}\r\nContent-Length: 0\r\n\r\n`);
				await it.ask(unsafe('POST', '/plain/post'));
				assert.equal((await body(get('/plain/l'))) !== first, gone, `${name}: ${value}`);
			}
	});

	test('an answer that was asked for before the change is not stored behind it', async () => {
		for (const path of ['/plain/race', '/fields/race']) {
			let answer = (): void => {};
			const came = new Promise<void>((resolve) => {
				it.upstream.on(path, ({ method }, peer) => {
					if (method !== 'GET') {
						peer.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
						return;
					}
					answer = () => peer.send(`HTTP/1.1 200 OK\r\n${FRESH}\r\nContent-Length: 3\r\n\r\nold`);
					resolve();
				});
			});
			const client = await it.client();
			client.send(get(path));
			await came;
			await it.ask(unsafe('POST', path));
			answer();
			assert.equal((await client.answer()).text, 'old');
			fresh(path);
			assert.notEqual(await body(get(path)), 'old', path);
		}
	});

	test('a HEAD renews what is stored, or makes an end of it', async () => {
		const stale = 'Cache-Control: max-age=0, stale-if-error=600';
		const send = (lines: string, text = ''): string => `HTTP/1.1 200 OK\r\n${lines}\r\n\r\n${text}`;
		it.upstream.on('/both/h', send(`${stale}\r\nETag: "1"\r\nX: 1\r\nContent-Length: 2`, 'ab'));
		await it.ask(get('/both/h'));
		it.upstream.on('/both/h', send(`${FRESH}\r\nETag: "1"\r\nX: 2\r\nContent-Length: 2`));
		const head = (path: string): string => `HEAD ${path} HTTP/1.1\r\nHost: test\r\n\r\n`;
		assert.equal((await it.ask(head('/both/h'), 'HEAD')).field('x'), '2');
		it.upstream.on('/both/h', send('Content-Length: 3', 'new'));
		const renewed = await it.ask(get('/both/h'));
		assert.deepEqual([renewed.text, renewed.field('x')], ['ab', '2']);

		it.upstream.on('/both/i', send(`${stale}\r\nETag: "1"\r\nContent-Length: 2`, 'ab'));
		await it.ask(get('/both/i'));
		it.upstream.on('/both/i', send(`${FRESH}\r\nETag: "2"\r\nContent-Length: 2`));
		await it.ask(head('/both/i'), 'HEAD');
		it.upstream.on('/both/i', 'HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n');
		assert.equal((await it.ask(get('/both/i'))).status, 500);
	});

	test('services that one URL can meet by a field, or that forward the same path, share nothing', async () => {
		const ask = async (target: string, host: string, ...lines: string[]): Promise<string> =>
			body(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`);
		it.upstream.on('/page', (request, peer) => {
			const text = request.field('x-service') ?? '';
			peer.send(`HTTP/1.1 200 OK\r\n${FRESH}\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
		});
		assert.equal(await ask('/page', 'tenants', 'X-Tenant: a'), 'tenant-a');
		assert.equal(await ask('/page', 'tenants', 'X-Tenant: b'), 'tenant-b');
		assert.equal(await ask('/page', 'tenants'), 'tenant-none');
		assert.equal(await ask('/one/page', 'twins'), 'twin-one');
		assert.equal(await ask('/two/page', 'twins'), 'twin-two');
		assert.equal(await ask('/page', 'any-one'), 'any-one');
		assert.equal(await ask('/page', 'any-two'), 'any-two');
	});
});

const marked = (name: string) => ({ request: { set: { 'X-Service': name } } });

/** Chosen by a field. */
function tenants(url: string): Record<string, unknown> {
	const service = (name: string, header?: Record<string, string>) => ({
		match: { host: 'tenants', ...(header === undefined ? {} : { header }) },
		instances: [url],
		cache: {},
		headers: marked(name),
	});
	return {
		'tenant-a': service('tenant-a', { name: 'x-tenant', value: 'a' }),
		'tenant-b': service('tenant-b', { name: 'x-tenant', value: 'b' }),
		'tenant-none': service('tenant-none'),
	};
}

/** The same path behind another prefix, and the same path for all hosts. */
function twins(url: string): Record<string, unknown> {
	const twin = (name: string) => ({
		match: { host: 'twins', path: `/${name}/*` },
		strip: `/${name}`,
		instances: [url],
		cache: {},
		headers: marked(`twin-${name}`),
	});
	const any = (name: string) => ({
		match: { host: name },
		instances: [url],
		cache: { key: { host: 'any' } },
		headers: marked(name),
	});
	return { 'twin-one': twin('one'), 'twin-two': twin('two'), 'any-one': any('any-one'), 'any-two': any('any-two') };
}
