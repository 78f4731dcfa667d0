import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { askOnce } from './clients.ts';
import { childrenOf, isAlive, pause, processesOf, type Running, start, until } from './running.ts';

/** An instance with a grandchild, both deaf to SIGTERM when `deaf`. Returns all pids there are. */
async function population(keeper: Running, deaf: boolean): Promise<number[]> {
	const { pid } = await keeper.info();
	const trap = deaf ? 'trap "" TERM;' : '';
	const { result } = await keeper.spawnInstance('a-1', [
		'/bin/sh',
		'-c',
		`${trap} sleep 1000 & echo $!; while :; do sleep 0.1; done`,
	]);
	let child = 0;
	await until(async () => {
		const [line] = await keeper.run('last', { id: 'a-1' });
		child = Number(line);
		return child > 0;
	});
	const guards = childrenOf(keeper.pid).map((one) => one.pid);
	return [...new Set([keeper.pid, pid, result.pid, child, ...guards])];
}

const alive = (pids: number[]) => pids.filter(isAlive);

// They mostly wait for one another's processes: several at a time.
describe('the end', { concurrency: 4 }, () => {
	test('kill -9 of the keeper leaves no process: core, instance, grandchild, guards', async (t) => {
		const keeper = start(t, { plan: { port: 0 } });
		const pids = await population(keeper, true);
		assert.equal(pids.length, 6);
		assert.equal(alive(pids).length, 6);
		keeper.child.kill('SIGKILL');
		await until(() => alive(pids).length === 0);
	});

	test('kill -9 of the keeper ends a core that hangs, its workers included', async (t) => {
		const keeper = start(t, { plan: { port: 0 } });
		const pids = await population(keeper, false);
		await keeper.run('hangWorkers');
		await keeper.run('hang');
		await pause(50);
		keeper.child.kill('SIGKILL');
		await until(() => alive(pids).length === 0);
	});

	test('one Ctrl-C drains: what is in flight is answered, instances end, exit code 0', async (t) => {
		const keeper = start(t, { plan: { port: 0, stopDelayMs: 400 }, detached: true });
		const pids = await population(keeper, false);
		const { port } = await keeper.info();
		const slow = askOnce(port, '127.0.0.1', 'GET /slow/400 HTTP/1.1\r\nHost: x\r\n\r\n');
		await pause(50);
		// As a terminal does it: to the whole group. npm would pass it on once more.
		process.kill(-keeper.pid, 'SIGINT');
		process.kill(keeper.pid, 'SIGINT');
		await pause(50);
		process.kill(keeper.pid, 'SIGTERM');
		assert.match(await slow, /200 OK.*Connection: close/s);
		assert.deepEqual((({ code, signal }) => ({ code, signal }))(await keeper.exited), { code: 0, signal: null });
		await until(() => alive(pids).length === 0 && processesOf(keeper.folder).length === 0);
	});

	test('a second signal after half a second ends everything at once, exit code 1', async (t) => {
		const keeper = start(t, { plan: { port: 0, stopDelayMs: 20_000 }, detached: true });
		const pids = await population(keeper, true);
		process.kill(-keeper.pid, 'SIGINT');
		await pause(100);
		process.kill(-keeper.pid, 'SIGINT');
		await pause(600);
		assert.equal(alive(pids).length, 6, 'the second signal came too early to count');
		process.kill(-keeper.pid, 'SIGINT');
		const { code } = await keeper.exited;
		assert.equal(code, 1);
		await until(() => alive(pids).length === 0);
		assert.match(keeper.output, /ended at once/);
	});

	test('the command `stop` answers when all is over', async (t) => {
		const keeper = start(t, { plan: { port: 0 } });
		const pids = await population(keeper, false);
		const { ok, result, lines } = await keeper.command('stop');
		assert.deepEqual({ ok, result, lines }, { ok: true, result: null, lines: ['stopping'] });
		assert.equal((await keeper.exited).code, 0);
		await until(() => alive(pids).length === 0);
	});

	test('a core that does not stop in time is killed, and the keeper ends its instances', async (t) => {
		const keeper = start(t, { plan: { stopDelayMs: 60_000 }, times: { stopMs: 200, extraMs: 100, leftMs: 300 } });
		const pids = await population(keeper, true);
		process.kill(keeper.pid, 'SIGTERM');
		const { code } = await keeper.exited;
		assert.equal(code, 1, 'that was no clean stop');
		await until(() => alive(pids).length === 0);
	});

	test('the first core that cannot start ends the keeper with its exit code', async (t) => {
		const keeper = start(t, { plan: { start: 'exit', exitCode: 2 } });
		const { code } = await keeper.exited;
		assert.equal(code, 2);
		assert.equal(keeper.output, '', 'the core has said why');
		const silent = start(t, { plan: { start: 'silent' }, times: { helloMs: 400 } });
		assert.equal((await silent.exited).code, 1);
		assert.match(silent.output, /the core ended before it was ready: it said nothing after its start/);
	});

	test('a core of another protocol is refused in words', async (t) => {
		const keeper = start(t, { plan: { protocol: 99 } });
		assert.equal((await keeper.exited).code, 4);
	});

	test('a closed terminal ends nothing', async (t) => {
		const keeper = start(t, { plan: { port: 0 } });
		const { pid } = await keeper.info();
		keeper.child.stdout?.destroy();
		keeper.child.stderr?.destroy();
		process.kill(pid, 'SIGKILL');
		await until(async () => (await keeper.info()).pid !== pid);
		await keeper.run('stop');
		assert.equal((await keeper.exited).code, 0);
	});

	test('a stop while the core starts does not wait for it', async (t) => {
		const keeper = start(t, { plan: { start: 'never-ready' }, times: { extraMs: 300 } });
		await until(() => processesOf(keeper.folder).length > 1);
		await pause(200);
		process.kill(keeper.pid, 'SIGTERM');
		const { afterMs } = await keeper.exited;
		// Its time to stop would be over after a minute.
		assert.ok(afterMs < 20_000);
	});

	test('Ctrl-C reaches no instance: it gets one SIGTERM, when its requests are answered', async (t) => {
		const keeper = start(t, { plan: { port: 0 }, detached: true });
		await keeper.info();
		const file = join(keeper.folder, 'signals');
		const note = `const note = (s) => fs.appendFileSync(${JSON.stringify(file)}, s + '\\n');`;
		const heed = 'process.on("SIGINT", note); process.on("SIGTERM", (s) => { note(s); setTimeout(process.exit, 100) })';
		await keeper.spawnInstance('a-1', [
			process.execPath,
			'-e',
			`${note} ${heed}; console.log('up'); setInterval(() => {}, 1e6)`,
		]);
		await until(async () => (await keeper.run('last', { id: 'a-1' })).includes('up'));
		process.kill(-keeper.pid, 'SIGINT');
		assert.equal((await keeper.exited).code, 0);
		assert.equal(readFileSync(file, 'utf8'), 'SIGTERM\n');
	});
});
