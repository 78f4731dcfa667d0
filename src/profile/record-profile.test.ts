import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { busyUs, callTree, hotFunctions } from './cpu-profile.ts';
import { flameGraph } from './flame-graph.ts';
import { kindOf, listeningSockets } from './node-process.ts';
import { pickProcess } from './pick-process.ts';
import { recordProfile } from './record-profile.ts';

// `<b>` in a name: what a computed key can make of it.
const BUSY = `
	const http = require('node:http');
	const work = { '<b>hot</b>'(n) { let sum = 0; for (let i = 0; i < n; i++) sum += Math.sqrt(sum + i); return sum; } };
	function caller() { return work['<b>hot</b>'](3e5); }
	setInterval(caller, 4);
	const server = http.createServer((request, response) => response.end(String(process.listenerCount('SIGUSR1'))));
	server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

const children: ChildProcess[] = [];
after(async () => {
	for (const child of children) {
		if (child.exitCode !== null || child.signalCode !== null) continue;
		child.kill('SIGKILL');
		await once(child, 'exit');
	}
});

async function started(command: string, args: string[]): Promise<{ pid: number; port: number; child: ChildProcess }> {
	// A free port for the inspector: the usual one may be taken by whatever else is tested at this time.
	const env = { ...process.env, NODE_OPTIONS: '--inspect-port=0' };
	const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'], env });
	children.push(child);
	const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
	return { pid: child.pid as number, port: Number(String(line)), child };
}

test('a busy process: its hot function is found, and its inspector is closed again', async () => {
	const { pid, port } = await started(process.execPath, ['-e', BUSY]);
	const before = listeningSockets(pid).map((socket) => socket.port);
	assert.deepEqual(before, [port]);
	const { profile, leftOpen } = await recordProfile({ pid: await pickProcess(pid, port), ms: 400, intervalUs: 500 });
	assert.equal(leftOpen, false);
	const root = callTree(profile);
	const [first] = hotFunctions(root, 5);
	assert.equal(first?.name, '<b>hot</b>');
	assert.match(first?.place ?? '', /:3$/);
	assert.ok(busyUs(root) > 50_000 && busyUs(root) <= root.totalUs, `${busyUs(root)} of ${root.totalUs}`);
	const caller = hotFunctions(root, 100).find(({ name }) => name === 'caller');
	assert.ok(caller === undefined || caller.totalUs >= (first?.selfUs ?? 0) * 0.9);
	const page = flameGraph(root, 'videos-1 </title><script>alert(1)</script>');
	assert.ok(page.includes('&lt;b&gt;hot&lt;/b&gt;'));
	assert.ok(!page.includes('<b>') && !page.includes('<script>alert'));
	// As it was: the same sockets, and it serves.
	assert.deepEqual(
		listeningSockets(pid).map((socket) => socket.port),
		[port],
	);
	assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
	// And once more: what was closed can be opened again.
	const again = await recordProfile({ pid, ms: 50, intervalUs: 1000 });
	assert.ok(again.profile.samples.length > 0);
});

test('an inspector that was open stays open', async () => {
	const { pid, port } = await started(process.execPath, ['--inspect=127.0.0.1:0', '-e', BUSY]);
	const ports = listeningSockets(pid).map((socket) => socket.port);
	assert.equal(ports.length, 2);
	const inspector = ports.find((each) => each !== port);
	const fixed = await started(process.execPath, [`--inspect=127.0.0.1:${await freePort()}`, '-e', BUSY]);
	const { leftOpen } = await recordProfile({ pid: fixed.pid, ms: 50, intervalUs: 1000 });
	assert.equal(leftOpen, false);
	assert.equal(listeningSockets(fixed.pid).length, 2);
	assert.ok(listeningSockets(pid).some((socket) => socket.port === inspector));
});

test('behind a shell: the Node.js process that listens is the one', async () => {
	const { pid, port } = await started('/bin/sh', ['-c', `"$0" -e "$1"; exit`, process.execPath, BUSY]);
	assert.equal(kindOf(pid), 'other');
	const picked = await pickProcess(pid, port);
	assert.notEqual(picked, pid);
	assert.equal(kindOf(picked), 'node');
	process.kill(picked, 'SIGKILL');
});

test('aborted: what there is so far', async () => {
	const { pid } = await started(process.execPath, ['-e', BUSY]);
	const signal = AbortSignal.timeout(200);
	const { profile, leftOpen } = await recordProfile({ pid, ms: 60_000, intervalUs: 1000, signal });
	assert.ok(profile.samples.length > 10);
	assert.equal(leftOpen, false);
});

test('what is not Node.js, or does not take the signal, is refused and lives on', async () => {
	const shell = spawn('/bin/sh', ['-c', 'echo 1; read line'], { stdio: ['pipe', 'pipe', 'ignore'] });
	children.push(shell);
	await once(shell.stdout, 'data');
	const pid = shell.pid as number;
	await assert.rejects(recordProfile({ pid, ms: 50, intervalUs: 1000 }), /is \/.*, not Node\.js; only Node\.js/);
	assert.equal(shell.exitCode, null);
	assert.equal(process.kill(pid, 0), true);
	const deaf = await started(process.execPath, ['--disable-sigusr1', '-e', BUSY]);
	await assert.rejects(recordProfile({ pid: deaf.pid, ms: 50, intervalUs: 1000 }), /does not take SIGUSR1/);
	assert.equal((await fetch(`http://127.0.0.1:${deaf.port}/`)).status, 200);
	shell.kill('SIGKILL');
	await once(shell, 'exit');
	await assert.rejects(recordProfile({ pid, ms: 50, intervalUs: 1000 }), /cannot be looked at: it has ended/);
});

async function freePort(): Promise<number> {
	const { createServer } = await import('node:net');
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address() as { port: number };
	server.close();
	await once(server, 'close');
	return port;
}
