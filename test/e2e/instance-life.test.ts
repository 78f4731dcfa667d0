import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SERVER_JS } from '../support/api-file.ts';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { Load } from '../support/load.ts';
import { isAlive } from '../support/process-tree.ts';
import { connect } from '../support/raw-client.ts';
import { eventually, get, post, statusOf } from '../support/suite.ts';

describe('instances that Ballast runs', () => {
	let ballast: Ballast;
	const config = (changes: Record<string, unknown> = {}) => ({
		workers: 2,
		stop: '1s',
		services: {
			app: {
				instances: { run: 'node server.js', grace: '3s' },
				scale: 3,
				health: { path: '/', interval: '400ms', timeout: '300ms' },
				...changes,
			},
		},
	});
	before(async () => {
		ballast = await startBallast(config(), { files: { 'server.js': SERVER_JS } });
		await eventually(ready, (count) => count === 3, 10_000);
	});
	after(async () => {
		await ballast?.stop();
	});

	const app = async () => (await statusOf(ballast)).services[0];
	const ready = async () => (await app())?.ready;
	const pids = async (): Promise<number[]> =>
		(await app())?.instances.flatMap(({ pid }) => pid ?? []).sort((a, b) => a - b) ?? [];
	const ask = async (request: string) => {
		const client = await connect(ballast.port);
		client.send(request);
		return client.answer({ withinMs: 10_000 }).finally(() => client.destroy());
	};
	const load = (request: (i: number) => string = () => get('/x?ms=3')): Load =>
		new Load({ port: ballast.port, clients: 12, fresh: 4, request });

	test('what the keeper and the core have between them is not in their environment', async () => {
		const [pid] = await pids();
		const names = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').map((line) => line.split('=')[0] ?? '');
		assert.ok(names.includes('BALLAST_INSTANCE'));
		for (const own of ['GLIBC_TUNABLES', 'BALLAST_TUNED']) assert.ok(!names.includes(own), own);
	});

	test('one killed with -9 under load: no GET fails, and another takes its place', async () => {
		const before = await pids();
		const loading = load();
		await sleep(200);
		process.kill(before[0] as number, 'SIGKILL');
		await eventually(ready, (count) => count === 3, 10_000);
		await sleep(200);
		await loading.stop();
		assert.deepEqual(loading.failures, []);
		const after = await pids();
		assert.equal(after.length, 3);
		assert.equal(after.includes(before[0] as number), false);
		const { instances = [] } = (await app()) ?? {};
		assert.equal(
			instances.reduce((sum, instance) => sum + instance.restarts, 0),
			1,
		);
	});

	test('one that ends while it answers: that request is 502, a POST is not repeated', async () => {
		const before = await pids();
		const answer = await ask(post('/crash', 'x'));
		assert.deepEqual([answer.status, answer.json<{ code: string }>().code], [502, 'reset_before_answer']);
		await eventually(
			async () => (await pids()).filter((pid) => !before.includes(pid)).length === 1 && (await ready()) === 3,
			Boolean,
			10_000,
		);
		assert.equal((await pids()).filter((pid) => before.includes(pid)).length, 2, 'one instance got it');
	});

	test('a rolling restart under load replaces all of them, and nothing fails', async () => {
		const before = await pids();
		const loading = load((i) => (i % 2 === 0 ? post('/x?ms=20', 'body') : get('/x?ms=20')));
		await ballast.control('restart', { service: 'app' });
		await sleep(100);
		await loading.stop();
		assert.deepEqual(loading.failures, []);
		const after = await pids();
		assert.equal(after.length, 3);
		assert.deepEqual(
			after.filter((pid) => before.includes(pid)),
			[],
		);
	});

	test('scale out and in under load: nothing fails; drain takes one out of rotation', async () => {
		const loading = load((i) => (i % 2 === 0 ? post('/x?ms=20', 'body') : get('/x?ms=20')));
		await ballast.control('scale', { service: 'app', n: 5 });
		await eventually(ready, (count) => count === 5, 10_000);
		await ballast.control('scale', { service: 'app', n: 2 });
		await eventually(pids, (found) => found.length === 2, 10_000);
		const [instance] = (await app())?.instances ?? [];
		await ballast.control('drain', { instance: instance?.id });
		for (let i = 0; i < 6; i++) assert.doesNotMatch((await ask(get('/x'))).text, new RegExp(` ${instance?.pid}$`));
		await loading.stop();
		assert.deepEqual(loading.failures, []);
		await assert.rejects(ballast.control('scale', { service: 'nobody', n: 2 }), /nobody/);
		await ballast.control('scale', { service: 'app', n: 3 });
		await eventually(pids, (found) => found.length >= 3, 10_000);
	});

	test('a changed command rolls through by a reload; one that cannot be started is told, the old ones serve on', async () => {
		const before = await pids();
		ballast.configure(config({ instances: { run: 'node missing.js', grace: '3s' } }));
		const from = ballast.output().length;
		await ballast.control('reload');
		await ballast.printed(/Cannot find module|missing\.js/, { from });
		await sleep(300);
		assert.equal((await ask(get('/x'))).status, 200);
		for (const pid of before.slice(0, 1)) assert.ok(isAlive(pid));
		ballast.configure(config({ instances: { run: 'node server.js', grace: '3s', env: { NEW: '1' } } }));
		await ballast.control('reload');
		await eventually(
			async () => (await ready()) === 3 && (await pids()).every((pid) => !before.includes(pid)),
			Boolean,
			15_000,
		);
		assert.equal((await ask(get('/x'))).status, 200);
	});

	test('one that hangs is taken out by its probes and comes back', async () => {
		const [hung = 0] = await pids();
		process.kill(hung, 'SIGSTOP');
		await eventually(ready, (count) => count === 2, 8000);
		for (let i = 0; i < 10; i++) assert.doesNotMatch((await ask(get('/x'))).text, new RegExp(` ${hung}$`));
		process.kill(hung, 'SIGCONT');
		await eventually(ready, (count) => count === 3, 8000);
	});
});
