/** Two nodes that share answers and purges by a real Redis. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { CacheKey } from '../../src/cache/answer-store.ts';
import { cacheKey } from '../../src/cache/memory/testing/answers.ts';
import { RedisKeys } from '../../src/cache/redis/redis-keys.ts';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { connect } from '../support/raw-client.ts';
import { type RawUpstream, startUpstream } from '../support/raw-upstream.ts';
import { NO_REDIS, RedisServer } from '../support/redis.ts';
import { connections, eventually, get, post } from '../support/suite.ts';

const NAMES = new RedisKeys('ballast:');
const keyOf = (path: string): CacheKey => cacheKey(`ha.example${path}`);

const configOf = ({ url }: RawUpstream, timeout: string): Record<string, unknown> => ({
	workers: 1,
	stop: '0s',
	state: { redis: { url: { env: 'REDIS_URL' } } },
	cache: { redis: { timeout } },
	services: { app: { instances: [url], cache: { staleIfError: '1h' } } },
});

interface Said {
	readonly status: number;
	readonly cache: string;
	readonly body: string;
}

async function ask({ port }: Ballast, path: string, request: string = get(path)): Promise<Said> {
	const client = await connect(port);
	try {
		client.send(request.replace(/Host: .*/, 'Host: a.example'));
		const answer = await client.answer({ method: request.slice(0, request.indexOf(' ')) });
		return { status: answer.status, cache: answer.field('cache-status') ?? '', body: answer.body.toString() };
	} finally {
		client.destroy();
	}
}

/** What its workers counted of Redis. */
async function levelCounts({ adminPort }: Ballast): Promise<{ errors: number; skipped: number }> {
	const page = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
	const count = (result: string): number =>
		Number(
			new RegExp(`^ballast_cache_level_results_total\\{level="redis",result="${result}"\\} (\\d+)$`, 'm').exec(
				page,
			)?.[1],
		);
	return { errors: count('errors'), skipped: count('skipped') };
}

describe('two nodes and one Redis', { skip: NO_REDIS }, () => {
	let redis: RedisServer;
	let upstream: RawUpstream;
	let nodes: [Ballast, Ballast];
	let asked = 0;

	before(async () => {
		redis = await RedisServer.start();
		upstream = await startUpstream();
		// Long enough for any machine: what is tested here is not how fast it is.
		const node = (): Promise<Ballast> => startBallast(configOf(upstream, '10s'), { env: { REDIS_URL: redis.url } });
		nodes = await Promise.all([node(), node()]);
		const [first, second] = nodes;
		await shared(first, second);
		await shared(second, first);
	});

	after(async () => {
		await Promise.all((nodes ?? []).map((one) => one.stop()));
		await upstream?.close();
		await redis?.end();
	});

	/** Each answer is another one. */
	function serve(path: string, ...lines: string[]): void {
		upstream.on(path.replace(/\?.*/, ''), (_, peer) => {
			const text = `${path} ${++asked}`;
			const head = ['Cache-Control: max-age=600', ...lines, `Content-Length: ${text.length}`];
			peer.send(`HTTP/1.1 200 OK\r\n${head.join('\r\n')}\r\n\r\n${text}`);
		});
	}

	/** Whether Redis has an answer for this path. */
	const has = async (path: string): Promise<boolean> =>
		(await redis.ask('EXISTS', NAMES.answer(keyOf(path)))).startsWith(':1');

	/** Whether what a node stores arrives in Redis: not so long as it has not read which purges there were. */
	async function keptBy(node: Ballast, path = `/probe-${++asked}`): Promise<boolean> {
		serve(path);
		await ask(node, path);
		for (let i = 0; i < 20; i++) if (await has(path)) return true;
		return false;
	}

	/**
	 * What one node asks for from now on, the other is given: both have read what was purged, and know the time at Redis
	 * well enough to tell that it was asked for behind the last purge. On a busy machine that takes a while.
	 */
	const shared = (from: Ballast, to: Ballast) =>
		eventually(
			async () => {
				const path = `/probe-${++asked}`;
				return (await keptBy(from, path)) && (await ask(to, path)).cache.includes('detail=redis');
			},
			Boolean,
			20_000,
		);

	/** Stored at the first node, and in Redis: what that does not take in time, on a busy machine, is offered again. */
	async function stored(path: string, ...lines: string[]): Promise<string> {
		serve(path, ...lines);
		for (let tries = 0; ; tries++) {
			await shared(nodes[0], nodes[1]);
			const { body, cache } = await ask(nodes[0], path);
			assert.match(cache, /fwd=uri-miss/);
			const there = await eventually(() => has(path), Boolean, 3000).catch(() => false);
			if (there) return body;
			assert.ok(tries < 3, `${path} is not in Redis`);
			await nodes[0].control('purge', { urls: [`http://a.example${path}`] });
		}
	}

	test('what one has asked for, the other has, with its age, and then in its own memory', async () => {
		const body = await stored('/a');
		const first = await ask(nodes[1], '/a');
		assert.equal(first.body, body);
		assert.match(first.cache, /Ballast; hit; ttl=\d+; detail=redis/);
		const second = await ask(nodes[1], '/a');
		assert.equal(second.body, body);
		assert.match(second.cache, /Ballast; hit; ttl=\d+$/);
	});

	test('a HEAD is given what a GET of the other one brought', async () => {
		const body = await stored('/head');
		const head = await ask(nodes[1], '/head', get('/head').replace('GET', 'HEAD'));
		assert.match(head.cache, /Ballast; hit; ttl=\d+; detail=redis/);
		assert.equal(head.body, '');
		assert.equal((await ask(nodes[1], '/head')).body, body);
	});

	test('answers that differ by request are kept apart', async () => {
		upstream.on('/vary', (request, peer) => {
			const text = request.field('accept-language') ?? 'none';
			peer.send(
				`HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nVary: Accept-Language\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
			);
		});
		const inLanguage = (node: Ballast, language: string) =>
			ask(node, '/vary', get('/vary', `Accept-Language: ${language}`));
		for (const language of ['de', 'fr']) {
			assert.equal((await inLanguage(nodes[0], language)).body, language);
			const base = NAMES.answer(keyOf('/vary'));
			const name = NAMES.variant(base, [{ name: 'accept-language', value: language }]);
			await eventually(
				() => redis.ask('EXISTS', name),
				(exists) => exists.startsWith(':1'),
				10_000,
			);
		}
		for (const language of ['fr', 'de']) {
			const said = await inLanguage(nodes[1], language);
			assert.equal(said.body, language);
			assert.match(said.cache, /detail=redis/);
		}
		assert.match((await inLanguage(nodes[1], 'it')).cache, /fwd=vary-miss/);
	});

	test('a purge at one is one at the other, and does not come back from Redis', async () => {
		const before = await stored('/tagged', 'Surrogate-Key: shoes');
		assert.equal((await ask(nodes[1], '/tagged')).body, before);
		await nodes[0].control('purge', { tags: ['shoes'] });
		const said = await eventually(
			() => ask(nodes[1], '/tagged'),
			({ body }) => body !== before,
			10_000,
		);
		assert.match(said.cache, /fwd=uri-miss/);
		// The first node has purged it before it told so; now both have, or get, the new one.
		for (const node of [...nodes, ...nodes]) assert.notEqual((await ask(node, '/tagged')).body, before);
	});

	test('by URL, prefix and of everything', async () => {
		for (const [path, what] of [
			['/u?x=1', { urls: ['http://a.example/u?x=1'] }],
			['/p/q', { prefixes: ['a.example/p/'] }],
			['/e', { everything: true }],
		] as const) {
			const before = await stored(path);
			assert.equal((await ask(nodes[1], path)).body, before);
			await nodes[1].control('purge', what);
			assert.notEqual((await ask(nodes[1], path)).body, before, path);
			await eventually(
				() => ask(nodes[0], path),
				({ body }) => body !== before,
				10_000,
			);
		}
	});

	test('after a soft purge what Redis has is given as a stale one, and asked for anew behind that', async () => {
		const before = await stored('/soft', 'Cache-Control: stale-while-revalidate=600');
		const marked = await stored('/mark', 'Surrogate-Key: mark');
		assert.equal((await ask(nodes[1], '/mark')).body, marked);
		await nodes[0].control('purge', { urls: ['http://a.example/soft'], soft: true });
		await nodes[0].control('purge', { tags: ['mark'] });
		// Whoever has heard of the second has heard of the first.
		await eventually(
			() => ask(nodes[1], '/mark'),
			({ body }) => body !== marked,
			10_000,
		);
		const first = await ask(nodes[1], '/soft');
		assert.equal(first.body, before);
		assert.match(first.cache, /hit; ttl=-\d+; detail=redis/);
		await eventually(
			() => ask(nodes[1], '/soft'),
			({ body }) => body !== before,
			10_000,
		);
	});

	test('what one is asking the origin for while the other purges it is kept by neither; what is of others is', async () => {
		const held: ((bytes: string) => void)[] = [];
		for (const path of ['/ours', '/others']) upstream.on(path, (_, peer) => held.push((bytes) => peer.send(bytes)));
		const asking = ['/ours', '/others'].map((path) => ask(nodes[1], path));
		await eventually(
			() => held.length,
			(count) => count === 2,
			10_000,
		);
		const marked = await stored('/mark-2', 'Surrogate-Key: mark-2');
		assert.equal((await ask(nodes[1], '/mark-2')).body, marked);
		for (const tags of [['ours'], ['mark-2']]) await nodes[0].control('purge', { tags });
		// Whoever has heard of the second has heard of the first.
		await eventually(
			() => ask(nodes[1], '/mark-2'),
			({ body }) => body !== marked,
			10_000,
		);
		const answer = (tag: string) =>
			`HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nSurrogate-Key: ${tag}\r\nContent-Length: 6\r\n\r\nbefore`;
		for (const send of held) send(answer(send === held[0] ? 'ours' : 'others'));
		const order = (await Promise.all(asking)).map(({ body }) => body);
		assert.deepEqual(order, ['before', 'before']);
		const only = (node: Ballast, path: string) => ask(node, path, get(path, 'Cache-Control: only-if-cached'));
		const states = await Promise.all(['/ours', '/others'].map(async (path) => (await only(nodes[1], path)).status));
		assert.deepEqual(states.toSorted(), [200, 504]);
		const kept = states[0] === 200 ? '/ours' : '/others';
		await eventually(() => has(kept), Boolean, 10_000);
		const [spoilt] = ['/ours', '/others'].filter((path) => path !== kept) as [string];
		assert.equal(await has(spoilt), false);
	});

	test('a URL that is changed by one is asked for anew by the other', async () => {
		const before = await stored('/changed');
		assert.equal((await ask(nodes[1], '/changed')).body, before);
		assert.equal((await ask(nodes[1], '/changed', post('/changed', 'x'))).status, 200);
		assert.notEqual((await ask(nodes[1], '/changed')).body, before);
		await eventually(
			() => ask(nodes[0], '/changed'),
			({ body }) => body !== before,
			10_000,
		);
	});

	test('who waits for Redis may leave: others who wait with him have their answer', async () => {
		serve('/left');
		const [first, second] = [await connect(nodes[0].port), await connect(nodes[0].port)];
		try {
			// A connection is there before a worker has taken it.
			const open = await eventually(
				() => connections(nodes[0]),
				(now) => now >= 2,
				10_000,
			);
			redis.freeze();
			const request = get('/left').replace(/Host: .*/, 'Host: a.example');
			first.send(request);
			second.send(request);
			first.destroy();
			await eventually(
				() => connections(nodes[0]),
				(now) => now < open,
				10_000,
			);
			redis.thaw();
			assert.equal((await second.answer()).status, 200);
		} finally {
			redis.thaw();
			first.destroy();
			second.destroy();
		}
	});

	test('an answer that is stale is fetched behind the back of who asks, by one node for both', async () => {
		let times = 0;
		upstream.on('/behind', (_, peer) => {
			const text = String(++times);
			const head = `Cache-Control: max-age=${times === 1 ? 1 : 600}, stale-while-revalidate=600`;
			peer.send(`HTTP/1.1 200 OK\r\n${head}\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
		});
		await shared(nodes[0], nodes[1]);
		assert.equal((await ask(nodes[0], '/behind')).body, '1');
		await eventually(() => has('/behind'), Boolean, 10_000);
		const second = await ask(nodes[1], '/behind');
		assert.equal(second.body, '1');
		const renewed = (node: Ballast) =>
			eventually(
				() => ask(node, '/behind'),
				({ body }) => body === '2',
				10_000,
			);
		// A machine that is busy may have let it become stale by now: then the second node has begun to fetch it.
		if (!second.cache.includes('ttl=-')) await renewed(nodes[0]);
		// It stays there for longer than the first.
		await eventually(
			() => redis.ask('PTTL', NAMES.answer(keyOf('/behind'))),
			(left) => Number(left.slice(1)) > 700_000,
			10_000,
		);
		for (const node of nodes) await renewed(node);
		assert.equal(times, 2);
	});

	test('Redis is killed in mid-load: no request fails, and what it does is used again when it is back', async () => {
		let failed = 0;
		let done = 0;
		let loading = true;
		const load = nodes.map(async (node) => {
			while (loading) {
				const path = `/load-${++asked % 50}`;
				serve(path);
				if ((await ask(node, path).catch(() => ({ status: 0 }))).status !== 200) failed++;
				done++;
			}
		});
		const past = (count: number) =>
			eventually(
				() => done,
				(now) => now >= count,
				10_000,
			);
		await past(20);
		await redis.end();
		await past(done + 100);
		await Promise.all(nodes.map((node) => node.control('purge', { urls: ['http://a.example/load-1'] })));
		await redis.begin();
		await past(done + 20);
		loading = false;
		await Promise.all(load);
		assert.equal(failed, 0);
		await shared(nodes[1], nodes[0]);
		const body = await stored('/again');
		assert.equal((await ask(nodes[1], '/again')).body, body);
	});

	test('with other settings after a reload, a Redis that is stopped costs a bounded time', async () => {
		const [node] = nodes;
		node.configure(configOf(upstream, '50ms'));
		await node.control('reload');
		await eventually(() => keptBy(node), Boolean, 20_000);
		redis.freeze();
		try {
			for (let i = 0; i < 40; i++) {
				serve(`/stopped-${i}`);
				assert.equal((await ask(node, `/stopped-${i}`)).status, 200);
			}
			// Five that wait their 50 ms, and one at each of a few tries since: not forty.
			const counts = await eventually(
				() => levelCounts(node),
				({ errors, skipped }) => errors + skipped >= 40,
				10_000,
			);
			assert.ok(counts.errors < 20, JSON.stringify(counts));
		} finally {
			redis.thaw();
		}
	});

	test('what could not be told to Redis before the end is told at the next start', async () => {
		const [, node] = nodes;
		const folder = mkdtempSync(join(tmpdir(), 'ballast-store-'));
		const config = { ...configOf(upstream, '10s'), store: { folder } };
		node.configure(config);
		await node.control('reload');
		await redis.end();
		await node.control('purge', { tags: ['untold'] });
		const page = await (await fetch(`http://127.0.0.1:${node.adminPort}/metrics`)).text();
		assert.match(page, /^ballast_cache_purges_untold\{level="redis"\} [1-9]/m);
		await node.stop();
		assert.match(node.output(), /purge +warn: purges: [1-9]\d* are not taken yet: they are sent at the next start/);
		assert.equal(statSync(join(folder, 'purges.json')).mode & 0o777, 0o600);
		await redis.begin();
		const next = await startBallast(config, { env: { REDIS_URL: redis.url } });
		await eventually(
			() => redis.ask('XREVRANGE', NAMES.purges, '+', '-', 'COUNT', '50'),
			(records) => records.includes('"tags":["untold"]'),
			20_000,
		);
		assert.equal(existsSync(join(folder, 'purges.json')), false);
		await next.stop();
		rmSync(folder, { recursive: true });
	});
});
