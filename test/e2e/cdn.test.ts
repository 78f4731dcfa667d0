/** What stands between Ballast and a CDN in front. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { PurgeAnswer } from '../../src/cdn/purger.ts';
import { FakeCloudflare, ZONE } from '../fakes/cdn/fake-cloudflare.ts';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { command } from '../support/command.ts';
import type { Answer } from '../support/raw-client.ts';
import type { Echo, RawUpstream } from '../support/raw-upstream.ts';
import { startUpstream } from '../support/raw-upstream.ts';
import { eventually, get, post, statusOf, suite } from '../support/suite.ts';

const EDGE = '127.0.0.7';

describe('a CDN in front', () => {
	const it = suite(
		({ url }) => ({
			underscores: 'pass',
			trust: ['10.0.0.0/8', '127.0.0.9', { file: './edge.txt', header: 'CF-Connecting-IP' }],
			cdnLoop: 'Edge-1',
			services: {
				app: { instances: [url] },
				limited: { match: '/limited/*', instances: [url], rateLimit: '1/h' },
				written: {
					match: '/written/*',
					instances: [url],
					cdn: { maxAge: '1h', browserMaxAge: '60s', staleWhileRevalidate: '30s', tags: 'Cache-Tag' },
					routes: {
						'/written/shared': { cdn: { maxAge: '10m', staleIfError: '1d', field: 's-maxage', tags: 'off' } },
						'/written/always': { cdn: { maxAge: '10m', override: true, field: 'Surrogate-Control' } },
						'/written/own': { headers: { response: { set: { 'Cache-Control': 'max-age=5' } } } },
						'/written/never': { cdn: 'off' },
						'/written/surrogate': { cache: { surrogate: true, status: false } },
						'/written/hidden': { cdn: 'off', cache: { tags: { hide: true }, status: false } },
					},
				},
			},
		}),
		{ files: { 'edge.txt': '# of the edge\n192.0.2.0/24\n127.0.0.7 # here\n' }, args: ['--watch'] },
	);
	const from = async (address: string, path: string, ...lines: string[]): Promise<Answer> => {
		const client = await it.client({ from: address });
		client.send(get(path, ...lines));
		return client.answer();
	};
	const seen = async (address: string, ...lines: string[]): Promise<Echo> =>
		(await from(address, '/', ...lines)).json<Echo>();
	const field = ({ lines }: Echo, name: string): string[] =>
		lines.filter((line) => line.toLowerCase().startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trim());

	test('its own field tells the client, and goes on to the instance', async () => {
		const echo = await seen(EDGE, 'CF-Connecting-IP: 198.51.100.1', 'X-Forwarded-For: 6.6.6.6');
		assert.deepEqual(field(echo, 'x-forwarded-for'), ['198.51.100.1, 127.0.0.7']);
		assert.deepEqual(field(echo, 'cf-connecting-ip'), ['198.51.100.1']);
	});

	test('others are neither believed about it nor is it passed on', async () => {
		for (const address of ['127.0.0.1', '127.0.0.9']) {
			const echo = await seen(address, 'CF-Connecting-IP: 198.51.100.1', 'cf-connecting-ip: 198.51.100.2');
			assert.deepEqual(field(echo, 'x-forwarded-for'), [address]);
			assert.deepEqual(field(echo, 'cf-connecting-ip'), []);
		}
		// Nor in the spelling that many an API takes for the same.
		for (const address of ['127.0.0.1', EDGE]) {
			const spelt = ['CF_Connecting_IP: 198.51.100.1', 'X_Forwarded_For: 198.51.100.1', 'Transfer_Encoding: chunked'];
			const echo = await seen(address, ...spelt, 'x_y: 1');
			const names = ['cf_connecting_ip', 'x_forwarded_for', 'transfer_encoding', 'x_y'];
			assert.deepEqual(
				names.flatMap((name) => field(echo, name)),
				['1'],
			);
		}
	});

	test('rate limits go by it', async () => {
		const ask = async (client: string): Promise<number> =>
			(await from(EDGE, '/limited/', `CF-Connecting-IP: ${client}`)).status;
		assert.deepEqual(
			[await ask('198.51.100.1'), await ask('198.51.100.2'), await ask('198.51.100.1')],
			[200, 200, 429],
		);
	});

	test('a file that changes is taken up, a bad one is said and changes nothing', async () => {
		const { ballast } = it;
		const file = join(ballast.folder, 'edge.txt');
		const told = async (): Promise<string> =>
			field(await seen('127.0.0.8', 'CF-Connecting-IP: 198.51.100.1'), 'x-forwarded-for').join();
		assert.equal(await told(), '127.0.0.8');
		writeFileSync(file, JSON.stringify({ result: { ipv4_cidrs: ['127.0.0.7/32', '127.0.0.8/32'], ipv6_cidrs: [] } }));
		await eventually(told, (text) => text.startsWith('198.51.100.1'), 10_000);
		writeFileSync(file, '0.0.0.0/0\n');
		await ballast.printed(/expected a file of address ranges; number 1 is wider than \/8/, { withinMs: 10_000 });
		assert.equal(await told(), '198.51.100.1, 127.0.0.8');
		writeFileSync(file, '127.0.0.7\n');
		await eventually(told, (text) => text === '127.0.0.8', 10_000);
	});

	test('requests carry CDN-Loop, and one that was here before ends with 508', async () => {
		const echo = await seen('127.0.0.1', 'CDN-Loop: other; v=1, third');
		assert.deepEqual(field(echo, 'cdn-loop'), ['other; v=1, third', 'edge-1']);
		for (const lines of [['CDN-Loop: edge-1'], ['CDN-Loop: other', 'cdn-loop: third, EDGE-1;v=2']]) {
			const answer = await from('127.0.0.1', '/', ...lines);
			assert.equal(answer.status, 508);
			assert.equal(answer.json<{ code: string }>().code, 'loop_detected');
			assert.match(answer.field('proxy-status') ?? '', /error=proxy_loop_detected/);
		}
		assert.equal((await from('127.0.0.1', '/', 'CDN-Loop: edge-11, edge')).status, 200);
	});

	/** The fields about lifetime and tags of an answer to this path, whose origin said these lines. */
	const written = async (path: string, said: string[] = [], status = 200, ...sent: string[]): Promise<string[]> => {
		const head = [`HTTP/1.1 ${status} X`, ...said, 'Content-Length: 0'];
		it.upstream.on(path, `${head.join('\r\n')}\r\n\r\n`);
		const { lines } = await it.ask(get(path, ...sent));
		return lines.filter((line) => /^(?:cache-|cdn-|surrogate-|expires|pragma)/i.test(line));
	};

	test('where the API is silent its lifetime is written, for the CDN and for browsers', async () => {
		const own = ['Cache-Control: max-age=60', 'CDN-Cache-Control: max-age=3600, stale-while-revalidate=30'];
		assert.deepEqual(await written('/written/a'), own);
		assert.deepEqual(await written('/written/a', [], 404), own);
		assert.deepEqual(await written('/written/shared'), [
			'Cache-Control: max-age=0, s-maxage=600, stale-if-error=86400',
		]);
		assert.deepEqual(await written('/written/own'), ['Cache-Control: max-age=5']);
		assert.deepEqual(await written('/written/never'), []);
	});

	test('what the API says to our cache alone is kept from clients here, too', async () => {
		for (const round of ['fetched', 'stored'])
			assert.deepEqual(await written('/written/surrogate', ['Surrogate-Control: max-age=60']), [], round);
		assert.deepEqual(await written('/written/hidden', ['Surrogate-Key: a', 'Cache-Tag: b']), [], 'not stored');
	});

	test('what the API says, what is of one client, and errors stay as they are', async () => {
		for (const said of ['Cache-Control: no-cache', 'CDN-Cache-Control: max-age=1', 'Expires: 0'])
			assert.deepEqual(await written('/written/b', [said]), [said]);
		assert.deepEqual(await written('/written/b', ['Set-Cookie: a=b']), []);
		assert.deepEqual(await written('/written/b', [], 500), []);
		assert.deepEqual(await written('/written/b', [], 200, 'Authorization: Bearer x'), []);
		it.upstream.on('/written/c', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
		const posted = await it.ask(post('/written/c', 'x'));
		assert.equal(posted.field('cdn-cache-control'), undefined);
	});

	test('an override breaks its word, but not that an answer is private', async () => {
		const own = ['Cache-Control: max-age=0', 'Surrogate-Control: max-age=600'];
		const said = ['Cache-Control: max-age=1, public', 'Expires: 0', 'Pragma: no-cache'];
		assert.deepEqual(await written('/written/always', said), own);
		for (const kept of ['Cache-Control: max-age=9, Private', 'Cache-Control: no-store', 'CDN-Cache-Control: no-store'])
			assert.deepEqual(await written('/written/always', [kept]), [kept]);
	});

	test('tags are written as the CDN knows them, or kept from the client', async () => {
		const said = ['Surrogate-Key: a b', 'Cache-Tag: b,c', 'Cache-Control: no-cache'];
		assert.deepEqual(await written('/written/d', said), ['Cache-Control: no-cache', 'Cache-Tag: a,b,c']);
		assert.deepEqual(await written('/written/shared', said), ['Cache-Control: no-cache']);
		assert.deepEqual(await written('/written/never', said), said);
	});
});

describe('purges', () => {
	const token = 'token-of-the-purges';
	let cloudflare: FakeCloudflare;
	let ballast: Ballast;
	before(async () => {
		cloudflare = await FakeCloudflare.start();
		ballast = await startBallast(
			{
				workers: 1,
				stop: '0s',
				purge: {
					token: { env: 'PURGE_TOKEN' },
					targets: { cloudflare: { zone: ZONE, token: { env: 'CF_TOKEN' }, url: cloudflare.url } },
				},
				services: { app: { respond: 'hello' } },
			},
			{ env: { PURGE_TOKEN: token, CF_TOKEN: cloudflare.token } },
		);
	});
	after(async () => {
		await ballast.stop();
		await cloudflare.close();
		assert.deepEqual(cloudflare.violations, []);
		for (const secret of [token, cloudflare.token]) assert.ok(!ballast.output().includes(secret));
	});

	const purge = (body: unknown, authorization = `Bearer ${token}`, method = 'POST'): Promise<Response> =>
		fetch(`http://127.0.0.1:${ballast.adminPort}/purge`, {
			method,
			headers: authorization === '' ? {} : { authorization },
			...(method === 'POST' ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
		});

	test('by HTTP with the token, passed on to Cloudflare', async () => {
		cloudflare.keep('https://www.example.com/a', 'red');
		cloudflare.keep('https://www.example.com/b', 'blue');
		const answer = await purge({ urls: ['HTTPS://WWW.example.com/a#x'], tags: ['blue'], soft: false });
		assert.equal(answer.status, 200);
		const told = (await answer.json()) as PurgeAnswer;
		assert.deepEqual(told, { cache: null, targets: [{ name: 'cloudflare', state: 'done', why: '' }] });
		assert.deepEqual(cloudflare.fresh, []);
	});

	test('without authority it is 401, and nothing is purged', async () => {
		cloudflare.keep('https://www.example.com/kept');
		for (const authorization of ['', 'Bearer', 'Bearer wrong', `Bearer ${token}x`, `Basic ${btoa(token)}`, token]) {
			const answer = await purge({ everything: true }, authorization);
			assert.equal(answer.status, 401, authorization);
			assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
		}
		assert.equal((await purge(null, '', 'GET')).status, 401);
		assert.equal((await purge('x'.repeat(8_000_000), 'Bearer wrong')).status, 401);
		assert.deepEqual(cloudflare.fresh, ['https://www.example.com/kept']);
	});

	test('what is no purge is refused, and says why', async () => {
		const refused: [unknown, number, RegExp][] = [
			['{', 400, /no JSON/],
			['[]', 400, /JSON object/],
			[{}, 400, /say what to purge/],
			[{ url: ['https://a.example/'] }, 400, /there is no `url`/],
			[{ urls: ['/a'] }, 400, /whole URL/],
			[{ urls: ['ftp://a.example/'] }, 400, /whole URL/],
			[{ urls: ['http://a.example/x\n/y'] }, 400, /whole URL/],
			[{ urls: [`http://a.example/${'x'.repeat(8200)}`] }, 400, /whole URL/],
			[{ prefixes: ['a.example/x?y'] }, 400, /begin of a path/],
			[{ prefixes: ['a.example\\v1'] }, 400, /begin of a path/],
			[{ prefixes: ['a.example/\u0000'] }, 400, /begin of a path/],
			[{ tags: ['a b'] }, 400, /tag of ASCII/],
			[{ tags: ['\u001b[31m'] }, 400, /tag of ASCII/],
			[{ everything: true, tags: ['a'] }, 400, /not both/],
			[{ tags: ['a'], targets: ['fastly'] }, 400, /no target fastly; configured: cloudflare/],
			[{ tags: Array.from({ length: 5001 }, (_, i) => `t${i}`) }, 400, /too many/],
			['x'.repeat(1_100_000), 413, /1048576 bytes/],
			['x'.repeat(8_000_000), 413, /1048576 bytes/],
		];
		for (const [body, status, says] of refused) {
			const answer = await purge(body);
			const text = await answer.text();
			assert.equal(answer.status, status, text);
			assert.match(text, says);
			assert.ok(!text.includes('\u001b'));
		}
		assert.equal((await purge(null, undefined, 'GET')).status, 405);
	});

	test('a purge that no one is told of says that there is no cache', async () => {
		const answer = await purge({ tags: ['a'], targets: [] });
		assert.equal(answer.status, 404);
		assert.equal(((await answer.json()) as { title: string }).title, 'No cache is configured');
	});

	test('ballast purge: what became of it, in words and as JSON', async () => {
		cloudflare.keep('https://www.example.com/v1/a', 'red');
		const text = await command(ballast, [
			'purge',
			'https://www.example.com/v1/a',
			'--prefix',
			'https://www.example.com/v1/',
		]);
		assert.equal(text, 'no cache is configured here\ncloudflare: done\n');
		assert.ok(!cloudflare.fresh.includes('https://www.example.com/v1/a'));
		const soft = JSON.parse(
			await command(ballast, ['purge', '--tag', 'red', '--tag', 'blue', '--soft', '--json']),
		) as unknown;
		assert.deepEqual(soft, {
			ok: true,
			result: { cache: null, targets: [{ name: 'cloudflare', state: 'done', why: '' }] },
		});
		const { path, body } = cloudflare.calls.at(-1) ?? {};
		assert.match(path ?? '', /invalidate_cache$/);
		assert.deepEqual(body, { tags: ['red', 'blue'] });
		const calls = cloudflare.calls.length;
		assert.equal(await command(ballast, ['purge', '--all', '--no-cdn']), 'no cache is configured here\n');
		assert.equal(cloudflare.calls.length, calls);
		await assert.rejects(command(ballast, ['purge', '--all', '--cdn', 'x', '--no-cdn']), /exclude each other/);
		await assert.rejects(command(ballast, ['purge']), /say what to purge/);
	});

	test('a URL that Cloudflare refuses is said, and counted', async () => {
		await assert.rejects(command(ballast, ['purge', 'https://foreign.example/']));
		await ballast.printed(/purge target cloudflare: https:\/\/foreign\.example\/ is not purged there: answered 400/);
		assert.equal((await purge({ urls: ['https://foreign.example/'] })).status, 502);
		const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${ballast.adminPort}/metrics`)).text();
		const page = await eventually(metrics, (text) =>
			/^ballast_purges_lost_total\{target="cloudflare"\} 2$/m.test(text),
		);
		assert.match(page, /^ballast_purges_waiting\{target="cloudflare"\} 0$/m);
	});
});

test('what a CDN did not take yet outlives a core that dies', async () => {
	const cloudflare = await FakeCloudflare.start();
	const ballast = await startBallast(
		{
			workers: 1,
			stop: '0s',
			purge: { targets: { cloudflare: { zone: ZONE, token: { env: 'CF' }, url: cloudflare.url } } },
			services: { app: { respond: 'hello' } },
		},
		{ env: { CF: cloudflare.token } },
	);
	try {
		cloudflare.keep('https://www.example.com/a');
		// Nothing is taken before the core has died.
		cloudflare.token = 'another one';
		const told = command(ballast, ['purge', 'https://www.example.com/a']).catch(() => '');
		await eventually(
			() => cloudflare.calls.length,
			(count) => count > 0,
			10_000,
		);
		const { core } = await statusOf(ballast);
		process.kill(core.pid, 'SIGKILL');
		await told;
		cloudflare.token = 'a-token-of-the-fake';
		await eventually(
			() => cloudflare.fresh,
			({ length }) => length === 0,
			20_000,
		);
	} finally {
		await ballast.stop();
		await cloudflare.close();
	}
});

test('a shield: another Ballast is asked first, the origin when it is down', async () => {
	await using origin = await startUpstream();
	const shieldUpstream: RawUpstream = await startUpstream();
	shieldUpstream.name = 'behind the shield';
	origin.name = 'origin';
	const shield = await startBallast({
		workers: 1,
		stop: '0s',
		cdnLoop: 'shield-1',
		services: { api: { instances: [shieldUpstream.url] } },
	});
	const edge = await startBallast({
		workers: 1,
		stop: '0s',
		cdnLoop: 'edge-1',
		services: {
			api: {
				health: { interval: '200ms' },
				pools: { shield: { instances: [shield.url] }, origin: { instances: [origin.url], priority: 2 } },
			},
		},
	});
	try {
		const ask = async (): Promise<Echo> => (await (await fetch(edge.url)).json()) as Echo;
		const echo = await ask();
		assert.equal(echo.name, 'behind the shield');
		assert.deepEqual(
			echo.lines.filter((line) => /^cdn-loop/i.test(line)),
			['CDN-Loop: edge-1', 'CDN-Loop: shield-1'],
		);
		await shield.stop();
		await eventually(ask, ({ name }) => name === 'origin', 20_000);
	} finally {
		await edge.stop();
		await shield.stop();
		await shieldUpstream.close();
	}
});
