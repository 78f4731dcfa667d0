import assert from 'node:assert/strict';
import net from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { LogEntry } from '../../src/core/log-entry.ts';
import { SERVER_JS } from '../support/api-file.ts';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { Load } from '../support/load.ts';
import { isAlive } from '../support/process-tree.ts';
import { connect, type RawClient } from '../support/raw-client.ts';
import { eventually, get, post, statusOf } from '../support/suite.ts';

const UPGRADE = ['Connection: Upgrade', 'Upgrade: echo'];

describe('the core', () => {
	let ballast: Ballast;
	before(async () => {
		const app = {
			instances: { run: 'node server.js', grace: '2s' },
			scale: 2,
			health: '/',
			timeouts: { request: '1m' },
		};
		const config = { workers: 2, stop: '2s', services: { app, other: { match: '/other', respond: 'other' } } };
		ballast = await startBallast(config, { files: { 'server.js': SERVER_JS } });
	});
	after(async () => {
		await ballast?.stop();
	});

	const loads: Load[] = [];
	afterEach(async () => {
		await Promise.all(loads.splice(0).map((each) => each.stop()));
	});
	const load = (): Load => {
		const request = (i: number) => (i % 3 === 0 ? post('/x', 'body') : get('/x?ms=5'));
		const started = new Load({ port: ballast.port, clients: 12, fresh: 6, request });
		loads.push(started);
		return started;
	};
	const instances = async (): Promise<(number | null)[]> =>
		(await statusOf(ballast)).services[0]?.instances.map(({ pid }) => pid).sort() ?? [];
	/** @returns what it took, ms */
	const upgrade = async (): Promise<number> => {
		const since = performance.now();
		await ballast.control('upgrade');
		return performance.now() - since;
	};
	/** What upgrades with nothing special about them take here. */
	const usual: number[] = [];
	async function tunnel(): Promise<RawClient> {
		const client = await connect(ballast.port);
		client.send(get('/tunnel', ...UPGRADE));
		assert.equal((await client.answer()).status, 101);
		return client;
	}

	test('three upgrades under load: nothing fails, instances go on, an open tunnel stays', async () => {
		const pids = await instances();
		const loading = load();
		const open = await tunnel();
		for (let i = 0; i < 3; i++) {
			const { core } = await statusOf(ballast);
			await sleep(150);
			usual.push(await upgrade());
			const after = (await statusOf(ballast)).core;
			assert.notEqual(after.pid, core.pid);
			assert.ok(after.generation > core.generation);
			open.send(`ping ${i}\n`);
			assert.equal(await open.readTo('\n'), `ping ${i}\n`);
		}
		await sleep(200);
		await loading.stop();
		assert.deepEqual(loading.failures, []);
		assert.ok(loading.answered > 200, `${loading.answered} answered`);
		assert.deepEqual(await instances(), pids);
		open.destroy();
		await queues(60);
	});

	/** So many connections wait in the queues while nobody accepts: the core before took no room away. */
	async function queues(count: number): Promise<void> {
		const { core } = await statusOf(ballast);
		process.kill(core.pid, 'SIGSTOP');
		let connected = 0;
		const clients = Array.from({ length: count }, () => net.connect(ballast.port, '127.0.0.1', () => connected++));
		try {
			await eventually(
				() => connected,
				(now) => now === count,
			);
		} finally {
			process.kill(core.pid, 'SIGCONT');
			for (const client of clients) client.destroy();
		}
	}

	test('an upgrade takes the counts over, those of what the old core still finishes too', async () => {
		const counted = async () => {
			const { services, unrouted } = await statusOf(ballast);
			const app = services.find(({ name }) => name === 'app');
			assert.ok(app);
			const routes = app.routes.reduce((sum, route) => sum + route.counts.requests, 0);
			const instances = app.instances.reduce((sum, instance) => sum + instance.counts.requests, 0);
			const { requests, status, bytesOut, p99Ms, perSecond } = app.counts;
			assert.equal(requests, routes);
			return { requests, routes, instances, status, bytesOut, p99Ms, perSecond, unrouted: unrouted.requests };
		};
		const client = await connect(ballast.port);
		const ask = async (target: string): Promise<number> => {
			client.send(get(target));
			return (await client.answer({ withinMs: 10_000 })).status;
		};
		for (let i = 0; i < 500; i++) assert.equal(await ask('/x'), 200);
		const refused = await connect(ballast.port);
		refused.send('GET / HTTP/1.1\r\n\r\n');
		assert.equal((await refused.answer()).status, 400);
		const slow = await connect(ballast.port);
		// It is answered once its body is whole, however long an upgrade takes here.
		slow.send(post('/x', 'body').slice(0, -1));
		await eventually(
			() => statusOf(ballast),
			({ services }) => services.some(({ instances }) => instances.some((instance) => instance.inFlight > 0)),
		);
		const before = await counted();
		assert.ok(before.requests >= 500 && before.instances >= 500 && before.unrouted >= 1, JSON.stringify(before));

		await ballast.control('upgrade');
		const after = await counted();
		assert.deepEqual(after, { ...before, perSecond: after.perSecond });
		assert.ok(after.perSecond < 60, `${after.perSecond} a second, though nobody asks`);
		// On the old core, which answers it and closes.
		assert.equal(await ask('/x'), 200);
		slow.send('y');
		assert.equal((await slow.answer({ withinMs: 10_000 })).status, 200);
		for (const one of [client, refused, slow]) one.destroy();
		await eventually(counted, ({ requests, instances }) => {
			return requests === before.requests + 2 && instances === before.instances + 2;
		});
		const last = await counted();
		assert.equal(last.status['2xx'], before.status['2xx'] + 2);
		assert.ok(last.bytesOut > before.bytesOut);
	});

	test('an upgrade takes over which instance was drained, and why', async () => {
		const [id = ''] = (await statusOf(ballast)).services.flatMap(({ instances }) => instances.map((one) => one.id));
		const noted = async () =>
			(await statusOf(ballast)).services
				.flatMap(({ instances }) => instances)
				.filter((instance) => instance.id === id)
				.map(({ state, note }) => `${state}: ${note}`);
		await ballast.control('drain', { instance: id });
		assert.deepEqual(await noted(), ['draining: drained by the operator']);
		// It does not become ready, so nobody waits for that. On a machine that is busy one of these is slow.
		const mostMs = Math.max(4000, ...usual.map((ms) => 1.5 * ms));
		const took: number[] = [];
		for (let i = 0; i < 3 && !took.some((ms) => ms < mostMs); i++) took.push(await upgrade());
		assert.ok(Math.min(...took) < mostMs, `each took over ${mostMs} ms: ${took}`);
		await eventually(noted, ([text]) => text === 'draining: drained by the operator');
		await ballast.control('restart', { service: 'app' });
	});

	/** kill -9 of the core while clients ask. @returns its pid, and after how many ms the next answer came */
	async function killed(): Promise<{ pid: number; backMs: number }> {
		const pids = await instances();
		const loading = load();
		await sleep(300);
		const before = loading.answered;
		const { core } = await statusOf(ballast);
		process.kill(core.pid, 'SIGKILL');
		const since = performance.now();
		const client = await connect(ballast.port);
		client.send(get('/x'));
		const answer = await client.answer({ withinMs: 30_000 });
		const backMs = performance.now() - since;
		client.destroy();
		assert.equal(answer.status, 200);
		await eventually(
			() => loading.answered,
			(count) => count > before + 50,
			30_000,
		);
		await loading.stop();
		assert.ok(loading.failures.length <= 12, `failed: ${JSON.stringify(loading.failures)}`);
		for (const failure of loading.failures) assert.match(failure, /connection ended|ECONNRESET/);
		await eventually(instances, (now) => isDeepStrictEqual(now, pids), 15_000);
		for (const pid of pids) assert.ok(isAlive(pid ?? 0));
		return { pid: core.pid, backMs };
	}

	/** How long a Ballast that has nothing to do takes to start here and now, beside the same load, ms. */
	async function startOfAnother(): Promise<number> {
		const loading = load();
		const since = performance.now();
		await using _ = await startBallast({ workers: 2, stop: '0s', services: { x: { respond: 'x' } } });
		const tookMs = performance.now() - since;
		await loading.stop();
		return tookMs;
	}

	test('kill -9 under load: only what was in flight fails, the next answer comes within a second, instances live on', async () => {
		const { pid, backMs } = await killed();
		// A machine that has more to do takes longer for whatever starts: so much longer, then, and no more.
		const limitMs = backMs < 1000 ? 1000 : Math.max(1000, 1.5 * (await startOfAnother()));
		assert.ok(backMs < limitMs, `the next answer came after ${backMs.toFixed(0)} ms of at most ${limitMs.toFixed(0)}`);
		await ballast.printed('serving app, other with 2 workers');
		const { entries } = await eventually(
			() => ballast.control('logs', { query: 'source:event event.name:core_died' }) as Promise<{ entries: LogEntry[] }>,
			(found) => found.entries.length > 0,
			8000,
		);
		assert.match(
			entries[0]?.message ?? '',
			new RegExp(`^the core \\(pid ${pid}\\) died: SIGKILL; this one began .+ later$`),
		);
		assert.equal(entries.length, 1);
	});

	test('a core that the system stopped for a while goes on with its workers and connections', async () => {
		const open = await tunnel();
		const before = await statusOf(ballast);
		process.kill(before.core.pid, 'SIGSTOP');
		// Longer than a heart of a worker may stand still.
		await sleep(6200);
		process.kill(before.core.pid, 'SIGCONT');
		open.send('still there?\n');
		assert.equal(await open.readTo('\n'), 'still there?\n');
		await sleep(600);
		const after = await statusOf(ballast);
		assert.equal(after.core.pid, before.core.pid);
		assert.deepEqual(
			after.workers.map(({ restarts }) => restarts),
			[0, 0],
		);
		open.send('and now?\n');
		assert.equal(await open.readTo('\n'), 'and now?\n');
		open.destroy();
	});
});
