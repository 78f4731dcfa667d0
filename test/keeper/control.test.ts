import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { control, pause, start, until } from './running.ts';

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

// They mostly wait for one another's processes: several at a time.
describe('the control socket', { concurrency: 4 }, () => {
	test('only the owner may open the control socket', async (t) => {
		const keeper = start(t);
		await keeper.info();
		assert.equal(modeOf(join(keeper.folder, 'ballast')), '700');
		assert.equal(modeOf(keeper.socketPath), '600');
		await keeper.run('stop');
		await keeper.exited;
		assert.equal(existsSync(keeper.socketPath), false);
	});

	test('a folder that is open to others, or not ours, is refused', async (t) => {
		const folder = mkdtempSync(join(tmpdir(), 'ballast-keeper-'));
		mkdirSync(join(folder, 'ballast'));
		chmodSync(join(folder, 'ballast'), 0o750);
		const loose = start(t, { folder });
		assert.equal((await loose.exited).code, 1);
		assert.match(loose.output, /ballast is open to other users \(mode 750, not 700\)/);
		rmSync(join(folder, 'ballast'), { recursive: true });
		mkdirSync(join(folder, 'private'), { mode: 0o700 });
		symlinkSync(join(folder, 'private'), join(folder, 'ballast'));
		const linked = start(t, { folder });
		assert.equal((await linked.exited).code, 1);
		assert.match(linked.output, /is not a folder/);
		mkdirSync(join(folder, 'shared'));
		chmodSync(join(folder, 'shared'), 0o777);
		const shared = start(t, { folder, args: ['up', '--socket', join(folder, 'shared', 'x.sock')] });
		assert.equal((await shared.exited).code, 1);
		assert.match(shared.output, /shared can be written by other users/);
	});

	test('a path of its own, from the option or the environment', async (t) => {
		const folder = mkdtempSync(join(tmpdir(), 'ballast-keeper-'));
		for (const options of [
			{ args: ['up', `--socket=${folder}/a.sock`] },
			{ env: { BALLAST_SOCKET: `${folder}/a.sock` } },
		]) {
			const keeper = start(t, { folder, ...options });
			const path = join(folder, 'a.sock');
			await until(() =>
				control(path, { id: 1, command: 'info' }).then(
					(answer) => answer.ok,
					() => false,
				),
			);
			assert.equal(modeOf(path), '600');
			await control(path, { id: 1, command: 'stop' });
			await keeper.exited;
		}
		const long = start(t, { folder, args: ['up', '--socket', `${folder}/${'x'.repeat(120)}`] });
		assert.equal((await long.exited).code, 2);
		assert.match(long.output, /over 107 bytes/);
		const odd = start(t, { folder, args: ['up', '--name', '../x'] });
		assert.equal((await odd.exited).code, 2);
		const file = join(folder, 'file');
		writeFileSync(file, 'precious');
		const plain = start(t, { folder, args: ['up', '--socket', file] });
		assert.equal((await plain.exited).code, 1);
		assert.match(plain.output, /is not a socket/);
	});

	test('a second keeper of the name is refused, one of another name is not, and a stale socket is replaced', async (t) => {
		const first = start(t);
		const { welcome } = await first.info();
		const second = start(t, { folder: first.folder });
		assert.equal((await second.exited).code, 1);
		assert.match(
			second.output,
			new RegExp(`ballast "default" runs already: pid ${welcome.pid}, "ballast up", since 20`),
		);
		const other = start(t, { folder: first.folder, args: ['up', '--name', 'other'] });
		const path = join(first.folder, 'ballast', 'other.sock');
		await until(() =>
			control(path, { id: 1, command: 'info' }).then(
				(answer) => answer.ok,
				() => false,
			),
		);
		other.child.kill('SIGKILL');
		await other.exited;
		assert.equal(existsSync(path), true);
		start(t, { folder: first.folder, args: ['up', '--name', 'other'] });
		await until(() =>
			control(path, { id: 1, command: 'info' }).then(
				(answer) => answer.ok,
				() => false,
			),
		);
	});

	test('commands go to the core and back; what is malformed is answered, not obeyed', async (t) => {
		const keeper = start(t);
		await keeper.info();
		const answers = async (request: unknown) => {
			const { id, ok, code, message } = await control(keeper.socketPath, request);
			return { id, ok, code, message };
		};
		assert.deepEqual(await keeper.command('lines'), { id: 7, ok: true, result: 'three', lines: ['one', 'two'] });
		const failed = (id: unknown, code: string, message: string) => ({ id, ok: false, code, message });
		assert.deepEqual(await answers({ id: 1, command: 'fail' }), failed(1, 'command_failed', 'it went wrong'));
		assert.deepEqual(await answers('{'), failed(null, 'bad_command', 'a command is one line of JSON'));
		assert.deepEqual(await answers('[]'), failed(null, 'bad_command', 'a command is a JSON object'));
		assert.deepEqual(
			await answers('{"command":"info"}'),
			failed(null, 'bad_command', 'the id of a command is a number or a text'),
		);
		assert.deepEqual(await answers('{"id":1}'), failed(1, 'bad_command', 'a command has a name'));
		assert.deepEqual(
			await answers('{"id":1,"command":"info","args":3}'),
			failed(1, 'bad_command', 'the args of a command are an object'),
		);
		assert.deepEqual(
			await answers({ id: 1, command: 'toString' }),
			failed(1, 'command_failed', 'the core has no command toString'),
		);
		assert.equal((await answers('x'.repeat(1024 * 1024 + 10))).message, 'a command is at most 1048576 bytes long');
		const long = { id: 1, command: 'keep', args: { snapshot: 'x'.repeat(1_000_000) } };
		assert.equal((await answers(long)).ok, true);
		assert.equal((await keeper.command('info')).ok, true);
	});

	test('connections are bounded, and one that is closed makes room', async (t) => {
		const keeper = start(t);
		await keeper.info();
		const sockets = Array.from({ length: 64 }, () => net.connect(keeper.socketPath).on('error', () => {}));
		t.after(() => {
			for (const socket of sockets) socket.destroy();
		});
		await until(() => sockets.every((socket) => !socket.connecting));
		await until(async () => /too many control connections/.test((await keeper.command('info')).message ?? ''));
		sockets[0]?.destroy();
		await until(async () => (await keeper.command('info').catch(() => ({ ok: false }))).ok);
	});

	test('a client may end its side first, and one that leaves harms nobody', async (t) => {
		const keeper = start(t);
		await keeper.info();
		const text = await new Promise<string>((resolve) => {
			let received = '';
			const socket = net.connect(keeper.socketPath).on('data', (chunk) => {
				received += chunk;
			});
			socket.on('end', () => resolve(received));
			socket.end('{"id":1,"command":"slow","args":{"ms":100}}\n{"id":2,"command":"lines"}\n');
		});
		assert.deepEqual(
			text
				.trim()
				.split('\n')
				.map((line) => JSON.parse(line)),
			[
				{ id: 2, line: 'one' },
				{ id: 2, line: 'two' },
				{ id: 2, ok: true, result: 'three' },
				{ id: 1, ok: true, result: null },
			],
		);
		const leaver = net.connect(keeper.socketPath, () =>
			leaver.write('{"id":1,"command":"slow","args":{"ms":50}}\n', () => leaver.destroy()),
		);
		await pause(100);
		assert.equal((await keeper.command('info')).ok, true);
	});

	test('while the core restarts, a command waits a little and then says so', async (t) => {
		const keeper = start(t, { times: { backOffMs: [2_000], noCoreMs: 300 } });
		const { pid } = await keeper.info();
		const working = keeper.command('slow', { ms: 10_000 });
		await pause(50);
		process.kill(pid, 'SIGKILL');
		assert.equal((await working).message, 'the core ended while it worked on this command');
		const startedAt = performance.now();
		const { ok, code, message } = await keeper.command('info');
		assert.deepEqual({ ok, code, message }, { ok: false, code: 'command_failed', message: 'the core is restarting' });
		assert.ok(performance.now() - startedAt >= 290);
		assert.equal((await keeper.command('keeper')).result.pid, keeper.pid);
	});
});
