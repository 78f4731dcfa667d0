import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RawClient } from '../support/raw-client.ts';
import { type RawUpstream, startUpstream } from '../support/raw-upstream.ts';
import { eventually, get, post, statusOf, suite } from '../support/suite.ts';

/** Answers its name after `START_MS`; `/die` ends it. */
const SLOW_START = `
setTimeout(() => {
	require('node:http').createServer((request, response) => {
		if (request.url === '/die') process.exit(1);
		response.end(process.env.BALLAST_INSTANCE);
	}).listen(process.env.PORT, '127.0.0.1');
}, Number(process.env.START_MS));
`;

describe('requests wait for an instance that is expected', () => {
	const it = suite(
		() => ({
			workers: 2,
			limits: { hold: { requests: 20 } },
			services: {
				app: { instances: { run: ['node', 'slow.cjs'], env: { START_MS: '1200' } }, scale: 1, hold: '20s' },
				short: {
					match: '/short/*',
					instances: { run: ['node', 'slow.cjs'], env: { START_MS: '600000' } },
					scale: 1,
					hold: '300ms',
				},
				off: {
					match: '/off/*',
					instances: { run: ['node', 'slow.cjs'], env: { START_MS: '600000' } },
					scale: 1,
					hold: 'off',
				},
			},
		}),
		{ files: { 'slow.cjs': SLOW_START }, ready: false },
	);

	/** Its process ends. While it does it still takes a request, which may not be one that can be sent again. */
	const dies = async (): Promise<void> => {
		// A GET would be tried again, at the instance that takes its place.
		await it.ask(post('/die', '')).catch(() => {});
		await eventually(
			() => statusOf(it.ballast),
			({ services }) => services[0]?.ready === 0,
		);
	};

	test('no longer than `hold` says, or not at all', async () => {
		const since = performance.now();
		const answer = await it.ask(get('/short/x'));
		const took = performance.now() - since;
		assert.deepEqual([answer.status, answer.json<{ code: string }>().code], [503, 'no_ready_instance']);
		assert.ok(took >= 270 && took < 5000, `${took} ms`);
		assert.equal(answer.field('retry-after'), '1');
		const begun = performance.now();
		assert.equal((await it.ask(get('/off/x'))).status, 503);
		assert.ok(performance.now() - begun < 1500);
		const { services } = await statusOf(it.ballast);
		// Who may not wait at all was not refused by the queue.
		assert.deepEqual(
			services.map(({ holdRefused }) => holdRefused),
			[
				{ full: 0, timeout: 0, hopeless: 0 },
				{ full: 0, timeout: 1, hopeless: 0 },
				{ full: 0, timeout: 0, hopeless: 0 },
			],
		);
	});

	test('are let go in order as soon as it is ready, a body included', async () => {
		await eventually(
			() => statusOf(it.ballast),
			({ services }) => services[0]?.ready === 1,
			8000,
		);
		await dies();
		const answers = await Promise.all([
			...Array.from({ length: 8 }, (_, i) => it.ask(get(`/${i}`))),
			it.ask(post('/body', 'x'.repeat(3000))),
		]);
		for (const answer of answers) assert.deepEqual([answer.status, answer.text], [200, 'app-1']);
		const { services } = await statusOf(it.ballast);
		assert.ok((services[0]?.counts.held ?? 0) >= 8, JSON.stringify(services[0]?.counts));
	});

	test('beyond the room of the node they are refused at once; who leaves gives the place up', async () => {
		await eventually(
			() => statusOf(it.ballast),
			({ services }) => services[0]?.ready === 1,
			8000,
		);
		await dies();
		const waiting: RawClient[] = [];
		for (let i = 0; i < 30; i++) {
			const client = await it.client();
			client.send(get('/wait'));
			waiting.push(client);
		}
		const refused = () => waiting.filter((client) => client.received.includes(' 503 ')).length;
		await eventually(refused, (count) => count >= 10);
		// Two workers that look at the last place together may both leave it.
		assert.ok(refused() <= 12, `${refused()}`);
		const { services } = await statusOf(it.ballast);
		assert.equal(services[0]?.holdRefused.full, refused());
		for (const client of waiting.slice(0, 10)) client.reset();
		// Once it is noticed that they have left.
		await eventually(
			async () => (await it.ask(get('/late'))).status,
			(status) => status === 200,
		);
	});
});

describe('nothing is expected', () => {
	let gone: RawUpstream;
	const it = suite(async () => {
		gone = await startUpstream();
		return {
			services: { app: { instances: [gone.url], health: { interval: '100ms', unhealthyAfter: 1 }, hold: '10s' } },
		};
	});

	test('so requests are refused at once, and held no more once an address answers again', async () => {
		const { port } = gone;
		await gone.close();
		await eventually(
			() => statusOf(it.ballast),
			({ services }) => services[0]?.ready === 0,
		);
		const since = performance.now();
		assert.equal((await it.ask(get('/'))).status, 503);
		assert.ok(performance.now() - since < 2000, `${performance.now() - since} ms`);
		gone = await startUpstream(port);
		await eventually(
			async () => (await it.ask(get('/'))).status,
			(status) => status === 200,
		);
		await gone.close();
	});
});

describe('most requests in flight at an instance', () => {
	let other: RawUpstream;
	const it = suite(async ({ url }) => {
		other = await startUpstream();
		return {
			workers: 2,
			services: {
				app: { instances: [url, other.url], breaker: { inFlight: 3, waiting: 10 }, health: { interval: '1h' } },
				narrow: {
					match: '/narrow/*',
					instances: [url],
					breaker: { inFlight: 1, waiting: 0 },
					health: { interval: '1h' },
				},
			},
		};
	});

	test('are never more, over all workers; the others wait their turn', async () => {
		let now = 0;
		let most = 0;
		it.upstream.on('/slow', async (_, peer) => {
			most = Math.max(most, ++now);
			await sleep(20);
			now--;
			peer.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
		});
		let otherNow = 0;
		other.on('/slow', async (_, peer) => {
			most = Math.max(most, ++otherNow);
			await sleep(20);
			otherNow--;
			peer.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
		});
		const loops = Array.from({ length: 20 }, async () => {
			const client = await it.client();
			for (let i = 0; i < 15; i++) {
				client.send(get('/slow'));
				assert.equal((await client.answer()).status, 200);
			}
		});
		await Promise.all(loops);
		assert.equal(most, 3);
	});

	test('beyond those that may wait: 503 at once', async () => {
		it.upstream.on('/narrow/slow', async (_, peer) => {
			await sleep(500);
			peer.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
		});
		const first = it.ask(get('/narrow/slow'));
		await eventually(
			() => it.upstream.count('/narrow/slow'),
			(count) => count === 1,
		);
		const answer = await it.ask(get('/narrow/slow'));
		assert.deepEqual([answer.status, answer.json<{ code: string }>().code], [503, 'instances_full']);
		assert.equal((await first).status, 200);
		await other.close();
	});
});
