import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readStatus } from './status-answer.ts';
import { ballast } from './testing/recorded-terminal.ts';

/** The commands against the real thing: launcher, core, workers and instances of a small API. */

const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'ballast.js');
const folder = mkdtempSync(join(tmpdir(), 'ballast-cli-'));
const config = join(folder, 'ballast.yaml');
const socket = join(folder, 'c.sock');
let port = 0;
let keeper: ChildProcess;

const run = (...argv: string[]) => ballast([...argv, '--socket', socket]);

function writeConfig(service: string): void {
	const run = `[${JSON.stringify(process.execPath)}, ${JSON.stringify(join(folder, 'api.mjs'))}]`;
	writeFileSync(
		config,
		`listen: ${port}\nadmin: off\nworkers: 1\nservices:\n  api: { instances: { run: ${run}, grace: 2s }${service} }\n`,
	);
}

before(async () => {
	const probe = createServer().listen(0, '127.0.0.1');
	await once(probe, 'listening');
	port = (probe.address() as { port: number }).port;
	await new Promise((resolve) => probe.close(resolve));
	writeFileSync(
		join(folder, 'api.mjs'),
		`import { createServer } from 'node:http';
		createServer((_, answer) => answer.end(process.env.BALLAST_INSTANCE)).listen(process.env.PORT, '127.0.0.1');`,
	);
	writeConfig('');
	keeper = spawn(process.execPath, [LAUNCHER, 'up', config, '--socket', socket], { stdio: 'ignore' });
	for (const end = Date.now() + 20_000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
		const { code, out } = await run('status', '--json');
		if (code === 0 && JSON.parse(out).services[0].ready === 2) break;
		assert.ok(Date.now() < end && keeper.exitCode === null, `it does not start: ${out}`);
	}
});

after(() => {
	if (keeper.exitCode === null) keeper.kill('SIGKILL');
	rmSync(folder, { recursive: true });
});

test('status: what the core answers is what is shown', async () => {
	assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
	const asked = async () => readStatus(JSON.parse((await run('status', '--json')).out));
	let status = await asked();
	// A worker's first counts reach the control plane a moment after the answer reaches the client.
	for (let i = 0; i < 20 && status.services[0]?.counts.requests === 0; i++) status = await asked();
	assert.equal(status.pid, keeper.pid);
	assert.equal(status.services[0]?.counts.requests, 1);
	const shown = (await run('status')).out;
	assert.match(shown, new RegExp(`^listening +http://127\\.0\\.0\\.1:${port}$`, 'm'));
	assert.match(shown, /^api +2 of 2 /m);
	assert.match(shown, /^api-1 +ready /m);
});

test('diff and explain ask what runs', async () => {
	const same = await run('diff', config);
	assert.deepEqual([same.code, same.out], [0, `running → ${config}: nothing changes\n`]);
	const { out } = await run('explain', '/x');
	assert.match(out, /^by the running configuration/);
	assert.match(out, /^api-2 +ready/m);
});

test('scale, restart and drain', async () => {
	const out = await run('scale', 'api', '4');
	assert.equal(out.code, 0, out.err);
	assert.match(out.out, /^api-3 started [\s\S]*api-[34] ready after .*\n(?:.*\n)?api has 4 instances\n$/);
	assert.equal(readStatus(JSON.parse((await run('status', '--json')).out)).services[0]?.ready, 4);
	const back = await run('scale', 'api', '3');
	assert.match(back.out, /^api-4 draining: fewer instances are wanted\napi-4 removed\napi has 3 instances\n$/);
	assert.equal(readStatus(JSON.parse((await run('status', '--json')).out)).services[0]?.instances.length, 3);
	assert.match((await run('scale', 'api', '3', '--no-wait')).out, /^api is to have 3 instances;/);
	const restarted = await run('restart', 'api');
	assert.equal(restarted.code, 0, restarted.err);
	assert.match(restarted.out, /\nrestarted api\n$/);
	const { services } = readStatus(JSON.parse((await run('status', '--json')).out));
	const drained = await run('drain', services[0]?.instances[0]?.id as string);
	assert.equal(drained.code, 0, drained.err);
	const unknown = await run('restart', 'apy');
	assert.deepEqual([unknown.code, unknown.out], [1, '']);
	assert.match(unknown.err, /did you mean `api`\? The services: api/);
	assert.equal((await run('drain', 'none')).code, 1);
});

test('reload: nothing changed, refused with the problems, taken up', async () => {
	assert.equal((await run('reload')).out, 'nothing changed\n');
	writeConfig(', helth: /');
	const refused = await run('reload');
	assert.deepEqual([refused.code, refused.out], [2, '']);
	assert.match(refused.err, /helth[\s\S]*did you mean `health`[\s\S]*nothing was changed/);
	assert.match((await run('status')).out, /^warning +the configuration was refused/m);
	writeConfig(', timeouts: { firstByte: 5s }');
	assert.match((await run('diff', config)).out, /firstByte: 1m → 5s/);
	assert.match((await run('reload')).out, /^reloaded\n[\s\S]*firstByte: 1m → 5s/);
});

test('upgrade: another core', async () => {
	const { code, out, err } = await run('upgrade');
	assert.equal(code, 0, err);
	assert.match(out, /\nupgraded: core \d+, generation 2\n$/);
	assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
});

test('stop: when it returns, nothing answers any more', async () => {
	const ended = once(keeper, 'exit');
	const { code, out, err } = await run('stop');
	assert.deepEqual([code, out, err], [0, 'stopping\nstopped\n', '']);
	assert.equal((await run('status')).code, 3);
	assert.deepEqual(await ended, [0, null]);
});
