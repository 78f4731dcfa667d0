import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { SERVER_JS } from '../support/api-file.ts';
import { LAUNCHER, startBallast } from '../support/ballast.ts';
import { freePorts } from '../support/free-ports.ts';
import { eventually, statusOf } from '../support/suite.ts';

interface Ran {
	code: number | null;
	output: string;
	afterMs: number;
}

/** Runs the program until it ends by itself, in a folder with these files. */
async function run(args: readonly string[], files: Record<string, string> = {}): Promise<Ran> {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-start-'));
	for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
	const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
	const env = { ...inherited, BALLAST_SOCKET: join(folder, 'control.sock'), BALLAST_LAUNCHER: '1' };
	const started = performance.now();
	const child = spawn(process.execPath, [LAUNCHER, ...args], {
		cwd: folder,
		env,
		stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
	});
	let output = '';
	for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output += text));
	child.stdio[3]?.on('error', () => {});
	const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
	const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
	clearTimeout(timer);
	rmSync(folder, { recursive: true, force: true });
	return { code, output, afterMs: performance.now() - started };
}

describe('the start', { concurrency: 2 }, () => {
	test('a bad configuration starts nothing: exit code 2, and all that is wrong at once, with its lines', async () => {
		const text = [
			'listen: 99999',
			'services:',
			'  app:',
			'    instances: http://127.0.0.1:1',
			'    balanc: round-robin',
			'    timeouts: { firstByte: 5 }',
		].join('\n');
		const { code, output } = await run(['up', 'ballast.yaml'], { 'ballast.yaml': text });
		assert.equal(code, 2, output);
		assert.match(
			output,
			/ballast\.yaml:1:\d+[\s\S]*ballast\.yaml:5:\d+[\s\S]*did you mean `?balance[\s\S]*ballast\.yaml:6:\d+/,
		);
		assert.doesNotMatch(output, /listening on/);
		const missing = await run(['up', 'missing.yaml']);
		assert.equal(missing.code, 2, missing.output);
		assert.match(missing.output, /missing\.yaml/);
		const none = await run(['up', 'ballast.yaml', '--nonsense'], { 'ballast.yaml': 'services: {}' });
		assert.equal(none.code, 2, none.output);
	});

	test('a taken port ends the start with 1 and says who has it', async () => {
		const holder = net.createServer();
		await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
		const { port } = holder.address() as net.AddressInfo;
		// Whatever else is taken is not told before it, nor instead of it.
		const text = `listen: ${port}\nadmin: off\nreceive: ${port}\nservices: { app: { respond: hello } }\n`;
		const { code, output } = await run(['up', 'ballast.yaml'], { 'ballast.yaml': text });
		holder.close();
		assert.equal(code, 1, output);
		assert.match(output, new RegExp(`127\\.0\\.0\\.1:${port}.*in use.*${process.pid}`, 's'));
		assert.doesNotMatch(output, /OTLP/);
	});

	test('`ballast run` of a command that cannot be started ends with 1 and says which, why and what it printed', async () => {
		const cases: [string[], RegExp][] = [
			[['no-such-command-x', '--port', '1'], /^ballast: the command cannot be started: .*no-such-command-x.*PATH/m],
			[['./missing.sh'], /^ballast: the command cannot be started: the command .*missing\.sh does not exist/m],
			[['./plain.txt'], /^ballast: the command cannot be started: \.\/plain\.txt may not be executed/m],
			[
				['sh', '-c', 'echo some words; sleep 0.3; no-such-command-y'],
				/^ballast: the command cannot be started: sh exited with code 127; it printed: some words \| .*no-such-command-y/m,
			],
		];
		for (const [command, said] of cases) {
			const { code, output, afterMs } = await run(['run', '--port', '0', '--', ...command], { 'plain.txt': 'hello' });
			assert.equal(code, 1, output);
			assert.match(output, said);
			assert.equal(output.match(/cannot be started/g)?.length, 1, output);
			assert.doesNotMatch(output, /restarting/);
			assert.ok(afterMs < 15_000, `${afterMs} ms`);
		}
	});

	test('`ballast run` of a command that ends by itself, or was ready once, is restarted', async () => {
		const [port] = (await freePorts(1)) as [number];
		const script = 'if [ -e moved ]; then exec ./gone; else touch moved; exec node server.js; fi';
		const options = {
			run: ['--port', String(port), '--instances', '1', '--', 'sh', '-c', script],
			files: { 'server.js': SERVER_JS },
		};
		await using ballast = await startBallast({}, options);
		const from = ballast.output().length;
		await fetch(`${ballast.url}/crash`).catch(() => {});
		await ballast.printed(/app-1 exited with code 127, restarting in/, { from });
		assert.doesNotMatch(ballast.output(), /cannot be started/);
		assert.equal((await statusOf(ballast)).services[0]?.desired, 1);
	});

	test('a command that cannot be started is told, with its name and why; the rest serves', async () => {
		const services = {
			app: { match: '/app/*', instances: { run: '/nowhere/server --port 1' } },
			here: { match: '/here', respond: 'here' },
		};
		await using ballast = await startBallast({ workers: 1, stop: '0s', services }, { ready: false });
		await ballast.printed(/app-1 could not be started.*\/nowhere\/server/);
		assert.equal(await (await fetch(`${ballast.url}/here`)).text(), 'here');
		const answer = await fetch(`${ballast.url}/app/x`);
		assert.equal(answer.status, 503);
		assert.equal(answer.headers.get('retry-after'), '1');
		assert.equal((await fetch(`http://127.0.0.1:${ballast.adminPort}/ready`)).status, 503);
		assert.equal((await fetch(`http://127.0.0.1:${ballast.adminPort}/live`)).status, 200);
		const note = (await statusOf(ballast)).services[0]?.instances[0]?.note ?? '';
		assert.match(note, /could not be started/);
		await ballast.printed(/app-1 could not be started.*restarting in/);
		const loud = ballast
			.output()
			.match(/ app +error: the command cannot be started: .*\/nowhere\/server does not exist/g);
		assert.equal(loud?.length, 1, ballast.output());
	});

	test('a command that ends again and again is reported with what it printed, and its secrets are not', async () => {
		const crash = `console.error('Error: the database at ' + process.env.DB + ' is gone'); process.exit(3)`;
		const app = { instances: { run: 'node crash.js', env: { DB: { file: './secret' } } }, scale: 1 };
		const files = { 'crash.js': crash, secret: 'postgres://user:hunter2@db' };
		await using ballast = await startBallast({ workers: 1, stop: '0s', services: { app } }, { ready: false, files });
		await ballast.printed(/app-1 keeps failing/, { withinMs: 15_000 });
		assert.match(ballast.output(), /exited with code 3/);
		assert.match(ballast.output(), /Error: the database at/);
		const status = JSON.stringify(await statusOf(ballast));
		assert.doesNotMatch(status, /hunter2/);
		assert.doesNotMatch(JSON.stringify(await ballast.control('config')), /hunter2/);
	});

	test('`ballast run`: instances of a command, no file needed', async () => {
		const [port] = (await freePorts(1)) as [number];
		const options = {
			run: ['--port', String(port), '--instances', '2', '--', 'node', 'server.js'],
			files: { 'server.js': SERVER_JS },
		};
		await using ballast = await startBallast({}, options);
		assert.equal(ballast.port, port);
		await eventually(
			async () => (await statusOf(ballast)).services[0]?.ready,
			(ready) => ready === 2,
			10_000,
		);
		const met = new Set<string>();
		for (let i = 0; i < 10; i++) met.add(await (await fetch(`${ballast.url}/x`)).text());
		assert.equal(met.size, 2, [...met].join());
		assert.equal((await statusOf(ballast)).listeners[0]?.address, `http://127.0.0.1:${port}`);
	});

	test('a service whose instances come later is 503 until one is ready, then served', async () => {
		const slow = `const look = () => {
			if (!require('node:fs').existsSync('go')) return setTimeout(look, 20);
			require('node:http').createServer((q, r) => r.end('up')).listen(process.env.PORT, '127.0.0.1');
		};
		look();`;
		const services = { app: { instances: { run: 'node slow.js' }, scale: 1, health: '/' } };
		await using ballast = await startBallast(
			{ workers: 1, stop: '0s', services },
			{ ready: false, files: { 'slow.js': slow } },
		);
		const early = await fetch(`${ballast.url}/x`);
		assert.deepEqual([early.status, ((await early.json()) as { code: string }).code], [503, 'no_ready_instance']);
		writeFileSync(join(ballast.folder, 'go'), '');
		await eventually(
			async () => (await fetch(`${ballast.url}/x`)).status,
			(status) => status === 200,
		);
	});
});
