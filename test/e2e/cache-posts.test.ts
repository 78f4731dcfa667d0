/** Answers to POST that are given to later GETs (RFC 9110 §9.3.3). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { get, post, suite } from '../support/suite.ts';

const FRESH = 'Cache-Control: max-age=600';

describe('answers to POST', () => {
	const it = suite(({ url }) => ({
		services: {
			app: {
				instances: [url],
				cache: { methods: ['GET', 'POST'], ttl: '60s', body: '64KiB' },
				retry: { attempts: 1 },
				routes: {
					'/keyed/*': { cache: { key: { headers: ['x-tenant'] } } },
					'/plain/*': { cache: { methods: ['GET'] } },
				},
			},
		},
	}));
	let version = 0;

	/** Each request gets another text; answers to POST have these lines. */
	function fresh(path: string, lines: string[], status = '200 OK'): void {
		it.upstream.on(path, ({ method }, peer) => {
			const text = `${method} ${++version}`;
			const fields = [...(method === 'POST' ? lines : [FRESH]), `Content-Length: ${text.length}`];
			peer.send(`HTTP/1.1 ${method === 'POST' ? status : '200 OK'}\r\n${fields.join('\r\n')}\r\n\r\n${text}`);
		});
	}

	const own = (path: string): string[] => [FRESH, `Content-Location: ${path}`];

	test('one that is its own URL is given to GETs, and not to another POST', async () => {
		for (const path of ['/own', '/keyed/own']) {
			fresh(path, own(path));
			await it.ask(get(path));
			const posted = await it.ask(post(path, 'a'));
			const got = await it.ask(get(path));
			assert.equal(got.text, posted.text);
			assert.match(got.field('cache-status') ?? '', /hit/);
			assert.notEqual((await it.ask(post(path, 'a'))).text, posted.text);
			const head = await it.ask(get(path).replace('GET', 'HEAD'), 'HEAD');
			assert.match(head.field('cache-status') ?? '', /hit/);
		}
	});

	test('others are not', async () => {
		const cases: [path: string, lines: string[], status?: string][] = [
			['/none', [FRESH]],
			['/elsewhere', own('/own')],
			['/silent', ['Content-Location: /silent']],
			['/private', ['Cache-Control: private, max-age=60', 'Content-Location: /private']],
			['/created', own('/created'), '201 Created'],
			['/plain/a', own('/plain/a')],
		];
		for (const [path, lines, status] of cases) {
			fresh(path, lines, status);
			await it.ask(post(path, 'a'));
			assert.match((await it.ask(get(path))).text, /^GET/, path);
		}
	});

	test('nor what breaks off, or is too long', async () => {
		const head = (path: string, length: number): string =>
			`HTTP/1.1 200 OK\r\n${own(path).join('\r\n')}\r\nContent-Length: ${length}\r\n\r\n`;
		it.upstream.on('/broken', ({ method }, peer) => {
			if (method === 'GET') peer.send(`${head('/broken', 3)}GET`);
			else peer.finish(`${head('/broken', 10)}half`);
		});
		await assert.rejects(it.ask(post('/broken', 'a')));
		assert.equal((await it.ask(get('/broken'))).text, 'GET');
		it.upstream.on('/long', ({ method }, peer) => {
			if (method === 'GET') peer.send(`${head('/long', 3)}GET`);
			else {
				peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n');
				peer.send(`${own('/long').join('\r\n')}\r\n\r\n18000\r\n${'x'.repeat(0x18000)}\r\n0\r\n\r\n`);
			}
		});
		assert.equal((await it.ask(post('/long', 'a'))).body.length, 0x18000);
		assert.equal((await it.ask(get('/long'))).text, 'GET');
	});
});
