import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { COMMANDS } from './commands.ts';
import { ballast } from './testing/recorded-terminal.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const VERSION = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;

/** The real thing: a process of its own. */
async function spawned(...argv: string[]) {
	const script = `import(${JSON.stringify(MAIN)}).then((m) => m.main(process.argv.slice(1))).then((code) => { process.exitCode = code; })`;
	const began = performance.now();
	const done = await promisify(execFile)(process.execPath, ['-e', script, '--', ...argv]).catch((error) => error);
	return {
		code: done.code ?? 0,
		out: done.stdout as string,
		err: done.stderr as string,
		ms: performance.now() - began,
	};
}

test('--version and --help in a process of their own', async () => {
	const version = await spawned('--version');
	assert.deepEqual([version.code, version.out, version.err], [0, `${VERSION}\n`, '']);
	const help = await spawned('--help');
	assert.deepEqual([help.code, help.out, help.err], [0, (await ballast(['help'])).out, '']);
	assert.equal((await spawned('statsu')).code, 2);
});

test('--version imports nothing heavy', async () => {
	const script = `import { registerHooks } from 'node:module';
		const seen = []; registerHooks({ load: (url, context, next) => { seen.push(url); return next(url, context); } });
		const { main } = await import(${JSON.stringify(MAIN)}); await main(['--version']); console.log(JSON.stringify(seen));`;
	const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
	const seen: string[] = JSON.parse(stdout.split('\n')[1] as string);
	assert.deepEqual(
		seen.filter((url) => url.includes('node_modules')),
		[],
	);
	assert.ok(seen.length < 18, seen.join('\n'));
});

test('help lists every command; each has a text with usage, options and examples', async () => {
	const { out, code } = await ballast([]);
	assert.equal(code, 0);
	for (const { arguments: accepted, examples } of COMMANDS) {
		assert.match(out, new RegExp(`^  ${accepted.name} +\\S`, 'm'));
		const own = await ballast([accepted.name, '--help']);
		assert.deepEqual([own.code, own.err], [0, '']);
		assert.equal(own.out, (await ballast(['help', accepted.name])).out);
		assert.match(own.out, new RegExp(`^Usage: ballast ${accepted.name}`));
		for (const { name } of accepted.options) assert.match(own.out, new RegExp(`^  --${name}\\b`, 'm'));
		for (const [example] of examples) assert.ok(own.out.includes(`  ${example}`), example);
		assert.doesNotMatch(own.out, /^.{111}/m);
	}
});

test('help of run, whole', async () => {
	assert.equal(
		(await ballast(['run', '--help'])).out,
		`Usage: ballast run [options] -- command…

Starts instances of the command, each with a PORT of its own to listen on, and balances over them.
There is no shell between: the words behind \`--\` are the command and its arguments.

Options:
  --port N       port to listen on; 0 takes a free one; default: 8080
  --host H       address to listen on; default: 127.0.0.1, this machine only
  --instances N  how many to run, 1 to 1000; default: 2
  --health PATH  path that answers 2xx or 3xx when an instance is ready; default: it accepts connections
  --workers N    threads that carry the requests, 1 to 32; default: the cores
  --socket PATH  control socket; instead of $BALLAST_SOCKET and the one that belongs to --name
  --name NAME    which Ballast, where several run on this machine; default: default
  --help, -h     this text

Examples:
  ballast run -- node server.js
      two instances behind http://127.0.0.1:8080
  ballast run --port 3000 --instances 4 --health /healthz -- node server.js
      four, probed by HTTP
`,
	);
});

test('help wins over whatever else stands there, but not behind --', async () => {
	assert.equal((await ballast(['scale', '--bogus', '-h'])).code, 0);
	assert.equal((await ballast(['--help', 'scale'])).out, (await ballast(['scale', '--help'])).out);
	assert.equal((await ballast(['--name', 'x', 'scale', '--help'])).code, 0);
	assert.equal((await ballast(['status', '--', '--help'])).code, 2);
});

test('an unknown command or option: what was meant, exit code 2', async () => {
	const command = await ballast(['statsu']);
	assert.equal(command.code, 2);
	assert.match(
		command.err,
		/^error: there is no command `statsu`\. Did you mean `ballast status`\?\nThe commands are up, run, check,/,
	);
	assert.equal((await ballast(['help', 'statsu'])).err, command.err);
	const option = await ballast(['status', '--jsn']);
	assert.equal(option.code, 2);
	assert.match(option.err, /did you mean `--json`\? It takes --json, --watch, --socket, --name, --help/);
	const alone = await ballast(['--verson']);
	assert.deepEqual([alone.code, alone.out], [2, '']);
	assert.match(alone.err, /did you mean `--version`\?/);
});

test('positional arguments are counted', async () => {
	assert.match(
		(await ballast(['scale', 'videos'])).err,
		/scale: needs <n>\nusage: ballast scale <service> <n> \[options\]/,
	);
	assert.match((await ballast(['scale'])).err, /scale: needs <service> and <n>/);
	assert.match((await ballast(['reload', 'x'])).err, /reload: takes no argument `x`/);
});

test('what the user typed cannot act on the terminal either', async () => {
	const { err } = await ballast(['\x1b[2J']);
	assert.ok(!err.includes('\x1b'));
});

test('--json: a mistake is JSON too', async () => {
	const { code, out, err } = await ballast(['scale', '--json']);
	assert.deepEqual([code, JSON.parse(out).code, err], [2, 'bad_command', '']);
});

test('up and run belong to the launcher', async () => {
	const { code, err } = await ballast(['--name', 'x', 'up']);
	assert.deepEqual([code, err], [2, 'error: write `up` first: ballast up …\n']);
});
