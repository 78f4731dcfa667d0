import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SERVER_JS } from '../support/api-file.ts';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { Load } from '../support/load.ts';
import { isAlive } from '../support/process-tree.ts';
import { connect, type RawClient } from '../support/raw-client.ts';
import { get, post, statusOf } from '../support/suite.ts';

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

	const load = (): Load =>
		new Load({
			port: ballast.port,
			clients: 12,
			fresh: 6,
			request: (i) => (i % 3 === 0 ? post('/x', 'body') : get('/x?ms=5')),
		});
	const instances = async (): Promise<(number | null)[]> =>
		(await statusOf(ballast)).services[0]?.instances.map(({ pid }) => pid).sort() ?? [];
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
			await ballast.control('upgrade');
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
	});

	test('kill -9 under load: only what was in flight fails, the next answer comes within a second, instances live on', async () => {
		const pids = await instances();
		const loading = load();
		await sleep(300);
		const before = loading.answered;
		const { core } = await statusOf(ballast);
		process.kill(core.pid, 'SIGKILL');
		const killed = performance.now();
		const client = await connect(ballast.port);
		client.send(get('/x'));
		const answer = await client.answer({ withinMs: 10_000 });
		const back = performance.now() - killed;
		client.destroy();
		assert.equal(answer.status, 200);
		await sleep(500);
		await loading.stop();
		assert.ok(loading.failures.length <= 12, `failed: ${JSON.stringify(loading.failures)}`);
		for (const failure of loading.failures) assert.match(failure, /connection ended|ECONNRESET/);
		assert.ok(loading.answered > before + 50);
		assert.ok(back < 1000, `the next answer came after ${back.toFixed(0)} ms`);
		assert.deepEqual(await instances(), pids);
		for (const pid of pids) assert.ok(isAlive(pid ?? 0));
		await ballast.printed('serving app, other with 2 workers');
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
