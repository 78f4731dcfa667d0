import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type ControlPeer, controlPeer, says } from './testing/control-peer.ts';
import { ballast } from './testing/recorded-terminal.ts';
import { sampleInstance, sampleStatus } from './testing/sample-status.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-profile-'));
const peers: ControlPeer[] = [];
let child: ChildProcess | undefined;
after(async () => {
	for (const peer of peers) await peer.close();
	if (child !== undefined) {
		child.kill('SIGKILL');
		await once(child, 'exit');
	}
	rmSync(folder, { recursive: true, force: true });
});

async function path(instances: ReturnType<typeof sampleInstance>[]): Promise<string> {
	const status = sampleStatus();
	for (const service of status.services) service.instances = instances;
	const peer = await controlPeer(says([], status));
	peers.push(peer);
	return peer.path;
}

test('profile SERVICE: a busy instance is recorded, files are written, its hot function is named', async () => {
	const script = `function hotLoop() { let sum = 0; for (let i = 0; i < 3e5; i++) sum += Math.sqrt(sum + i); return sum; }
		setInterval(hotLoop, 4); console.log('ready');`;
	const env = { ...process.env, NODE_OPTIONS: '--inspect-port=0' };
	// Code that V8 has just replaced while it ran is counted to its caller for a while.
	child = spawn(process.execPath, ['--no-use-osr', '-e', script], { stdio: ['ignore', 'pipe', 'ignore'], env });
	await once(child.stdout as NodeJS.ReadableStream, 'data');
	const socket = await path([
		sampleInstance({ id: 'videos-9', pid: null }),
		sampleInstance({ pid: child.pid as number }),
	]);
	const output = join(folder, 'slow');
	const words = ['profile', 'videos', '--seconds', '1', '--output', output, '--socket', socket];
	const { code, out, err } = await ballast(words);
	assert.equal(code, 0, err);
	assert.equal(err, `profiling videos-1 (process ${child.pid}) for 1 s; Ctrl-C ends it early\n`);
	assert.match(
		out,
		/^busy for .* of .* \(\d+ %\)\n\n *ITSELF +WITH CALLS +FUNCTION +WHERE\n *\d+\.\d % +\d+\.\d % +hotLoop/,
	);
	assert.ok(out.endsWith(`${output}.html\n${output}.cpuprofile\n`));
	assert.ok(readFileSync(`${output}.html`, 'utf8').includes('hotLoop'));
	assert.ok(JSON.parse(readFileSync(`${output}.cpuprofile`, 'utf8')).samples.length > 10);
	assert.equal(statSync(`${output}.html`).mode & 0o077, 0);
	// What is there is never written over, and that is known before the time is spent.
	const again = await ballast(words);
	assert.deepEqual([again.code, again.out], [1, '']);
	assert.match(again.err, /slow\.html is there already; --output names another/);
	assert.doesNotMatch(again.err, /profiling/);
});

test('what cannot be profiled is refused politely', async () => {
	const socket = await path([sampleInstance({ pid: null })]);
	const refused = async (...words: string[]) => {
		const { code, err } = await ballast(['profile', ...words, '--socket', socket]);
		assert.equal(code === 0 ? 0 : 1, 1);
		return err;
	};
	assert.match(await refused('video'), /there is no service `video`; did you mean `videos`\?/);
	assert.match(await refused('videos'), /no instance of videos runs as a process of this machine/);
	assert.match(await refused('videos', '--instance', 'x'), /videos has no instance `x`; it has videos-1/);
	assert.match(await refused('videos', '--seconds', '0'), /--seconds takes a whole number from 1 to 600/);
	assert.equal(existsSync(join(folder, 'x')), false);
});
