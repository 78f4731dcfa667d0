import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Status } from '../../src/app/status.ts';
import type { Answer, RawClient } from '../support/raw-client.ts';
import { eventually, get, post, type Suite, statusOf, suite } from '../support/suite.ts';

// Rates are so slow that nothing comes back while a test runs: what is admitted is the burst, exactly.

/** So many requests over so many kept connections from one address, all at once; the answers. */
async function ask(
	it: Suite,
	request: string,
	{ from = '127.0.0.1', clients = 1, each = 1 }: { from?: string; clients?: number; each?: number } = {},
): Promise<Answer[]> {
	const open: RawClient[] = [];
	for (let i = 0; i < clients; i++) open.push(await it.client({ from }));
	const answers = await Promise.all(
		open.map(async (client) => {
			const own: Answer[] = [];
			for (let i = 0; i < each; i++) {
				client.send(request);
				own.push(await client.answer());
			}
			return own;
		}),
	);
	for (const client of open) client.destroy();
	return answers.flat();
}

const admitted = (answers: readonly Answer[]): number => {
	for (const { status } of answers) assert.ok(status === 200 || status === 429, `${status}`);
	return answers.filter(({ status }) => status === 200).length;
};

const limitOf = async (it: Suite, name: string): Promise<Status['services'][number]['rateLimits'][number]> => {
	const { services } = await statusOf(it.ballast);
	const found = services.flatMap(({ rateLimits }) => rateLimits).find((limit) => limit.name === name);
	assert.ok(found, name);
	return found;
};

/** One service for each path, so that no test takes from another. */
const services = (url: string, limits: Record<string, unknown>) =>
	Object.fromEntries(
		Object.entries(limits).map(([name, more]) => [
			name,
			{ match: `/${name}/*`, instances: [url], ...(more as object) },
		]),
	);

describe('rate limits', () => {
	const it = suite(({ url }) => ({
		workers: 2,
		services: services(url, {
			plain: { rateLimit: '20/h' },
			answer: { rateLimit: { name: 'one', rate: '6/h', burst: 1 } },
			spoof: { rateLimit: '4/h' },
			anyone: { rateLimit: { rate: '3/h', key: 'header:x-api-key', from: 'anyone' } },
			shared: { rateLimit: '5/h', routes: { '/shared/a': {}, '/shared/b': {}, '/shared/own': { rateLimit: '2/h' } } },
			routes: {
				rateLimit: { rate: '2/h', key: ['address', 'route'] },
				routes: { '/routes/a': {}, '/routes/off': { rateLimit: 'off' } },
			},
			several: { rateLimit: [{ rate: '5/h', key: 'everyone' }, '2/h'] },
			fixed: { rateLimit: '1/h', routes: { '/fixed/x': { respond: 'here' } } },
			events: { rateLimit: { name: 'told', rate: '1/h' } },
			quick: { rateLimit: { rate: '50/s', burst: 1 } },
			full: { rateLimit: { name: 'small', rate: '1/h', key: 'header:k', from: 'anyone', full: 'refuse', entries: 64 } },
			open: { rateLimit: { name: 'lax', rate: '1/h', key: 'header:k', from: 'anyone', entries: 64 } },
		}),
	}));

	test('an address gets its burst and not one more, over kept connections on all workers; another one gets its own', async () => {
		const clients: RawClient[] = [];
		for (let i = 0; i < 24; i++) clients.push(await it.client());
		// Accepted by now, and by both workers.
		await eventually(
			async () => (await statusOf(it.ballast)).workers.map(({ connections }) => connections),
			(counts) => counts.every((count) => count > 0) && counts.reduce((sum, count) => sum + count, 0) === 24,
		);
		const statuses = await Promise.all(
			clients.map(async (client) => {
				const own: Answer[] = [];
				for (let i = 0; i < 3; i++) {
					client.send(get('/plain/x'));
					own.push(await client.answer());
				}
				return own;
			}),
		);
		assert.equal(admitted(statuses.flat()), 20);
		assert.equal(admitted(await ask(it, get('/plain/y'), { clients: 2, each: 3 })), 0);
		assert.equal(admitted(await ask(it, get('/plain/x'), { from: '127.0.0.2', clients: 6, each: 5 })), 20);
	});

	test('429: problem+json, when to come again, the policy; the connection stays', async () => {
		const client = await it.client();
		client.send(get('/answer/x'));
		assert.equal((await client.answer()).status, 200);
		client.send(get('/answer/x'));
		const answer = await client.answer();
		assert.equal(answer.status, 429);
		assert.match(answer.raw, /^HTTP\/1\.1 429 Too Many Requests\r\n/);
		assert.deepEqual(answer.json(), {
			type: 'about:blank',
			title: 'Too many requests',
			status: 429,
			code: 'rate_limited',
		});
		assert.equal(answer.field('content-type'), 'application/problem+json');
		assert.equal(answer.field('cache-control'), 'no-store');
		assert.equal(answer.field('proxy-status'), 'ballast; error=http_request_denied; details="rate_limited"');
		const [after = '', ...more] = answer.fields('retry-after');
		assert.deepEqual(more, []);
		assert.match(after, /^\d+$/);
		assert.ok(Number(after) > 590 && Number(after) <= 600, after);
		assert.deepEqual(answer.fields('ratelimit-policy'), ['"one";q=1;w=600']);
		assert.deepEqual(answer.fields('ratelimit'), [`"one";r=0;t=${after}`]);
		assert.equal(answer.field('connection'), undefined);
		client.send(get('/'));
		assert.equal((await client.answer()).status, 404);
		client.send(get('/answer/x').replace('GET', 'HEAD'));
		assert.equal((await client.answer({ method: 'HEAD' })).status, 429);
	});

	test('a refused request with a body closes its connection; no instance saw any of it', async () => {
		const before = it.upstream.requests.length;
		const client = await it.client({ from: '127.0.0.9' });
		client.send(post('/answer/x', 'first'));
		assert.equal((await client.answer()).status, 200);
		client.send(`POST /answer/x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n`);
		const answer = await client.answer();
		assert.deepEqual([answer.status, answer.field('connection')], [429, 'close']);
		assert.equal(it.upstream.requests.length, before + 1);
	});

	test('what the client says of itself does not choose its key', async () => {
		let passed = 0;
		for (let i = 0; i < 12; i++) {
			const lines = [`X-Forwarded-For: 10.0.0.${i}`, `Forwarded: for=10.0.0.${i}`, `X-Real-IP: 10.0.0.${i}`];
			passed += admitted(await ask(it, get('/spoof/x', ...lines, `X-Api-Key: ${i}`)));
		}
		assert.equal(passed, 4);
	});

	test('a header of anyone, where the configuration says so; without it, or with two of it, the address counts', async () => {
		const by = async (...lines: string[]) => admitted(await ask(it, get('/anyone/x', ...lines), { each: 5 }));
		assert.equal(await by('X-Api-Key: a'), 3);
		assert.equal(await by('x-api-KEY: b'), 3);
		assert.equal(await by('x-api-key: a'), 0);
		assert.equal(await by(), 3);
		assert.equal(await by('X-Api-Key: c', 'X-Api-Key: d'), 0);
		assert.equal(await by('X-Api-Key:'), 0);
		assert.equal(await by('X-Api-Key: 127.0.0.1'), 3, 'a key that looks like the address is not the address');
	});

	test('a service’s limit holds over its routes together, a route’s own is its own', async () => {
		const from = async (path: string) => admitted(await ask(it, get(path), { each: 3 }));
		assert.deepEqual([await from('/shared/a'), await from('/shared/b'), await from('/shared/c')], [3, 2, 0]);
		assert.equal(await from('/shared/own'), 2);
	});

	test('with `route` in its key an inherited limit is each route’s own; off is off', async () => {
		const from = async (path: string) => admitted(await ask(it, get(path), { each: 4 }));
		assert.deepEqual([await from('/routes/a'), await from('/routes/b'), await from('/routes/c')], [2, 2, 0]);
		assert.equal(await from('/routes/off'), 4);
	});

	test('a request that one of several limits refuses takes nothing from the others', async () => {
		const from = async (address: string) => admitted(await ask(it, get('/several/x'), { from: address, each: 9 }));
		assert.deepEqual([await from('127.0.0.1'), await from('127.0.0.2'), await from('127.0.0.3')], [2, 2, 1]);
		const [answer] = await ask(it, get('/several/x'));
		assert.deepEqual(answer?.fields('ratelimit-policy'), ['"everyone-5/h";q=5;w=3600, "address-2/h";q=2;w=3600']);
		// Both refuse; the one that takes longer is told.
		assert.match(answer?.field('ratelimit') ?? '', /^"address-2\/h";r=0;t=1[78]\d\d$/);
	});

	test('answers that Ballast makes itself are limited too', async () => {
		assert.equal(admitted(await ask(it, get('/fixed/x'), { each: 3 })), 1);
	});

	test('what was used up comes back evenly', async () => {
		const client = await it.client();
		const begin = performance.now();
		let passed = 0;
		while (performance.now() - begin < 500) {
			client.send(get('/quick/x'));
			passed += admitted([await client.answer()]);
		}
		const allowed = 1 + (performance.now() - begin) / 20;
		assert.ok(passed <= allowed && passed >= 5, `${passed} of ${allowed}`);
	});

	test('counted by route and by limit, told in the log once', async () => {
		const from = it.ballast.output().length;
		await ask(it, get('/events/x'), { clients: 3, each: 4 });
		const told = await limitOf(it, 'told');
		assert.deepEqual(told, { name: 'told', route: null, refused: 11, full: 0, used: 1, entries: 65_536 });
		const { services: all } = await statusOf(it.ballast);
		const own = all.find(({ name }) => name === 'events');
		const { requests, limited, failed, status } = own?.counts ?? {};
		assert.deepEqual([requests, limited, failed, status?.['4xx']], [12, 11, 0, 11]);
		assert.equal(own?.routes.find(({ name }) => name === '*')?.counts.limited, 11);
		await it.ballast.printed(/events +warn: rate limit told refuses requests: \d+ over 1\/h with a burst of 1\n/, {
			from,
		});
		await ask(it, get('/events/x'), { each: 2 });
		await eventually(
			() => limitOf(it, 'told'),
			({ refused }) => refused === 13,
		);
		assert.equal(
			it.ballast
				.output()
				.slice(from)
				.match(/rate limit told/g)?.length,
			1,
		);
	});

	test('a full table refuses or admits, as it is told, and says so', async () => {
		const from = it.ballast.output().length;
		const fill = async (path: string) => {
			const client = await it.client();
			let passed = 0;
			for (let i = 0; i < 200; i++) {
				client.send(get(path, `k: key-${i}`));
				passed += admitted([await client.answer()]);
			}
			return passed;
		};
		const passed = await fill('/full/x');
		const small = await limitOf(it, 'small');
		assert.ok(passed < 65 && passed === small.used, `${passed} ${small.used}`);
		assert.deepEqual([small.full, small.refused], [200 - passed, 200 - passed]);
		assert.equal(await fill('/open/x'), 200);
		const lax = await limitOf(it, 'lax');
		assert.ok(lax.full > 100 && lax.full === 200 - lax.used && lax.refused === 0, JSON.stringify(lax));
		await it.ballast.printed('rate limit small has no room for more clients: new ones are refused; `entries` is 64', {
			from,
		});
		await it.ballast.printed('rate limit lax has no room for more clients: new ones are admitted without a limit', {
			from,
		});
	});
});

describe('rate limits behind a trusted proxy', () => {
	const it = suite(({ url }) => ({
		workers: 2,
		trust: ['127.0.0.8/32'],
		services: services(url, {
			address: { rateLimit: '3/h' },
			key: { rateLimit: { rate: '3/h', key: 'header:x-consumer' } },
		}),
	}));
	const by = async (from: string, path: string, ...lines: string[]) =>
		admitted(await ask(it, get(path, ...lines), { from, clients: 2, each: 3 }));

	test('the client that it names counts, IPv6 by its /64; a client’s own line does not', async () => {
		assert.equal(await by('127.0.0.8', '/address/x', 'X-Forwarded-For: 10.0.0.1'), 3);
		assert.equal(await by('127.0.0.8', '/address/x', 'X-Forwarded-For: 6.6.6.6, 10.0.0.1'), 0);
		assert.equal(await by('127.0.0.8', '/address/x', 'X-Forwarded-For: 6.6.6.6', 'X-Forwarded-For: 10.0.0.1'), 0);
		assert.equal(await by('127.0.0.8', '/address/x', 'X-Forwarded-For: 10.0.0.2'), 3);
		assert.equal(await by('127.0.0.8', '/address/x', 'X-Forwarded-For: 2001:db8:1:2::1'), 3);
		assert.equal(await by('127.0.0.8', '/address/x', 'X-Forwarded-For: 2001:db8:1:2:ffff::7'), 0);
		assert.equal(await by('127.0.0.8', '/address/x', 'X-Forwarded-For: 2001:db8:1:3::1'), 3);
		assert.equal(await by('127.0.0.8', '/address/x', 'X-Forwarded-For: ::ffff:a00:2'), 0);
	});

	test('its header is the key; that of others is not', async () => {
		assert.equal(await by('127.0.0.8', '/key/x', 'X-Consumer: acme'), 3);
		assert.equal(await by('127.0.0.8', '/key/x', 'X-Consumer: other', 'X-Forwarded-For: 10.0.0.1'), 3);
		assert.equal(await by('127.0.0.1', '/key/x', 'X-Consumer: acme'), 3, 'by the address');
		assert.equal(await by('127.0.0.1', '/key/x', 'X-Consumer: new'), 0);
		assert.equal(await by('127.0.0.2', '/key/x', 'X-Consumer: acme'), 3);
	});
});

describe('rate limits over reloads', () => {
	let url = '';
	const config = (rate: string, more: Record<string, unknown> = {}) => ({
		workers: 2,
		stop: '0s',
		services: { app: { instances: [url], rateLimit: [rate, { rate: '1000/h', key: 'everyone' }], ...more } },
	});
	const it = suite((upstream) => {
		url = upstream.url;
		return config('5/h');
	});

	test('what stays as it is goes on, what changes begins anew, what is gone is gone', async () => {
		const from = async (path: string) => admitted(await ask(it, get(path), { clients: 3, each: 3 }));
		const reload = async (...to: Parameters<typeof config>) => {
			it.ballast.configure({ ...config(...to), listen: it.ballast.port, admin: it.ballast.adminPort });
			await it.ballast.control('reload');
		};
		assert.equal(await from('/x'), 5);
		await reload('5/h', { headers: { request: { set: { 'X-New': '1' } } } });
		assert.equal(await from('/x'), 0);
		await reload('6/h');
		assert.equal(await from('/x'), 6);
		assert.deepEqual(
			(await statusOf(it.ballast)).services[0]?.rateLimits.map(({ name, refused }) => [name, refused]),
			[
				['address-6/h', 3],
				['everyone-1000/h', 0],
			],
		);
		await reload('6/h', { routes: { '/y': { rateLimit: 'off' } } });
		assert.deepEqual([await from('/x'), await from('/y')], [0, 9]);
		await reload('6/h', { rateLimit: 'off' });
		assert.equal(await from('/x'), 9);
		assert.deepEqual((await statusOf(it.ballast)).services[0]?.rateLimits, []);
	});
});
