/**
 * The vectors of published research on caches, against an origin that believes all that it is told and lets all of it be
 * stored. Each names where it is from:
 *
 * - PWCP: James Kettle, Practical Web Cache Poisoning, 2018
 * - WCE: James Kettle, Web Cache Entanglement, 2020
 * - CPDoS: Nguyen, Lo Iacono, Federrath, Your Cache Has Fallen, CCS 2019
 * - WCD: Omer Gil, Web Cache Deception, 2017; Mirheidari et al., Cached and Confused, USENIX Security 2020
 * - GCEA: Martin Doyhenard, Gotta Cache 'em all, 2024
 * - RangeAmp: Li et al., RangeAmp Attacks, DSN 2020; CVE-2011-3192
 * - h2c: Jake Miller, h2c Smuggling, 2020
 * - internal fields of frameworks: CVE-2023-46298, CVE-2024-46982, CVE-2025-29927 (Next.js), CVE-2025-43864, CVE-2025-43865
 *   (React Router); `X-Forwarded-Protocol` as Gunicorn believes it by default
 * - Splitting: Amit Klein, Divide and Conquer, 2004
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Script } from '../support/raw-upstream.ts';
import { get, suite } from '../support/suite.ts';

const FRESH = 'Cache-Control: max-age=600';

const SCHEMES = [
	...['x-forwarded-proto', 'x-forwarded-scheme', 'x-forwarded-ssl', 'x-forwarded-protocol', 'x-url-scheme'],
	'front-end-https',
];
const FRAMEWORKS = [
	...['x-matched-path', 'x-now-route-matches', 'x-invoke-path', 'x-invoke-query', 'x-invoke-status'],
	...['x-middleware-prefetch', 'x-middleware-subrequest', 'x-nuxt-no-ssr'],
	...['x-react-router-spa-mode', 'x-react-router-prerender-data'],
];

/** What a framework that trusts too much makes of a request. */
const naive: Script = (request, peer) => {
	const said = (...names: string[]) => names.map((name) => request.field(name)).find((value) => value !== undefined);
	const forwarded = /host="?([^;,"]+)/i.exec(said('forwarded') ?? '')?.[1];
	const page = {
		method:
			said('x-http-method-override', 'x-http-method', 'x-method-override', 'x-forwarded-method') ?? request.method,
		host:
			forwarded ??
			said('x-forwarded-host', 'x-host', 'x-original-host', 'x-http-host-override', 'x-forwarded-server', 'host'),
		scheme: said(...SCHEMES),
		framework: said(...FRAMEWORKS),
		port: said('x-forwarded-port'),
		path:
			said('x-original-url', 'x-rewrite-url', 'x-original-uri', 'x-forwarded-uri', 'x-forwarded-path') ??
			request.target,
		prefix: said('x-forwarded-prefix'),
		capability: said('surrogate-capability'),
		body: request.body.toString('latin1'),
	};
	const ok = page.method === 'GET' || page.method === 'HEAD';
	const tooLarge = request.raw.length > 8192;
	const status = tooLarge ? '400 Bad Request' : ok ? '200 OK' : '405 Method Not Allowed';
	const text = JSON.stringify(page);
	peer.send(`HTTP/1.1 ${status}\r\n${FRESH}\r\nContent-Length: ${text.length}\r\n\r\n`);
	if (request.method !== 'HEAD') peer.send(text);
};

describe('cache poisoning', () => {
	const it = suite(({ url }) => ({
		services: {
			app: {
				match: { host: 'test' },
				instances: [url],
				cache: {},
				retry: { attempts: 1 },
				routes: {
					'GET /silent/*': { cache: { ttl: '60s', negativeTtl: '60s', heuristic: '10%' } },
					'GET /compressed/*': { compress: { min: '0B' } },
					'GET /campaign/*': { cache: { key: { query: { except: ['utm_content'] } } } },
				},
			},
			'by-port': {
				match: { host: 'two:80' },
				instances: [url],
				cache: {},
				headers: { request: { set: { 'X-Host': '80' } } },
			},
			any: { instances: [url], cache: {} },
		},
	}));
	let paths = 0;
	const freshPath = (): string => `/p${++paths}`;
	const body = async (request: string): Promise<string> => (await it.ask(request)).text;

	interface Vector {
		name: string;
		lines?: string[];
		method?: string;
		content?: string;
		host?: string;
	}

	const VECTORS: Vector[] = [
		...[
			...['X-Forwarded-Host: evil', 'X-Host: evil', 'X-Original-Host: evil', 'X-HTTP-Host-Override: evil'],
			...[
				'X-Forwarded-Server: evil',
				'Forwarded: host=evil',
				'X-Forwarded-Port: evil',
				'X-Forwarded-Prefix: /evil',
				'X-Forwarded-Path: /evil',
			],
			...['X-Original-URL: /evil', 'X-Rewrite-URL: /evil', 'X-Original-URI: /evil', 'X-Forwarded-Uri: /evil'],
		].map((line) => ({ name: `PWCP: unkeyed ${line.replace(/:.*/, '')}`, lines: [line] })),
		...[...SCHEMES, ...FRAMEWORKS].map((name) => ({ name: `unkeyed ${name}`, lines: [`${name}: evil`] })),
		{ name: 'PWCP: the same in other letters', lines: ['x-FORWARDED-hOST: evil'] },
		{ name: 'PWCP: the same behind another of its name', lines: ['X-Forwarded-Host: test', 'X-Forwarded-Host: evil'] },
		{ name: 'PWCP: the same with `_`', lines: ['X_Forwarded_Host: evil'] },
		{
			name: 'PWCP: a capability that makes the origin leave its includes to us',
			lines: ['Surrogate-Capability: evil="ESI/1.0"'],
		},
		{ name: 'CPDoS: HTTP method override', lines: ['X-HTTP-Method-Override: evil'] },
		{ name: 'CPDoS: HTTP method override, X-HTTP-Method', lines: ['X-HTTP-Method: evil'] },
		{ name: 'CPDoS: HTTP method override, X-Method-Override', lines: ['X-Method-Override: evil'] },
		{ name: 'CPDoS: HTTP header oversize', lines: [`X-Oversized: evil${'a'.repeat(9000)}`] },
		{ name: 'CPDoS: many fields', lines: Array.from({ length: 90 }, (_, i) => `X-${i}: evil${'a'.repeat(100)}`) },
		{ name: 'WCE: fat GET', content: 'report=evil' },
		{ name: 'WCE: fat GET in chunks', lines: ['Transfer-Encoding: chunked'], content: '4\r\nevil\r\n0\r\n\r\n' },
		{ name: 'WCE: unkeyed port in Host', host: 'test:1337evil' },
		{ name: 'WCE: unkeyed port in Host, a number', host: 'test:66' },
		{ name: 'HEAD instead of GET', method: 'HEAD', lines: ['X-Forwarded-Host: evil'] },
		{
			name: 'h2c: an upgrade',
			lines: ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMA', 'X-Host: evil'],
		},
		{ name: 'Connection names what would be trusted', lines: ['Connection: close, Forwarded, X-Host', 'X-Host: evil'] },
	];

	for (const { name, lines = [], method = 'GET', content, host = 'test' } of VECTORS)
		test(name, async () => {
			const path = freshPath();
			it.upstream.on(path, naive);
			const length = content === undefined || lines.length > 0 ? [] : [`Content-Length: ${content.length}`];
			const head = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...lines, ...length].join('\r\n');
			const attack = await it.ask(`${head}\r\n\r\n${content ?? ''}`, method);
			assert.ok(attack.status >= 200 && attack.status < 500, String(attack.status));
			const victim = await it.ask(get(path));
			assert.equal(victim.status, 200);
			const page = victim.json<Record<string, string>>();
			assert.doesNotMatch(victim.text, /evil/);
			assert.deepEqual([page['method'], page['host'], page['path'], page['body']], ['GET', 'test', path, '']);
			assert.match(victim.field('cache-status') ?? '', /stored|hit/);
		});

	test('a service that is chosen by a port that may be left out has answers of its own', async () => {
		const path = freshPath();
		it.upstream.on(path, naive);
		const host = async (name: string) =>
			(await it.ask(`GET ${path} HTTP/1.1\r\nHost: ${name}\r\n\r\n`)).json<Record<string, string>>()['host'];
		assert.deepEqual(
			[await host('two'), await host('two:80'), await host('TWO'), await host('two:80')],
			['two', '80', 'two', '80'],
		);
	});

	test('CPDoS: HTTP meta characters never reach an origin', async () => {
		for (const char of ['\0', '\x07', '\x7f', '\r', '\x0b']) {
			const path = freshPath();
			it.upstream.on(path, naive);
			assert.equal((await it.ask(get(path, `X: evil${char}x`))).status, 400, JSON.stringify(char));
			assert.equal(it.upstream.count(path), 0);
			assert.equal((await it.ask(get(path))).status, 200);
		}
	});

	test('WCE: parameters that are cloaked by `;`, or by an encoded name, are no others', async () => {
		it.upstream.on('/campaign/a', naive);
		const asked = async (query: string): Promise<string> => body(get(`/campaign/a?${query}`));
		assert.match(await asked('utm_content=1;callback=evil&callback=ok'), /evil/);
		assert.doesNotMatch(await asked('callback=ok'), /evil/);
		assert.match(await asked('callback=ok&utm_content=x;callback=evil'), /evil|callback=ok/);
		assert.doesNotMatch(await asked('utm_content=y&callback=ok'), /;callback=evil/);
		assert.match(await asked('callback=no&%75tm_content=evil'), /evil/);
		assert.doesNotMatch(await asked('callback=no'), /evil/);
	});

	test('GCEA, WCD: an answer is given for the target that it was fetched for, whatever others make of it', async () => {
		const targets = [
			'/g',
			'/g/',
			'//g',
			'/g//',
			'/./g',
			'/x/../g',
			'/x/%2e%2e/g',
			'/x/..%2fg',
			'/x%2f..%2fg',
			'/%67',
			'/G',
			'/g%00',
			'/g%00.css',
		];
		targets.push(
			'/g;.css',
			'/g;jsessionid=1',
			'/g/.css',
			'/g%2f.css',
			'/g%3f.css',
			'/g%23.css',
			'/g?',
			'/g?.css',
			'/g.css',
			'/g%5c.css',
			'/g\\.css',
		);
		targets.push(
			'/g/x.css',
			'/g%0a.css',
			'/g%3b.css',
			'/static/..%2f..%2fg',
			'/g!.css',
			'/g,x.css',
			'/g$.css',
			'/g%09',
			'/g%252e',
			'http://test/g',
			'http://test//g?x',
		);
		for (const script of [
			'/g',
			'/g/',
			'/g//',
			'//g',
			'/x/..%2fg',
			'/x%2f..%2fg',
			'/%67',
			'/G',
			'/g%00',
			'/g%00.css',
			...targets,
		])
			it.upstream.on(script.replace(/^http:\/\/test/, '').replace(/\?.*/, ''), naive);
		const seen = new Map<string, string>();
		for (let round = 0; round < 2; round++)
			for (const target of targets) {
				const stored = await it.ask(get(target));
				const asked = await it.ask(get(target, 'Cache-Control: no-cache'));
				assert.equal(stored.status, asked.status, target);
				if (stored.status !== 200) continue;
				assert.equal(stored.json<{ path: string }>().path, asked.json<{ path: string }>().path, target);
				seen.set(target, stored.json<{ path: string }>().path);
			}
		assert.ok(seen.size > 25, String(seen.size));
		assert.equal(seen.get('/x/..%2fg'), '/x/..%2fg');
	});

	test('WCD: neither a name like that of a file nor a heuristic makes an answer one that is stored', async () => {
		for (const path of ['/account/x.css', '/account/x.js', '/account/..%2fx.png', '/account/robots.txt']) {
			let asked = 0;
			it.upstream.on(path, (_, peer) => peer.send(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${++asked}`));
			assert.equal(await body(get(path, 'Cookie: session=1')), '1');
			assert.equal(await body(get(path)), '2', path);
		}
	});

	test('Splitting: what could be read as two answers is none, and is not stored', async () => {
		for (const [index, lines] of [
			'X: a\rSet-Cookie: evil=1',
			'X: a\nHTTP/1.1 200 OK',
			'X: a\0b',
			'X : a',
			'X: a\r\n folded: evil',
			'Content-Length: 1\r\nContent-Length: 2',
			'Content-Length: 2\r\nTransfer-Encoding: chunked',
			'Transfer-Encoding: chunked, identity',
			'Content-Length: -1',
			'Content-Length: 1,1',
		].entries()) {
			const path = `/split/${index}`;
			it.upstream.on(path, (_, peer) => peer.finish(`HTTP/1.1 200 OK\r\n${FRESH}\r\n${lines}\r\n\r\nevil`));
			const first = await it.ask(get(path));
			assert.equal(first.status, 502, lines);
			it.upstream.on(path, naive);
			assert.doesNotMatch(await body(get(path)), /evil/, lines);
		}
	});

	/** Whether a second request is answered from what the first brought. */
	async function isStored(
		path: string,
		head: string,
		[first, second]: [string, string] = [get(path), get(path)],
	): Promise<boolean> {
		let asked = 0;
		it.upstream.on(path, ({ method }, peer) => {
			const text = String(++asked);
			peer.send(`HTTP/1.1 200 OK\r\n${head}\r\nContent-Length: ${text.length}\r\n\r\n${method === 'HEAD' ? '' : text}`);
		});
		await it.ask(first, first.startsWith('HEAD') ? 'HEAD' : 'GET');
		return (await it.ask(second)).text === '1';
	}

	test('Accept-Encoding: nobody is given a coding that another asked for, and no value makes an answer of its own', async () => {
		const text = '{"page":"the same for all"}'.repeat(40);
		const path = '/compressed/page';
		const head = `HTTP/1.1 200 OK\r\n${FRESH}\r\nContent-Type: application/json\r\nETag: "1"\r\nContent-Length: ${text.length}`;
		it.upstream.on(path, `${head}\r\n\r\n${text}`);
		const attacks: string[][] = [
			['Accept-Encoding: br'],
			['Accept-Encoding: gzip', 'Accept-Encoding: br'],
			['Accept-Encoding: gzip', 'Connection: close, Accept-Encoding'],
			['Accept-Encoding: identity;q=0'],
			['Accept-Encoding: *;q=1.000', 'Content-Encoding: gzip'],
			['accept-encoding: GZIP ;Q=1', 'X: y'],
			['Accept-Encoding: gzip\t,\tevil'],
			['Accept_Encoding: gzip'],
			[`Accept-Encoding: ${'a;q=0.1,'.repeat(400)}gzip`],
			['Accept-Encoding: zstd', 'If-None-Match: "2"'],
			['Accept-Encoding: br', 'Range: bytes=0-3'],
			['Accept-Encoding: \xff, gzip;q="1"'],
			...Array.from({ length: 40 }, (_, i) => [`Accept-Encoding: x-${i}, gzip;q=0.${100 + i}`]),
		];
		for (const lines of attacks) {
			await it.ask(get(path, ...lines));
			const plain = await it.ask(get(path));
			assert.deepEqual([plain.text, plain.field('content-encoding')], [text, undefined], lines.join());
			assert.equal(plain.field('vary'), 'Accept-Encoding');
			const gzip = await it.ask(get(path, 'Accept-Encoding: gzip'));
			const coding = gzip.field('content-encoding');
			assert.ok(coding === undefined || coding === 'gzip', coding ?? '');
			assert.equal((coding === undefined ? gzip.body : gunzipSync(gzip.body)).toString(), text, lines.join());
		}
		assert.equal(it.upstream.count(path), 1);
	});

	test('a hostile Vary', async () => {
		const names = (count: number): string => Array.from({ length: count }, (_, i) => `x-${i}`).join(', ');
		assert.ok(await isStored('/vary/some', `${FRESH}\r\nVary: ${names(3)}`));
		for (const [name, lines] of Object.entries({
			thousands: `Vary: ${names(5000)}`,
			lines: Array.from({ length: 150 }, (_, i) => `Vary: x-${i}`).join('\r\n'),
			star: 'Vary: *',
			split: 'Vary: Accept\r\nVary: *',
			among: 'Vary: Accept, *, x',
			spaced: 'Vary: ,\t* ',
			quoted: 'Vary: "*"',
			'no-name': 'Vary: a b',
			control: 'Vary: a\xa0',
		}))
			assert.ok(!(await isStored(`/vary/${name}`, `${FRESH}\r\n${lines}`)), name);
		const [plain, other] = [get('/vary/by'), get('/vary/by', 'X-By: evil')];
		assert.ok(!(await isStored('/vary/by', `${FRESH}\r\nVary: x-by`, [other, plain])));
		const fwd = async (request: string) =>
			/fwd=([a-z-]+)/.exec((await it.ask(request)).field('cache-status') ?? '')?.[1];
		assert.equal(await fwd(get('/vary/by', 'X-By: another')), 'vary-miss');
		assert.equal(await fwd(get('/vary/by?other')), 'uri-miss');
	});

	test('hostile ages, dates and lifetimes make nothing fresh', async () => {
		const lines = [
			'Age: -1',
			'Age: 0.5',
			'Age: 1e9',
			`Age: ${'9'.repeat(400)}`,
			'Age: 0\r\nAge: 700',
			'Age: x',
			'Age: 601',
		];
		for (const [index, line] of lines.entries())
			assert.ok(!(await isStored(`/age/${index}`, `${FRESH}\r\n${line}`)), line);
		const dates = [
			'Expires: 0',
			'Expires: -1',
			`Expires: ${'9'.repeat(300)}`,
			'Expires: Thu, 99 Foo 2099 99:99:99 GMT',
			'Expires: Fri, 01 Jan 1990 00:00:00 GMT',
		];
		for (const [index, line] of dates.entries()) assert.ok(!(await isStored(`/expires/${index}`, line)), line);
		const ages = [
			'max-age=-1',
			'max-age=1e3',
			'max-age=0x10',
			'max-age="60',
			'max-age=60, max-age=0',
			's-maxage=',
			`${'x,'.repeat(300)}max-age=60`,
			'max-age=60, no-store',
		];
		for (const [index, value] of ages.entries())
			assert.ok(!(await isStored(`/control/${index}`, `Cache-Control: ${value}`)), value);
		assert.ok(await isStored('/control/huge', `Cache-Control: max-age=${'9'.repeat(400)}`));
	});

	test('hostile ETags, in answers and in requests', async () => {
		const huge = 'a'.repeat(30_000);
		for (const [index, etag] of [`"${huge}"`, '"unterminated', 'W/', '"', '"a"b"', '', '\xff'].entries()) {
			const path = `/etag/${index}`;
			// One that is too long to be kept makes the answer one that is not stored.
			assert.equal(await isStored(path, `${FRESH}\r\nETag: ${etag}`), etag.length < 30_000, etag.slice(0, 20));
			if (etag.length >= 30_000) continue;
			for (const asked of [
				'"',
				'"unterminated',
				'W/"',
				'*, *',
				',,,',
				`"${'a'.repeat(4000)}"`,
				'"a"b',
				`${'"x",'.repeat(1000)}"y"`,
			]) {
				const answer = await it.ask(get(path, `If-None-Match: ${asked}`));
				assert.ok(
					answer.status === 304 ? answer.text === '' : answer.text === '1',
					`${etag.slice(0, 20)} ${asked.slice(0, 20)}`,
				);
			}
		}
	});

	test('RangeAmp: ranges cost no more than the whole', async () => {
		const text = 'abcdefghij'.repeat(10_000);
		it.upstream.on('/range', (_, peer) =>
			peer.send(`HTTP/1.1 200 OK\r\n${FRESH}\r\nContent-Length: ${text.length}\r\n\r\n${text}`),
		);
		await it.ask(get('/range'));
		for (const range of [
			Array.from({ length: 1000 }, () => '0-').join(),
			Array.from({ length: 15 }, () => '0-').join(),
			Array.from({ length: 15 }, (_, i) => `${i}-`).join(),
			Array.from({ length: 16 }, (_, i) => `${2 * i}-${2 * i}`).join(),
			'-99999999999999999999',
			'0-0,-1,0-0,-1',
		]) {
			const answer = await it.ask(get('/range', `Range: bytes=${range}`));
			assert.ok(answer.body.length <= text.length + 500, `${range.slice(0, 40)}: ${answer.body.length}`);
		}
		assert.equal(it.upstream.count('/range'), 1);
		// Nor does one byte of what is not stored make the origin send all of it.
		it.upstream.on('/part', (request, peer) => {
			assert.equal(request.field('range'), 'bytes=5-5');
			peer.send(`HTTP/1.1 206 Partial\r\n${FRESH}\r\nContent-Range: bytes 5-5/9\r\nContent-Length: 1\r\n\r\nf`);
		});
		assert.equal(await body(get('/part', 'Range: bytes=5-5')), 'f');
	});

	test('what is for one client is for no other', async () => {
		const authorized = (path: string): [string, string] => [get(path, 'Authorization: Basic eDp5'), get(path)];
		assert.ok(!(await isStored('/auth/a', FRESH, authorized('/auth/a'))));
		assert.ok(!(await isStored('/auth/b', 'X: silent', authorized('/auth/b'))));
		assert.ok(!(await isStored('/silent/auth', 'X: silent', authorized('/silent/auth'))));
		assert.match(
			(await it.ask(authorized('/auth/b')[0])).field('cache-status') ?? '',
			/fwd=uri-miss/,
			'nothing is there',
		);
		assert.match((await it.ask(authorized('/auth/a')[0])).field('cache-status') ?? '', /fwd=miss;/, 'not for this one');
		assert.ok(await isStored('/auth/c', 'Cache-Control: public, max-age=600', authorized('/auth/c')));
		assert.ok(!(await isStored('/silent/cookie', 'Set-Cookie: session=1')));
		assert.ok(!(await isStored('/cookie/private', 'Cache-Control: private, max-age=600\r\nSet-Cookie: session=1')));
		assert.ok(
			await isStored('/cookie/fields', 'Cache-Control: max-age=600, no-cache="set-cookie"\r\nSet-Cookie: session=1'),
		);
		assert.deepEqual((await it.ask(get('/cookie/fields'))).fields('set-cookie'), []);
	});

	test('HEAD and GET, and codings that a client does not take', async () => {
		assert.ok(!(await isStored('/head', FRESH, ['HEAD /head HTTP/1.1\r\nHost: test\r\n\r\n', get('/head')])));
		const by = `${FRESH}\r\nVary: Accept-Encoding\r\nContent-Encoding: gzip`;
		for (const [index, refuses] of ['gzip;q=0', 'gzip;q=0.000', 'identity', 'br', '*;q=0', 'x-gzip;q=0'].entries()) {
			const path = `/coding/${index}`;
			const pair: [string, string] = [get(path, 'Accept-Encoding: gzip'), get(path, `Accept-Encoding: ${refuses}`)];
			assert.ok(!(await isStored(path, by, pair)), refuses);
		}
	});
});
