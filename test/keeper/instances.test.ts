import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { childrenOf, isAlive, pause, type Running, start, until } from './running.ts';

const NODE = process.execPath;
type Exit = { id: string; code: number | null; signal: string | null; listed: boolean };

async function exitOf(keeper: Running, id: string): Promise<Exit> {
	let exit: Exit | undefined;
	await until(async () => {
		exit = (await keeper.info()).exits.find((one: Exit) => one.id === id);
		return exit !== undefined;
	});
	return exit as Exit;
}

async function printedBy(keeper: Running, id: string, stream = 'stdout'): Promise<string[]> {
	const printed: { id: string; stream: string; lines: string[] }[] = await keeper.run('printed');
	return printed.filter((one) => one.id === id && one.stream === stream).flatMap((one) => one.lines);
}

// They mostly wait for one another's processes: several at a time.
describe('instances', { concurrency: 4 }, () => {
	test('what a process prints arrives line by line, and its end after its last line', async (t) => {
		const keeper = start(t);
		await keeper.info();
		await keeper.spawnInstance('a-1', [
			'/bin/sh',
			'-c',
			'echo one; echo two >&2; printf "dr\\303\\244i\\r\\n"; printf last; exit 3',
		]);
		assert.deepEqual(await exitOf(keeper, 'a-1'), { id: 'a-1', code: 3, signal: null, listed: false });
		assert.deepEqual(await printedBy(keeper, 'a-1'), ['one', 'dräi', 'last']);
		assert.deepEqual(await printedBy(keeper, 'a-1', 'stderr'), ['two']);
		assert.deepEqual((await keeper.run('last', { id: 'a-1' })).sort(), ['dräi', 'last', 'one', 'two']);
		assert.deepEqual(await keeper.run('list'), []);
		const guards = () => childrenOf(keeper.pid).filter(({ command }) => command.includes('kill -s KILL'));
		await until(() => guards().length === 1);
	});

	test('long lines are cut, floods are bounded, and only the last lines are kept', async (t) => {
		const keeper = start(t);
		await keeper.info();
		const script = 'console.log("x".repeat(200_000)); for (let i = 0; i < 100; i++) console.log("y".repeat(5000), i)';
		await keeper.spawnInstance('a-1', [NODE, '-e', script]);
		await exitOf(keeper, 'a-1');
		const lines = await printedBy(keeper, 'a-1');
		assert.equal(lines.length, 101);
		assert.match(lines[0] as string, /^x{65536} … \[cut: the line is over 64 KiB\]$/);
		const last: string[] = await keeper.run('last', { id: 'a-1' });
		assert.equal(last.length, 20);
		assert.ok(last.every((line) => line.length === 4097));
	});

	test('processes live on without a core, their output waits within bounds, and the next core adopts them', async (t) => {
		// No core is to be ended for its silence here.
		const keeper = start(t, { times: { backOffMs: [50], helloMs: 600_000 } });
		const { pid } = await keeper.info();
		const done = join(keeper.folder, 'done');
		const flood = 'for (let i = 0; i < 150_000; i++) console.log("z".repeat(100), i)';
		const end = `process.stdout.write("end\\n", () => fs.writeFileSync(${JSON.stringify(done)}, ""))`;
		const script = `process.on("SIGTERM", () => { ${flood}; ${end} })`;
		const { result } = await keeper.spawnInstance('a-1', [
			NODE,
			'-e',
			`${script}; console.log("up"); setInterval(() => {}, 1e6)`,
		]);
		await until(async () => (await printedBy(keeper, 'a-1')).includes('up'));
		// Until it has printed all, no core starts that would take it.
		keeper.plan({ start: 'silent' });
		process.kill(pid, 'SIGKILL');
		// A core that had not read yet what to do would take lines, and take them with it.
		const read = join(keeper.folder, 'plan.json.read');
		await until(() => existsSync(read) && isAlive(Number(readFileSync(read, 'utf8'))), 15_000);
		process.kill(result.pid, 'SIGTERM');
		await until(() => existsSync(done), 15_000);
		keeper.plan({});
		process.kill(Number(readFileSync(read, 'utf8')), 'SIGKILL');
		const next = await keeper.info();
		assert.notEqual(next.pid, pid);
		assert.equal(next.welcome.active, true);
		const [adopted] = next.welcome.instances;
		assert.deepEqual([adopted.id, adopted.pid, adopted.labels], ['a-1', result.pid, { port: '1234' }]);
		await until(async () => (await printedBy(keeper, 'a-1')).at(-1) === 'end');
		const lines = await printedBy(keeper, 'a-1');
		const marks = (await printedBy(keeper, 'a-1', 'stderr')).map((line) =>
			Number(/^\[ballast: (\d+) lines/.exec(line)?.[1]),
		);
		const dropped = marks.reduce((sum, count) => sum + count, 0);
		assert.equal(lines.length + dropped, 150_001);
		assert.ok(dropped > 50_000 && dropped < 110_000, `${dropped} dropped`);
		assert.equal((await keeper.info()).dropped, dropped);
		assert.deepEqual(
			(await keeper.run('list')).map((one: { id: string }) => one.id),
			['a-1'],
		);
	});

	test('SIGTERM reaches the whole group; what a dead leader leaves behind is killed', async (t) => {
		const keeper = start(t);
		await keeper.info();
		const inner = 'setInterval(() => {}, 1e6); console.log(process.pid)';
		await keeper.spawnInstance('a-1', ['/bin/sh', '-c', `${NODE} -e '${inner}' & wait; exit 7`]);
		await until(async () => (await printedBy(keeper, 'a-1')).length === 1);
		const grandchild = Number((await printedBy(keeper, 'a-1'))[0]);
		await keeper.run('signal', { id: 'a-1', signal: 'SIGTERM' });
		await exitOf(keeper, 'a-1');
		await until(() => !isAlive(grandchild));
		await keeper.spawnInstance('a-2', ['/bin/sh', '-c', `trap "" TERM; sleep 1000 & echo $!; sleep 0.2`]);
		const exit = await exitOf(keeper, 'a-2');
		assert.equal(exit.code, 0);
		const left = Number((await printedBy(keeper, 'a-2'))[0]);
		await until(() => !isAlive(left));
		await keeper.spawnInstance('a-3', ['/bin/sh', '-c', 'trap "" TERM; echo up; while :; do sleep 0.05; done']);
		await until(async () => (await printedBy(keeper, 'a-3')).includes('up'));
		await keeper.run('signal', { id: 'a-3', signal: 'SIGTERM' });
		await pause(150);
		await keeper.run('signal', { id: 'a-3', signal: 'SIGKILL' });
		assert.deepEqual(await exitOf(keeper, 'a-3'), { id: 'a-3', code: null, signal: 'SIGKILL', listed: false });
	});

	test('a child that ends a little after its leader is given the time for it', async (t) => {
		const keeper = start(t);
		await keeper.info();
		const graceful = 'trap "sleep 0.4; echo done; exit" TERM; echo up; while :; do sleep 0.05; done';
		await keeper.spawnInstance('a-1', ['/bin/sh', '-c', `/bin/sh -c '${graceful}' & exec sleep 1000`]);
		await until(async () => (await printedBy(keeper, 'a-1')).includes('up'));
		await keeper.run('signal', { id: 'a-1', signal: 'SIGTERM' });
		assert.equal((await exitOf(keeper, 'a-1')).signal, 'SIGTERM');
		assert.deepEqual(await printedBy(keeper, 'a-1'), ['up', 'done']);
	});

	test('a process that cannot be started says which and why', async (t) => {
		const keeper = start(t);
		await keeper.info();
		const failure = async (command: string[], more = {}) => {
			const { ok, code, message } = await keeper.spawnInstance('a-1', command, more);
			assert.equal(ok, false);
			assert.equal(code, 'start_failed');
			return message;
		};
		const file = (name: string, text: string, mode: number) => {
			writeFileSync(join(keeper.folder, name), text);
			chmodSync(join(keeper.folder, name), mode);
			return join(keeper.folder, name);
		};
		assert.equal(await failure(['no-such-command-x']), 'the command no-such-command-x was not found in PATH');
		assert.equal(await failure(['./missing.sh']), `the command ${join(keeper.folder, 'missing.sh')} does not exist`);
		assert.equal(await failure(['node'], { cwd: '/no/such/folder' }), 'its folder /no/such/folder does not exist');
		assert.match((await failure([file('plain.txt', 'hello', 0o644)])) ?? '', /plain\.txt may not be executed/);
		assert.match(
			(await failure([file('odd.sh', '#!/no/interpreter\n', 0o755)])) ?? '',
			/interpreter that its first line names does not/,
		);
		assert.match((await failure([NODE], { env: { SECRET: 'hidden\0value' } })) ?? '', /NUL character$/);
		assert.equal(await failure([NODE], { user: 'no-such-user-x' }), 'there is no user no-such-user-x on this machine');
		assert.match((await failure([NODE], { user: '$(id)' })) ?? '', /is no name of a user/);
		assert.equal((await keeper.spawnInstance('a-1', ['sleep', '1000'])).ok, true);
		assert.match((await failure(['sleep', '1'])) ?? '', /a-1 still runs \(pid \d+\)/);
		const guards = () => childrenOf(keeper.pid).filter(({ command }) => command.includes('kill -s KILL'));
		await until(() => guards().length === 2);
	});

	test('a process runs as the user that it was given', async (t) => {
		if (process.geteuid?.() !== 0) return t.skip('only root can start a process as another user');
		const keeper = start(t);
		await keeper.info();
		await keeper.spawnInstance('a-1', ['/bin/sh', '-c', 'id -u; id -G'], { user: 'nobody', cwd: '/' });
		await exitOf(keeper, 'a-1');
		const [uid, groups] = await printedBy(keeper, 'a-1');
		assert.match(readFileSync('/etc/passwd', 'utf8'), new RegExp(`^nobody:[^:]*:${uid}:`, 'm'));
		assert.doesNotMatch(groups as string, /\b0\b/);
	});

	test('a guard that somebody killed is replaced', async (t) => {
		const keeper = start(t);
		await keeper.info();
		const guards = () => childrenOf(keeper.pid).filter(({ command }) => command.includes('kill -s KILL'));
		const [guard] = guards();
		process.kill(guard?.pid as number, 'SIGKILL');
		await until(() => guards().length === 1 && guards()[0]?.pid !== guard?.pid);
		assert.equal((await keeper.command('info')).ok, true);
	});
});
