import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { afterEach, describe, test } from 'node:test';
import { LAUNCHER } from '../support/ballast.ts';
import { Load } from '../support/load.ts';
import { isAlive } from '../support/process-tree.ts';
import { rolloutSuite } from '../support/rollouts.ts';
import { eventually, get, statusOf } from '../support/suite.ts';

/** Roll-outs that go on until they are told otherwise. */
const it = rolloutSuite({ steps: ['10%', '50%'], every: '10m', requests: 1_000_000, giveUp: '1h' });
let load: Load | null = null;
const loaded = (): Load => (load = new Load({ port: it.ballast.port, clients: 6, request: () => get('/x') }));
afterEach(async () => {
	await load?.stop();
	load = null;
});
const judging = () =>
	eventually(it.service, ({ rollout }) => rollout?.phase === 'judging' && rollout.fresh.requests > 0, 10_000);

describe('orders about a roll-out', () => {
	test('--abort: back to the old version, no request fails; whoever waits for it is told', async () => {
		const loading = loaded();
		it.configure('two');
		const deployed = it.deploy();
		const { rollout, pools } = await judging();
		assert.deepEqual(
			[rollout?.step, rollout?.steps, rollout?.gets, rollout?.command],
			[1, 2, '10 % of the requests', 'node versioned.js two'],
		);
		assert.deepEqual(
			pools.map(({ name, share }) => [name, share]),
			[
				['main', 0.9],
				['next', 0.1],
			],
		);
		const aborted = await it.deploy({ order: 'abort' });
		await loading.stop();
		assert.deepEqual([aborted.outcome, loading.failures], ['rolled_back', []]);
		assert.match(aborted.text, /^app: rolled back in step 1 of 2 \(10 % of the requests\): the operator wants it; /);
		assert.equal((await deployed).outcome, 'rolled_back');
		await it.settled('one');
	});

	test('--promote: at once to all requests', async () => {
		const loading = loaded();
		it.configure('two');
		const deployed = it.deploy();
		await judging();
		const promoted = await it.deploy({ order: 'promote' });
		await loading.stop();
		assert.deepEqual([promoted.outcome, loading.failures], ['promoted', []]);
		assert.match(promoted.text, /^app: promoted after \S+: the operator wants it at once$/);
		assert.equal((await deployed).outcome, 'promoted');
		await it.settled('two');
	});

	test('meanwhile: no second one, no restart, no change of its instances; other changes and sizes are taken up', async () => {
		const loading = loaded();
		it.configure('three');
		const deployed = it.deploy();
		await judging();
		await assert.rejects(it.deploy(), /app is being rolled out already; `ballast deploy app --abort` rolls it back/);
		for (const args of [{}, { service: 'app' }])
			await assert.rejects(it.ballast.control('restart', args), /app is being rolled out, so nothing is restarted/);
		it.configure('four');
		await assert.rejects(it.ballast.control('reload'), /app is being rolled out and its instances change here/);
		it.configure('three', { timeouts: { request: '99s' } });
		const { changes } = (await it.ballast.control('reload')) as { changes: string };
		assert.match(changes, /^~ services\.app\.timeouts\.request/);
		assert.doesNotMatch(changes, /instances/);
		await it.ballast.control('scale', { service: 'app', n: 3 });
		const three = ({ pools }: { pools: { name: string; ready: number }[] }) =>
			pools.some(({ name, ready }) => name === 'next' && ready === 3);
		await eventually(it.service, three, 10_000);
		assert.equal((await it.deploy({ order: 'abort' })).outcome, 'rolled_back');
		assert.match((await deployed).text, /\nthe configuration file still says the new version/);
		await loading.stop();
		assert.deepEqual(loading.failures, []);
		await it.ballast.control('scale', { service: 'app', n: 2 });
		await it.settled('two');
	});

	test('what cannot be: another service, an order without a roll-out, a bad file', async () => {
		await assert.rejects(it.ballast.control('deploy', { service: 'nobody' }), /there is no service 'nobody'/);
		await assert.rejects(it.deploy({ order: 'abort' }), /app is not being rolled out/);
		await assert.rejects(it.deploy({ command: [] }), /the argument command must be a list of words/);
		it.ballast.configure('services: { app: { instances: 5 } }');
		await assert.rejects(it.deploy(), /services\.app\.instances/);
		it.configure('two');
		await it.settled('two');
	});

	test('`-- COMMAND` deploys that command; it holds over reloads until the instances change in the file', async () => {
		const command = ['node', 'versioned.js', 'by-hand'];
		const deployed = it.deploy({ command });
		await eventually(it.service, ({ rollout }) => rollout !== null);
		assert.equal((await it.deploy({ order: 'promote' })).outcome, 'promoted');
		assert.match((await deployed).text, /\nwrite the command into the configuration/);
		await it.settled('by-hand');
		assert.equal((await it.service()).deployed, 'node versioned.js by-hand');
		it.configure('two', { timeouts: { request: '98s' } });
		await it.ballast.control('reload');
		await it.settled('by-hand');
		it.configure('five');
		const from = it.ballast.output().length;
		await it.ballast.control('reload');
		await it.settled('five');
		assert.equal((await it.service()).deployed, null);
		assert.match(
			it.ballast.output().slice(from),
			/`node versioned\.js by-hand`, which was deployed by hand, no longer holds/,
		);
	});

	test('on the command line: progress line by line, exit code 1 when it was rolled back; Ctrl-C leaves it running', async () => {
		const run = (...args: string[]) => {
			const { NODE_TEST_CONTEXT: _, ...env } = process.env;
			const child = spawn(process.execPath, [LAUNCHER, 'deploy', 'app', '--socket', it.ballast.socketPath, ...args], {
				env,
			});
			let output = '';
			for (const stream of [child.stdout, child.stderr])
				stream.setEncoding('utf8').on('data', (text) => (output += text));
			const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
			return { child, ended, output: () => output };
		};
		loaded();
		const first = run('--', 'node', 'versioned.js', 'six');
		await eventually(first.output, (text) => text.includes('step 1 of 2'), 10_000);
		first.child.kill('SIGINT');
		assert.equal(await first.ended, 130);
		assert.match(first.output(), /the roll-out itself goes on \(`ballast status` shows how it is\)/);
		assert.equal((await judging()).rollout?.command, 'node versioned.js six');
		const abort = run('--abort');
		assert.equal(await abort.ended, 0);
		assert.match(
			abort.output(),
			/app: rolled back in step 1 of 2 .*: the operator wants it; \d+ of \d+ requests went to it\n$/,
		);
		const second = run('--', 'node', 'versioned.js', 'seven', 'crash=start');
		assert.equal(await second.ended, 1);
		assert.match(second.output(), /app: rolled back before it had a request: app-(?:next-)?\d \S+ with code 1/);
		await it.settled('five');
	});
});

describe('the core ends in the middle of a roll-out', () => {
	const nobodyLeft = async (pids: number[]) => {
		await eventually(
			() => pids.filter(isAlive),
			(alive) => alive.length === 0,
			15_000,
		);
	};
	const freshPids = async () =>
		(await it.service()).instances
			.filter(({ pool }) => pool === 'next' || pool === 'main')
			.map(({ pid, id }) => ({ pid, id }));

	for (const how of ['kill -9', 'ballast upgrade'] as const)
		test(`${how}: the next one goes on with the old version, says so, and leaves no instance over`, async () => {
			const before = (await it.service()).instances.map(({ pid }) => pid);
			const loading = how === 'ballast upgrade' ? loaded() : null;
			it.configure('six');
			const waiting = it.deploy().catch((error: Error) => error);
			await eventually(it.service, ({ rollout }) => rollout?.phase === 'judging', 10_000);
			const fresh = (await freshPids()).flatMap(({ pid }) => (pid !== null && !before.includes(pid) ? [pid] : []));
			assert.equal(fresh.length, 1);
			const from = it.ballast.output().length;
			const { core } = await statusOf(it.ballast);
			if (how === 'kill -9') process.kill(core.pid, 'SIGKILL');
			else await it.ballast.control('upgrade');
			await it.ballast.printed(/rolled back: the core that rolled it out has ended/, { from, withinMs: 20_000 });
			await waiting;
			await nobodyLeft(fresh);
			await it.settled('five');
			assert.deepEqual((await it.service()).instances.map(({ pid }) => pid).sort(), before.sort());
			await loading?.stop();
			assert.deepEqual(loading?.failures ?? [], []);
			it.configure('five');
		});

	test('after the end of one: the version that took over goes on', async () => {
		loaded();
		it.configure('six');
		const deployed = it.deploy();
		await judging();
		assert.equal((await it.deploy({ order: 'promote' })).outcome, 'promoted');
		await deployed;
		await load?.stop();
		const before = (await it.service()).instances.map(({ pid }) => pid);
		const { core } = await statusOf(it.ballast);
		process.kill(core.pid, 'SIGKILL');
		await eventually(
			() => statusOf(it.ballast).catch(() => null),
			(status) => status?.core.generation !== core.generation && status !== null,
			15_000,
		);
		await it.settled('six');
		assert.deepEqual((await it.service()).instances.map(({ pid }) => pid).sort(), before.sort());
	});
});
