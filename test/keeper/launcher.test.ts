import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isAlive, LAUNCHER, pause, processesOf, start, until } from './running.ts';

const BIN = fileURLToPath(new URL('../../bin', import.meta.url));

/** A Node.js on this machine that is too old for Ballast and new enough for its launcher. */
function olderNode(): string | undefined {
	const folders = ['/usr/local/bin', ...(process.env['PATH'] ?? '').split(delimiter)];
	return folders
		.map((folder) => join(folder, 'node'))
		.find((node) => {
			try {
				const major = Number(
					/^v(\d+)/.exec(
						execFileSync(node, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
					)?.[1],
				);
				return major >= 18 && major < 24;
			} catch {
				return false;
			}
		});
}

const OLDER = olderNode();
const WITHOUT_OLDER = OLDER === undefined ? 'no Node.js from 18 to 23 is installed here' : false;

/** A copy of the launcher with a command line of a few words, and a `node` package when `node` is given. */
function installed(t: TestContext, node?: string): string {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-launcher-'));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	cpSync(BIN, join(folder, 'bin'), { recursive: true });
	writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
	mkdirSync(join(folder, 'dist', 'src', 'cli'), { recursive: true });
	const main =
		'export async function main(argv) { console.log(JSON.stringify(argv), process.versions.node); return 3; }';
	writeFileSync(join(folder, 'dist', 'src', 'cli', 'main.js'), main);
	if (node) {
		mkdirSync(join(folder, 'node_modules', 'node', 'bin'), { recursive: true });
		symlinkSync(node, join(folder, 'node_modules', 'node', 'bin', 'node'));
	}
	return join(folder, 'bin', 'ballast.js');
}

interface Ran {
	code: number | null;
	text: string;
}

function run(node: string, args: string[], env: Record<string, string> = {}): Promise<Ran> {
	return new Promise((resolve) => {
		const child = spawn(node, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
		let text = '';
		for (const stream of [child.stdout, child.stderr]) {
			stream.on('data', (chunk) => {
				text += chunk;
			});
		}
		child.on('close', (code) => resolve({ code, text }));
	});
}

// They mostly wait for one another's processes: several at a time.
describe('the launcher', { concurrency: 4 }, () => {
	test('all but `up` and `run` goes to the command line, with its exit code', async (t) => {
		const launcher = installed(t);
		const version = process.versions.node;
		for (const args of [[], ['status', '--json'], ['up', '--help'], ['run', '-h', '--', 'node']]) {
			assert.deepEqual(await run(process.execPath, [launcher, ...args]), {
				code: 3,
				text: `${JSON.stringify(args)} ${version}\n`,
			});
		}
	});

	test('`run -- command --help` starts a keeper: the words after -- are not ours', async (t) => {
		const keeper = start(t, { args: ['run', '--', 'node', 'server.js', '--help', '--name', 'x'] });
		const { welcome } = await keeper.info();
		assert.deepEqual(welcome.argv, ['run', '--', 'node', 'server.js', '--help', '--name', 'x']);
		assert.equal(welcome.name, 'default');
	});

	test('a Node.js that can replace itself does', async (t) => {
		const launcher = installed(t, process.execPath);
		const runtime = join(launcher, '..', 'keeper', 'runtime.js');
		const script = `const r = await import(${JSON.stringify(runtime)}); r.goOnUnder(r.findNode(), { argv: ['status'], keeper: false }); console.log('still here')`;
		const { code, text } = await run(process.execPath, ['--input-type=module', '-e', script]);
		assert.deepEqual({ code, text }, { code: 3, text: `["status"] ${process.versions.node}\n` });
	});

	test('an older Node.js goes on under the one beside Ballast', { skip: WITHOUT_OLDER }, async (t) => {
		const launcher = installed(t, process.execPath);
		const { code, text } = await run(OLDER as string, [launcher, 'status']);
		assert.deepEqual({ code, text }, { code: 3, text: `["status"] ${process.versions.node}\n` });
	});

	test('an older Node.js alone is told what is needed', { skip: WITHOUT_OLDER }, async (t) => {
		const { code, text } = await run(OLDER as string, [installed(t), 'up']);
		assert.equal(code, 1);
		assert.match(text, /^Ballast needs Node\.js 24 or newer\. This is Node\.js \d+/);
		assert.match(text, /npm install/);
		const older = installed(t, realpathSync(OLDER as string));
		assert.equal((await run(OLDER as string, [older, 'up'])).code, 1, 'an old one beside it does not help');
	});

	test('under an older Node.js, a signal reaches the keeper once and its exit code comes back', {
		skip: WITHOUT_OLDER,
	}, async (t) => {
		const keeper = start(t, { node: OLDER as string, plan: { port: 0, stopDelayMs: 300 }, detached: true });
		const { welcome } = await keeper.info();
		assert.notEqual(welcome.pid, keeper.pid);
		// Ctrl-C under npm: the terminal signals the group, npm passes it on.
		process.kill(-keeper.pid, 'SIGINT');
		process.kill(keeper.pid, 'SIGINT');
		assert.equal((await keeper.exited).code, 0);
		assert.equal(isAlive(welcome.pid), false);
		const bad = start(t, { node: OLDER as string, plan: { start: 'exit', exitCode: 2 } });
		assert.equal((await bad.exited).code, 2);
	});

	test('under an older Node.js, a second Ctrl-C ends everything at once', { skip: WITHOUT_OLDER }, async (t) => {
		const keeper = start(t, { node: OLDER as string, plan: { port: 0, stopDelayMs: 20_000 }, detached: true });
		await keeper.info();
		process.kill(-keeper.pid, 'SIGINT');
		await pause(600);
		process.kill(-keeper.pid, 'SIGINT');
		assert.equal((await keeper.exited).code, 1);
		await until(() => processesOf(keeper.folder).length === 0);
	});

	test('the keeper ends with a launcher that was killed', { skip: WITHOUT_OLDER }, async (t) => {
		const keeper = start(t, { node: OLDER as string, plan: { port: 0 } });
		await keeper.info();
		await keeper.spawnInstance('a-1', ['sleep', '1000']);
		keeper.child.kill('SIGKILL');
		await until(() => processesOf(keeper.folder).length === 0);
	});

	test('SIGHUP through the launcher is a reload', { skip: WITHOUT_OLDER }, async (t) => {
		const keeper = start(t, { node: OLDER as string, plan: {} });
		await keeper.info();
		process.kill(keeper.pid, 'SIGHUP');
		await until(async () => (await keeper.info()).reloads === 1);
	});

	test('a link to the launcher, as npm installs it, works', async (t) => {
		const launcher = installed(t);
		const link = join(launcher, '..', '..', 'ballast');
		symlinkSync(launcher, link);
		assert.equal(
			(await run(link, ['status'], { PATH: `${join(process.execPath, '..')}${delimiter}${process.env['PATH']}` })).code,
			3,
		);
		assert.equal(LAUNCHER.endsWith('/bin/ballast.js'), true);
	});
});
