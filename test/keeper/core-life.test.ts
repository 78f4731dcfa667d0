import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Clients } from './clients.ts';
import { isAlive, pause, processesOf, start, until } from './running.ts';

// They mostly wait for one another's processes: several at a time.
describe('cores', { concurrency: 4 }, () => {
	test('cores that keep ending are started after longer and longer waits', async (t) => {
		const keeper = start(t, { plan: {}, times: { backOffMs: [0, 200, 400] } });
		const { pid } = await keeper.info();
		keeper.plan({ start: 'exit', exitCode: 2 });
		const startedAt = performance.now();
		process.kill(pid, 'SIGKILL');
		await until(() => (keeper.output.match(/starting another core/g) ?? []).length >= 5);
		const lines = keeper.output.split('\n').filter((line) => line.includes('starting another core'));
		assert.deepEqual(lines.slice(0, 5), [
			'ballast: starting another core',
			'ballast: starting another core in 0.2 s',
			'ballast: starting another core in 0.4 s',
			'ballast: starting another core in 0.4 s',
			'ballast: starting another core in 0.4 s',
		]);
		assert.ok(performance.now() - startedAt > 1_000);
		assert.match(keeper.output, /the core \(pid \d+\) ended: SIGKILL/);
		assert.match(keeper.output, /the core \(pid \d+\) ended: exit code 2/);
		keeper.plan({});
		assert.notEqual((await keeper.info()).pid, pid);
	});

	test('a core that was ready for a while starts the waits anew', async (t) => {
		const keeper = start(t, { plan: {}, times: { backOffMs: [0, 60_000], settledMs: 100 } });
		for (let round = 0; round < 3; round++) {
			const { pid } = await keeper.info();
			await pause(150);
			process.kill(pid, 'SIGKILL');
			await until(() => !isAlive(pid));
		}
		assert.equal((await keeper.info()).welcome.generation, 4);
	});

	test('a core that hangs is killed and replaced; its state is given to the next', async (t) => {
		const keeper = start(t, { plan: { port: 0 }, times: { pingMs: 60, pings: 12 } });
		const { pid, welcome } = await keeper.info();
		assert.equal(welcome.snapshot, null);
		await keeper.run('keep', { snapshot: { scale: { api: 5 } } });
		await pause(500);
		assert.equal((await keeper.info()).pid, pid, 'one that answers is left alone');
		await keeper.run('hang');
		await until(() => !isAlive(pid));
		const next = await keeper.info();
		assert.notEqual(next.pid, pid);
		assert.deepEqual(next.welcome.snapshot, { scale: { api: 5 } });
		await until(() => keeper.output.includes('ended: it was hung'));
	});

	test('an upgrade hands over the lead and the state, and both cores can talk meanwhile', async (t) => {
		const keeper = start(t, { plan: { port: 0 } });
		const before = await keeper.info();
		const { result } = await keeper.spawnInstance('a-1', ['sleep', '1000']);
		// The old core drains as long as this client stays.
		const client = new Clients(t, before.port, { fresh: 0, kept: 1 });
		await until(() => client.answered > 0);
		const { lines, ok } = await keeper.command('upgrade');
		assert.equal(ok, true);
		assert.equal(lines.length, 3);
		const after = await keeper.info();
		assert.equal(after.welcome.active, false);
		assert.equal(after.active, true);
		assert.deepEqual(after.lease, { from: 1 });
		assert.deepEqual(after.welcome.peers, [1]);
		assert.deepEqual(
			after.welcome.instances.map((one: { id: string; pid: number }) => [one.id, one.pid]),
			[['a-1', result.pid]],
		);
		await client.stop();
		await until(async () => (await keeper.info()).gone.includes(1));
		await until(() => !isAlive(before.pid));
		assert.deepEqual(client.failures, []);
	});

	test('messages reach the other core, and its end is told', async (t) => {
		const keeper = start(t, { plan: { port: 0, start: 'ok' } });
		const { pid } = await keeper.info();
		keeper.plan({ start: 'never-ready' });
		const upgrade = keeper.command('upgrade');
		await until(async () => {
			await keeper.run('peer', { message: 'who' });
			return (await keeper.info()).peers.length > 0;
		});
		const { peers } = await keeper.info();
		assert.deepEqual(peers[0], { message: { generation: 2 }, generation: 2 });
		const other = processesOf(keeper.folder).filter((one) => one !== pid && one !== keeper.pid);
		assert.equal(other.length, 1);
		process.kill(other[0] as number, 'SIGKILL');
		assert.match((await upgrade).message ?? '', /did not start, the old one goes on: it ended \(SIGKILL\)/);
		const info = await keeper.info();
		assert.deepEqual(info.gone, [2]);
	});

	test('an upgrade that fails leaves the old core as it was and says why', async (t) => {
		const keeper = start(t, { plan: { port: 0 }, times: { readyMs: 1500 } });
		const { pid, port } = await keeper.info();
		const clients = new Clients(t, port, { fresh: 2, kept: 2 });
		const failing = async (plan: Record<string, unknown>) => {
			keeper.plan(plan);
			const { ok, code, message } = await keeper.command('upgrade');
			assert.deepEqual([ok, code], [false, 'command_failed']);
			return message;
		};
		const prefix = 'the new core did not start, the old one goes on:';
		assert.equal(await failing({ start: 'exit' }), `${prefix} the configuration of the test is bad`);
		assert.equal(
			await failing({ start: 'never-ready' }),
			`${prefix} it ended (it was not ready within 1.5 s) before it was ready`,
		);
		assert.equal(
			await failing({ start: 'silent' }),
			`${prefix} it ended (it was not ready within 1.5 s) before it was ready`,
		);
		assert.match((await failing({ protocol: 99 })) ?? '', /must be stopped and started once for this version/);
		const [first, second] = await Promise.all([keeper.command('upgrade'), keeper.command('upgrade')]);
		assert.ok(!first.ok && !second.ok);
		assert.match(`${first.message} ${second.message}`, /under way already/);
		const info = await keeper.info();
		await clients.stop();
		assert.equal(info.pid, pid);
		assert.equal(info.active, true);
		assert.deepEqual(clients.failures, []);
		assert.deepEqual([...clients.generations], ['1']);
		await until(() => processesOf(keeper.folder).length === 2);
	});

	test('an old core that dies while the new one prepares is followed by the new one', async (t) => {
		const keeper = start(t, { plan: { port: 0 } });
		const { pid } = await keeper.info();
		const upgrade = keeper.command('upgrade');
		process.kill(pid, 'SIGKILL');
		const { ok, result } = await upgrade;
		assert.equal(ok, true);
		const info = await keeper.info();
		assert.equal(info.pid, result.pid);
		assert.equal(info.active, true);
		assert.equal(processesOf(keeper.folder).length, 2);
	});

	test('an old core that does not drain in time is killed', async (t) => {
		const keeper = start(t, { plan: { port: 0 }, times: { drainMs: 200, extraMs: 100 } });
		const { pid, port } = await keeper.info();
		const clients = new Clients(t, port, { fresh: 0, kept: 1 });
		await until(() => clients.answered > 0);
		await keeper.run('hangWorkers');
		await keeper.run('upgrade');
		await until(() => !isAlive(pid));
		await until(() => keeper.output.includes('ended: it did not drain in time'));
		await clients.stop();
	});

	test('SIGHUP asks the core to reload', async (t) => {
		const keeper = start(t, { plan: {} });
		await keeper.info();
		process.kill(keeper.pid, 'SIGHUP');
		await until(async () => (await keeper.info()).reloads === 1);
	});

	test('large memory is asked for in huge pages, unless somebody tunes the C library', async (t) => {
		assert.equal((await start(t, { plan: {} }).info()).tunables, 'glibc.malloc.hugetlb=1');
		const tuned = start(t, { plan: {}, env: { GLIBC_TUNABLES: 'glibc.malloc.check=0' } });
		assert.equal((await tuned.info()).tunables, 'glibc.malloc.check=0');
	});

	test('compiled code is kept in the private folder', async (t) => {
		const keeper = start(t, { plan: {}, env: { NODE_COMPILE_CACHE: '' } });
		assert.equal((await keeper.info()).cache, `${keeper.folder}/ballast/compile-cache`);
	});
});
