import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { control } from './control-client.ts';
import { controlSocket } from './control-socket.ts';
import { type Answer, type ControlPeer, controlPeer, refuses, says } from './testing/control-peer.ts';

const peers: ControlPeer[] = [];
const folder = mkdtempSync(join(tmpdir(), 'ballast-cli-'));
after(async () => {
	for (const peer of peers) await peer.close();
	rmSync(folder, { recursive: true, force: true });
});

async function at(answer: Answer) {
	const peer = await controlPeer(answer);
	peers.push(peer);
	return { path: peer.path, runDir: null };
}

const code = (expected: string, message?: RegExp) => (error: unknown) => {
	assert.equal((error as { code?: string }).code, expected, String(error));
	if (message) assert.match((error as Error).message, message);
	return true;
};

test('sends the command, hands on each line, gives the result', async () => {
	const where = await at(says(['one', 'two'], { n: 3 }));
	const lines: string[] = [];
	const result = await control(where, 'scale', { service: 'a', n: 3 }, { onLine: (line) => lines.push(line) });
	assert.deepEqual(result, { n: 3 });
	assert.deepEqual(lines, ['one', 'two']);
	assert.deepEqual(peers.at(-1)?.commands, [{ command: 'scale', args: { service: 'a', n: 3 } }]);
});

test('an answer split at every byte, characters included, is read alike', async () => {
	const where = await at(({ id }, socket) => {
		const bytes = Buffer.from(`${JSON.stringify({ id, ok: true, result: 'größer 🚀' })}\n`);
		let sent = 0;
		const next = () => {
			if (sent < bytes.length) socket.write(bytes.subarray(sent, ++sent), next);
		};
		next();
	});
	assert.equal(await control(where, 'config', {}), 'größer 🚀');
});

test('a result of several MB arrives whole', async () => {
	const result = Array.from({ length: 50_000 }, (_, n) => ({ id: `instance-${n}`, note: 'x'.repeat(100) }));
	const where = await at(says([], result));
	assert.equal(((await control(where, 'status', {})) as unknown[]).length, 50_000);
});

test('a refusal keeps its code; a code of another version becomes command_failed', async () => {
	await assert.rejects(
		control(await at(refuses('unknown_service', 'there is no service x')), 'restart', {}),
		code('unknown_service', /service x/),
	);
	await assert.rejects(
		control(await at(refuses('from_the_future', 'no')), 'restart', {}),
		code('command_failed', /^no$/),
	);
	await assert.rejects(control(await at(refuses('constructor', 'no')), 'restart', {}), code('command_failed'));
});

test('what is not the protocol is named and made inert', async () => {
	const garbage = [
		'HTTP/1.1 400 Bad Request\x1b[31m\r\n\r\n',
		'{"id":1}\n',
		'null\n',
		'[]\n',
		'{"id":2,"ok":true,"result":1}\n',
		'{"id":1,"ok":"yes"}\n',
	];
	for (const text of garbage) {
		const where = await at((_, socket) => void socket.write(text));
		await assert.rejects(control(where, 'status', {}), (error: Error) => {
			assert.match(error.message, /not a Ballast that this version understands/);
			assert.ok(!error.message.includes('\x1b'));
			return code('command_failed')(error);
		});
	}
});

test('silence, a trickle, an end without an answer', async () => {
	const silent = await at(() => {});
	await assert.rejects(
		control(silent, 'status', {}, { quietMs: 50 }),
		code('command_failed', /said nothing for 0.05 s/),
	);
	const trickle = await at((_, socket) => {
		const timer = setInterval(() => socket.write('x'), 10);
		socket.on('close', () => clearInterval(timer));
	});
	await assert.rejects(control(trickle, 'status', {}, { quietMs: 80 }), code('command_failed', /said nothing/));
	const ends = await at((_, socket) => void socket.end('{"id":1,"line":"begun"}\n'));
	await assert.rejects(control(ends, 'status', {}), code('command_failed', /closed the connection before it answered/));
});

test('lines keep a slow command alive', async () => {
	const where = await at(({ id }, socket) => {
		let left = 6;
		const timer = setInterval(() => {
			socket.write(left-- > 0 ? `{"id":${id},"line":"${left}"}\n` : `{"id":${id},"ok":true,"result":"done"}\n`);
			if (left < 0) clearInterval(timer);
		}, 30);
	});
	assert.equal(await control(where, 'restart', {}, { quietMs: 100 }), 'done');
});

test('an abort ends our side at once, with its reason', async () => {
	const abort = new AbortController();
	const where = await at(() => abort.abort('enough'));
	await assert.rejects(control(where, 'restart', {}, { signal: abort.signal }), (reason) => reason === 'enough');
});

test('nothing there, a left-over socket, a file, a path too long', async () => {
	await assert.rejects(
		control({ path: join(folder, 'none.sock'), runDir: null }, 'status', {}),
		code('not_running', /looked at .*none\.sock\); start it with `ballast up`/),
	);
	const stale = join(folder, 'stale.sock');
	await leaveSocket(stale);
	await assert.rejects(control({ path: stale, runDir: null }, 'status', {}), code('not_running'));
	assert.ok(existsSync(stale), 'what lies in a folder of somebody else is left alone');
	const file = join(folder, 'file.sock');
	writeFileSync(file, '');
	await assert.rejects(control({ path: file, runDir: null }, 'status', {}), code('command_failed', /is not a socket/));
	await assert.rejects(
		control({ path: join(folder, 'x'.repeat(120)), runDir: null }, 'status', {}),
		code('command_failed', /longer than the/),
	);
});

test('a run folder that others can open is refused, one that is ours is used', async () => {
	const runDir = join(folder, 'ballast');
	mkdirSync(runDir, { mode: 0o700 });
	const where = controlSocket({ name: 'blue' }, { XDG_RUNTIME_DIR: folder });
	assert.deepEqual(where, { path: join(runDir, 'blue.sock'), runDir });
	const living = await listenOn(join(runDir, 'green.sock'));
	await assert.rejects(control(where, 'status', {}), code('not_running', /there is --name green\)/));
	await new Promise((resolve) => living.close(resolve));
	chmodSync(runDir, 0o755);
	await assert.rejects(control(where, 'status', {}), code('command_failed', /others can open .*chmod 700/));
});

test('sockets of killed keepers are not named, and are removed; those of living ones stay', async () => {
	const runDir = join(folder, 'left');
	mkdirSync(runDir, { mode: 0o700 });
	const path = (name: string) => join(runDir, `${name}.sock`);
	for (const name of ['dead', 'blue']) await leaveSocket(path(name));
	writeFileSync(path('file'), '');
	const living = await listenOn(path('living'));
	const message = /looked at .*blue\.sock; there is --name living\); start it/;
	await assert.rejects(control({ path: path('blue'), runDir }, 'status', {}), code('not_running', message));
	assert.deepEqual(readdirSync(runDir).sort(), ['file.sock', 'living.sock']);
	await new Promise((resolve) => living.close(resolve));
	await assert.rejects(
		control({ path: path('blue'), runDir }, 'status', {}),
		code('not_running', /blue\.sock\); start it/),
	);
});

test('a socket or folder of another user is refused', async (context) => {
	if (process.getuid?.() !== 0) return context.skip('only root can give a file to another user');
	const { chownSync } = await import('node:fs');
	const where = await at(says([], 'must not be asked'));
	chownSync(where.path, 65_534, 65_534);
	await assert.rejects(control(where, 'status', {}), code('command_failed', /belongs to another user \(uid 65534\)/));
	assert.deepEqual(peers.at(-1)?.commands, []);
	const runDir = join(folder, 'theirs');
	mkdirSync(runDir, { mode: 0o700 });
	chownSync(runDir, 65_534, 65_534);
	await assert.rejects(
		control({ path: join(runDir, 'a.sock'), runDir }, 'status', {}),
		code('command_failed', /nothing in it is trusted/),
	);
});

test('which socket: --socket, $BALLAST_SOCKET, --name, the default', () => {
	const env = { BALLAST_SOCKET: '/e.sock', XDG_RUNTIME_DIR: '/run/user/7' };
	assert.equal(controlSocket({ socket: '/s.sock', name: 'n' }, env).path, '/s.sock');
	assert.equal(controlSocket({ name: 'n' }, env).path, '/e.sock');
	assert.equal(controlSocket({ name: 'n' }, { ...env, BALLAST_SOCKET: '' }).path, '/run/user/7/ballast/n.sock');
	assert.equal(controlSocket({}, env).path, '/e.sock');
	assert.equal(controlSocket({}, { XDG_RUNTIME_DIR: '/run/user/7' }).path, '/run/user/7/ballast/default.sock');
	assert.equal(controlSocket({}, {}).path, join(tmpdir(), `ballast-${process.geteuid?.()}`, 'default.sock'));
});

function listenOn(path: string): Promise<net.Server> {
	return new Promise((resolve) => {
		const server = net.createServer((socket) => socket.destroy()).listen(path, () => resolve(server));
	});
}

/** A socket file that nobody listens on any more, as kill -9 leaves it. */
async function leaveSocket(path: string): Promise<void> {
	const { spawnSync } = await import('node:child_process');
	const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
	spawnSync(process.execPath, ['-e', script]);
}
