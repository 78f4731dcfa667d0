import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { isAlive, pause, processesOf, start, until } from './running.ts';

const WITHOUT_TERMINAL = spawnSync('script', ['--version']).error ? 'script(1) is not installed' : false;
const CTRL_C = '\x03';

// They mostly wait for one another's processes: several at a time.
describe('a terminal', { concurrency: 4 }, () => {
	test('Ctrl-C in a terminal ends everything in order', { skip: WITHOUT_TERMINAL }, async (t) => {
		const keeper = start(t, { terminal: true, plan: { port: 0, stopDelayMs: 1500 } });
		const { welcome } = await keeper.info();
		const { result } = await keeper.spawnInstance('a-1', ['sleep', '1000']);
		keeper.type(CTRL_C);
		await pause(50);
		keeper.type(CTRL_C);
		await pause(50);
		assert.ok(isAlive(welcome.pid), 'impatience within half a second does no harm');
		assert.equal((await keeper.exited).code, 0);
		assert.equal(isAlive(result.pid), false);
		assert.deepEqual(processesOf(keeper.folder), []);
	});

	test('a second Ctrl-C ends everything at once', { skip: WITHOUT_TERMINAL }, async (t) => {
		const keeper = start(t, { terminal: true, plan: { port: 0, stopDelayMs: 20_000 } });
		await keeper.info();
		keeper.type(CTRL_C);
		await pause(600);
		keeper.type(CTRL_C);
		assert.equal((await keeper.exited).code, 1);
		await until(() => processesOf(keeper.folder).length === 0);
	});

	test('a terminal that is closed ends the keeper in order; SIGHUP by hand is a reload', {
		skip: WITHOUT_TERMINAL,
	}, async (t) => {
		const keeper = start(t, { terminal: true, plan: { port: 0 } });
		const { welcome } = await keeper.info();
		process.kill(welcome.pid, 'SIGHUP');
		await until(async () => (await keeper.info()).reloads === 1);
		keeper.child.kill('SIGKILL');
		await until(() => processesOf(keeper.folder).length === 0);
	});
});
