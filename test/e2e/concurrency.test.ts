import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { connect, type RawClient } from '../support/raw-client.ts';
import { type RawUpstream, startUpstream } from '../support/raw-upstream.ts';
import { eventually, get, post, statusOf, suite } from '../support/suite.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Requests for a path that the instance answers only when the test says so. */
class Held {
	readonly #peers: RawClient[] = [];

	constructor(upstream: RawUpstream, path: string) {
		upstream.on(path, (_, peer) => this.#peers.push(peer));
	}

	get count(): number {
		return this.#peers.length;
	}

	release(count = this.#peers.length): void {
		for (const peer of this.#peers.splice(0, count)) peer.send(OK);
	}
}

const serviceOf = async (ballast: Ballast, name = 'app') => {
	const found = (await statusOf(ballast)).services.find((service) => service.name === name);
	assert.ok(found !== undefined);
	return found;
};
const inFlight = async (ballast: Ballast, name = 'app') => (await serviceOf(ballast, name)).concurrency?.inFlight;
const code = async (client: RawClient): Promise<string> => (await client.answer()).json<{ code: string }>().code;

describe('a fixed limit', () => {
	const it = suite(({ url }) => ({
		workers: 2,
		trust: ['127.0.0.8/32'],
		services: {
			app: { instances: [url], concurrency: 10, health: { interval: '1h' }, routes: { '/fixed': { respond: 'here' } } },
			tiers: {
				match: '/tiers/*',
				instances: [url],
				concurrency: 10,
				health: { interval: '1h' },
				priority: { header: 'x-priority' },
				routes: { '/tiers/high': { priority: 'high' }, '/tiers/low': { priority: 'low' } },
			},
			free: { match: '/free/*', instances: [url], health: { interval: '1h' } },
		},
	}));

	test('holds over both workers, is used to the full, and what is over it is refused at once', async () => {
		let open = 0;
		let most = 0;
		it.upstream.on('/busy', async (_, peer) => {
			most = Math.max(most, ++open);
			await sleep(25);
			open--;
			peer.send(OK);
		});
		const counted = { 200: 0, 503: 0 };
		const waits = new Set<string | undefined>();
		const took = { 200: [] as number[], 503: [] as number[] };
		const client = async () => {
			const one = await it.client();
			for (let i = 0; i < 25; i++) {
				const since = performance.now();
				one.send(get('/busy'));
				const answer = await one.answer();
				counted[answer.status as 200 | 503]++;
				took[answer.status as 200 | 503].push(performance.now() - since);
				if (answer.status === 200) continue;
				waits.add(answer.field('retry-after'));
				assert.equal(answer.json<{ code: string }>().code, 'overloaded');
				assert.match(answer.field('proxy-status') ?? '', /connection_limit_reached; details="overloaded"/);
				await sleep(5);
			}
		};
		await Promise.all(Array.from({ length: 40 }, client));
		assert.equal(most, 10);
		assert.equal(counted[200] + counted[503], 1000);
		assert.ok(counted[200] > 100 && counted[503] > 100, JSON.stringify(counted));
		const [refusal = 0, answer = 0] = [took[503], took[200]].map(
			(all) => all.toSorted((a, b) => a - b)[all.length >> 1],
		);
		assert.ok(refusal < answer, `a refusal takes ${refusal} ms, an answer ${answer}`);
		assert.deepEqual([...waits].sort(), ['1', '2', '3']);
		const { counts, concurrency } = await eventually(
			() => serviceOf(it.ballast),
			(service) => service.concurrency?.inFlight === 0,
		);
		assert.deepEqual(concurrency, { by: 'fixed', limit: 10, inFlight: 0 });
		assert.deepEqual([counts.shed, counts.failed], [counted[503], counted[503]]);
		const busy = (await serviceOf(it.ballast)).routes.find(({ name }) => name === '*');
		assert.equal(busy?.counts.shed, counted[503]);
		await it.ballast.printed(/app +warn: sheds requests: \d+ in flight of at most 10\n/);
	});

	test('what is answered without an instance, and other services, go on', async () => {
		const held = new Held(it.upstream, '/held');
		const clients = await Promise.all(Array.from({ length: 10 }, () => it.client()));
		for (const client of clients) client.send(get('/held'));
		await eventually(
			() => held.count,
			(count) => count === 10,
		);
		assert.equal((await it.ask(get('/held'))).status, 503);
		assert.equal((await it.ask(post('/held', 'x'.repeat(100_000)))).status, 503);
		assert.equal((await it.ask(get('/fixed'))).text, 'here');
		assert.equal((await it.ask(get('/free/x'))).status, 200);
		held.release();
		for (const client of clients) assert.equal((await client.answer()).status, 200);
		assert.equal((await it.ask(get('/other'))).status, 200);
	});

	test('lower priorities are refused earlier', async () => {
		const held = { low: new Held(it.upstream, '/tiers/low'), normal: new Held(it.upstream, '/tiers/any') };
		const high = new Held(it.upstream, '/tiers/high');
		const clients: RawClient[] = [];
		/** Sends it; true: the instance has it now. */
		const enters = async (path: string, ...lines: string[]): Promise<boolean> => {
			const client = await it.client({ from: lines.length > 0 ? '127.0.0.8' : '127.0.0.1' });
			const before = held.low.count + held.normal.count + high.count;
			client.send(get(path, ...lines));
			await eventually(
				() => held.low.count + held.normal.count + high.count > before || client.received.length > 0,
				(done) => done,
			);
			if (client.received.length === 0) clients.push(client);
			else assert.equal(await code(client), 'overloaded');
			return client.received.length === 0;
		};
		for (let i = 0; i < 8; i++) assert.equal(await enters('/tiers/low'), true, `low ${i}`);
		assert.equal(await enters('/tiers/low'), false);
		assert.equal(await enters('/tiers/any', 'x-priority: low'), false, 'low by its field');
		assert.equal(await enters('/tiers/any'), true);
		assert.equal(await enters('/tiers/any'), false);
		assert.equal(await enters('/tiers/any', 'x-priority: nonsense'), false);
		assert.equal(await enters('/tiers/any', 'x-priority: high'), true, 'high by a field of a trusted sender');
		assert.equal(await enters('/tiers/high'), false, 'nothing is left');
		held.normal.release(1);
		assert.equal((await (clients[8] as RawClient).answer()).status, 200);
		const client = await it.client();
		client.send(get('/tiers/any', 'x-priority: high'));
		assert.equal(await code(client), 'overloaded', 'a client does not choose its priority itself');
		assert.equal(await enters('/tiers/high'), true);
		for (const one of [held.low, held.normal, high]) one.release();
		for (const one of clients.filter((_, at) => at !== 8)) assert.equal((await one.answer()).status, 200);
		await eventually(
			() => inFlight(it.ballast, 'tiers'),
			(count) => count === 0,
		);
	});

	test('tunnels and streams of events take no place once they are established', async () => {
		it.upstream.onHead('/tunnel', (_, peer) => {
			peer.send('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
			return peer.until(() => peer.ended || peer.closed, 'the end', 20_000);
		});
		it.upstream.on('/events', (_, peer) => {
			peer.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n');
			return peer.until(() => peer.ended || peer.closed, 'the end', 20_000);
		});
		for (let i = 0; i < 12; i++) {
			const one = await it.client();
			one.send(i % 2 === 0 ? get('/tunnel', 'Connection: Upgrade', 'Upgrade: echo') : get('/events'));
			await one.readTo(i % 2 === 0 ? '\r\n\r\n' : 'data: 1\n\n');
		}
		await eventually(
			() => inFlight(it.ballast),
			(count) => count === 0,
		);
		assert.equal((await it.ask(get('/other'))).status, 200);
	});

	test('clients that leave, in whatever way, give their places back', async () => {
		const held = new Held(it.upstream, '/left');
		for (let round = 0; round < 6; round++) {
			const clients = await Promise.all(Array.from({ length: 10 }, () => it.client()));
			for (const client of clients) client.send(get('/left'));
			await eventually(
				() => held.count,
				(count) => count === 10 * (round + 1),
			);
			for (const [i, client] of clients.entries()) {
				if (i % 2 === 0) client.destroy();
				else client.reset();
			}
			await eventually(
				() => inFlight(it.ballast),
				(count) => count === 0,
			);
		}
		it.upstream.on('/dies', (_, peer) => peer.reset());
		for (let i = 0; i < 12; i++) assert.equal((await it.ask(post('/dies', 'x'))).status, 502);
		await eventually(
			() => inFlight(it.ballast),
			(count) => count === 0,
		);
	});

	test('it is told when the shedding is over, with what was refused', async () => {
		await it.ballast.printed(/app +sheds no more: \d+ were refused within [\d.]+ s; 0 in flight of at most 10\n/, {
			withinMs: 20_000,
		});
		const lines = it.ballast.output().match(/app .*sheds/g) ?? [];
		assert.ok(lines.length <= 6, lines.join('\n'));
	});
});

describe('a limit over reloads', () => {
	const config = (upstream: RawUpstream, concurrency: unknown) => ({
		workers: 2,
		stop: '0s',
		services: { app: { instances: [upstream.url], concurrency, health: { interval: '1h' } } },
	});

	test('what is under way stays counted; a lower limit holds at once, none lets everything in', async () => {
		const upstream = await startUpstream();
		const ballast = await startBallast(config(upstream, 6));
		try {
			const reload = async (concurrency: unknown) => {
				const { listeners } = await statusOf(ballast);
				assert.equal(listeners.length, 1);
				ballast.configure(config(upstream, concurrency));
				await ballast.control('reload');
			};
			const held = new Held(upstream, '/held');
			const clients: RawClient[] = [];
			const send = async (count: number) => {
				for (let i = 0; i < count; i++) {
					const client = await connect(ballast.port);
					client.send(get('/held'));
					clients.push(client);
				}
			};
			const under = (count: number) =>
				eventually(
					() => held.count,
					(now) => now === count,
				);
			const refused = async () => {
				const client = await connect(ballast.port);
				client.send(get('/held'));
				assert.equal(await code(client), 'overloaded');
				client.destroy();
			};
			await send(5);
			await under(5);
			await reload(3);
			assert.deepEqual((await serviceOf(ballast)).concurrency, { by: 'fixed', limit: 3, inFlight: 5 });
			await refused();
			await reload(7);
			await send(2);
			await under(7);
			await refused();
			await reload('adaptive');
			assert.equal((await serviceOf(ballast)).concurrency?.by, 'adaptive');
			await reload('off');
			assert.equal((await serviceOf(ballast)).concurrency, null);
			await send(3);
			await under(10);
			held.release();
			for (const client of clients) assert.equal((await client.answer()).status, 200);
			await reload(2);
			await eventually(
				() => inFlight(ballast),
				(count) => count === 0,
			);
			for (const client of clients) client.destroy();
			assert.doesNotMatch(ballast.output(), /worker \d+: /);
		} finally {
			await ballast.stop();
			await upstream.close();
		}
	});

	test('a worker that is ended gives its places back', async () => {
		const upstream = await startUpstream();
		// A path that this expression takes for ever over: the worker hangs, and is replaced.
		const hang = { match: '/hang/*', instances: [upstream.url], rewrite: { from: '^/hang/(a+)+$', to: '/x' } };
		const { services, ...node } = config(upstream, 8);
		const ballast = await startBallast({ ...node, services: { ...services, hang } });
		try {
			const held = new Held(upstream, '/held');
			const clients = await Promise.all(Array.from({ length: 8 }, () => connect(ballast.port)));
			for (const client of clients) client.send(get('/held'));
			await eventually(
				() => held.count,
				(count) => count === 8,
			);
			const hanging = await connect(ballast.port);
			hanging.send(get(`/hang/${'a'.repeat(64)}!`));
			await ballast.printed(/worker \d ended and is replaced/, { withinMs: 20_000 });
			await eventually(
				async () => [await inFlight(ballast), clients.filter(({ closed, ended }) => !closed && !ended).length],
				([count, left]) => count === left && count !== 8,
				10_000,
			);
			for (const client of [...clients, hanging]) client.destroy();
			await eventually(
				() => inFlight(ballast),
				(count) => count === 0,
			);
		} finally {
			await ballast.stop();
			await upstream.close();
		}
	});
});
