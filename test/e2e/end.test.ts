import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SERVER_JS } from '../support/api-file.ts';
import { type Ballast, type BallastOptions, startBallast } from '../support/ballast.ts';
import { isAlive, treeOf } from '../support/process-tree.ts';
import { connect } from '../support/raw-client.ts';
import { eventually, get, inFlight, post, statusOf } from '../support/suite.ts';

/** All processes of it: instances, their guards and children too, which are not below the keeper. */
async function processesOf(ballast: Ballast): Promise<number[]> {
	const { core, services } = await statusOf(ballast);
	const instances = services.flatMap((service) => service.instances.flatMap(({ pid }) => pid ?? []));
	return [...new Set([ballast.pid, core.pid, ...instances].flatMap((pid) => treeOf(pid)))];
}

const nothingLeft = (pids: readonly number[]) =>
	eventually(
		() => pids.filter(isAlive),
		(alive) => alive.length === 0,
	);

const start = (changes: Record<string, unknown> = {}, env: Record<string, string> = {}, options: BallastOptions = {}) =>
	startBallast(
		{
			workers: 2,
			stop: '5s',
			services: { app: { instances: { run: 'node server.js', grace: '2s', env }, scale: 2, health: '/' } },
			...changes,
		},
		{ files: { 'server.js': SERVER_JS }, ...options },
	);

describe('the end', { concurrency: 2 }, () => {
	test('SIGTERM: what is under way is answered, then all ends with 0 and nothing is left', async () => {
		const ballast = await start();
		const pids = await processesOf(ballast);
		assert.ok(pids.length >= 4);
		const clients = await Promise.all(Array.from({ length: 6 }, () => connect(ballast.port)));
		for (const [i, client] of clients.entries())
			client.send(i % 2 === 0 ? get('/x?ms=800') : post('/x?ms=800', 'body'));
		const idle = await connect(ballast.port);
		idle.send(get('/x'));
		assert.equal((await idle.answer()).field('connection'), undefined);
		await eventually(
			() => inFlight(ballast),
			(count) => count === 6,
		);
		process.kill(ballast.pid, 'SIGTERM');
		const told: (string | undefined)[] = [];
		while (told.at(-1) === undefined) {
			idle.send(get('/late'));
			told.push((await idle.answer()).field('connection'));
		}
		assert.equal(told.at(-1), 'close');
		for (const client of clients) {
			const answer = await client.answer();
			assert.deepEqual([answer.status, answer.field('connection')], [200, 'close']);
			await client.until(() => client.ended, 'FIN');
			assert.equal(client.error, '');
		}
		assert.deepEqual(await ballast.ended, { code: 0, signal: null });
		await nothingLeft(pids);
		await assert.rejects(connect(ballast.port));
		await ballast.stop();
	});

	test('what is under way longer than `stop` allows is cut off, and the end is not held up by it', async () => {
		const ballast = await start({ stop: '500ms' });
		const pids = await processesOf(ballast);
		const client = await connect(ballast.port);
		client.send(get('/x?ms=60000'));
		await eventually(
			() => inFlight(ballast),
			(count) => count === 1,
		);
		const started = performance.now();
		process.kill(ballast.pid, 'SIGTERM');
		assert.deepEqual(await ballast.ended, { code: 0, signal: null });
		const took = performance.now() - started;
		assert.ok(took >= 500 && took < 4500, `took ${took.toFixed(0)} ms`);
		await client.until(() => client.closed || client.ended, 'the end');
		assert.equal(client.received.length, 0);
		client.destroy();
		await nothingLeft(pids);
		await ballast.stop();
	});

	test('a second Ctrl-C ends at once', async () => {
		const ballast = await start();
		const pids = await processesOf(ballast);
		const client = await connect(ballast.port);
		client.send(get('/x?ms=60000'));
		await eventually(
			() => inFlight(ballast),
			(count) => count === 1,
		);
		process.kill(ballast.pid, 'SIGINT');
		await sleep(700);
		assert.ok(isAlive(ballast.pid));
		const started = performance.now();
		process.kill(ballast.pid, 'SIGINT');
		assert.equal((await ballast.ended).code, 1);
		assert.ok(performance.now() - started < 3000, 'what is under way would be waited for 5 s');
		client.destroy();
		await nothingLeft(pids);
		await ballast.stop();
	});

	test('an instance that ignores SIGTERM is killed after its grace; who stays connected is gone by then', async () => {
		const ballast = await start({ stop: '4s' }, { STUBBORN: '1' });
		const pids = await processesOf(ballast);
		const idle = await connect(ballast.port);
		idle.send(get('/x'));
		assert.equal((await idle.answer()).status, 200);
		const started = performance.now();
		process.kill(ballast.pid, 'SIGTERM');
		await idle.until(() => idle.ended || idle.closed, 'the end of a connection that says nothing');
		assert.ok(pids.every(isAlive), 'nobody is told that there are no instances');
		assert.equal((await ballast.ended).code, 0);
		const took = performance.now() - started;
		assert.ok(took > 1400 && took < 9000, `took ${took.toFixed(0)} ms`);
		assert.match(ballast.output(), /did not end in time and was killed/);
		await nothingLeft(pids);
		await ballast.stop();
	});

	test('kill -9 of the keeper under load leaves no process: core, instances, guards, grandchildren', async () => {
		const ballast = await start();
		const children: number[] = [];
		for (let i = 0; i < 4; i++) children.push(Number(await (await fetch(`${ballast.url}/child`)).text()));
		const pids = [...(await processesOf(ballast)), ...children];
		for (const pid of children) assert.ok(isAlive(pid), 'the grandchild runs');
		process.kill(ballast.pid, 'SIGKILL');
		await nothingLeft(pids);
		await ballast.stop();
	});

	test('the command `stop` does what SIGTERM does', async () => {
		const ballast = await start();
		const pids = await processesOf(ballast);
		await ballast.control('stop');
		assert.deepEqual(await ballast.ended, { code: 0, signal: null });
		await nothingLeft(pids);
		await ballast.stop();
	});
});
