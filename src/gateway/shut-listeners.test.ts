import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { afterEach, test } from 'node:test';
import { connectAtOnce, type TcpHandle } from '../wire/raw-transport.ts';
import { giveRoom, type Listener, type ListeningSocket } from './listener.ts';
import { shutListeners } from './shut-listeners.ts';

const HOST = '127.0.0.1';
const skip = process.platform === 'linux' ? false : 'a queue is bounded like this on Linux only';
const ends: (() => void)[] = [];
afterEach(() => {
	for (const end of ends.splice(0)) end();
});

/** Sockets of one port, and the ports of those that were accepted on them. */
async function listening(count: number): Promise<{ port: number; listeners: Listener[]; accepted: Set<number> }> {
	const accepted = new Set<number>();
	const listeners: Listener[] = [];
	let port = 0;
	for (let i = 0; i < count; i++) {
		let own = 0;
		const server = net.createServer((socket) => {
			own++;
			accepted.add(socket.remotePort as number);
			socket.on('error', () => {}).resume();
		});
		server.listen({ host: HOST, port, reusePort: true });
		await once(server, 'listening');
		port = (server.address() as net.AddressInfo).port;
		listeners.push({
			close: () => void server.close(),
			certify: () => {},
			get accepted() {
				return own;
			},
			get socket() {
				return (server as unknown as { _handle: ListeningSocket })._handle;
			},
		});
		ends.push(() => server.close());
	}
	return { port, listeners, accepted };
}

/** Connected already: its port. */
function stranger(port: number): number {
	const { handle, established } = connectAtOnce({ host: HOST, port }) as { handle: TcpHandle; established: boolean };
	ends.push(() => handle.close());
	assert.ok(established);
	const name: { port?: number } = {};
	handle.getsockname(name);
	return name.port as number;
}

const shut = (listeners: readonly Listener[]): Promise<void> =>
	new Promise((resolve) => shutListeners(listeners, resolve));

const refused = (port: number): Promise<string | undefined> =>
	new Promise((resolve) => {
		const socket = net.connect(port, HOST, () => resolve(undefined));
		socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
	});

test('who waits in a queue is accepted before the sockets close', { skip }, async () => {
	const { port, listeners, accepted } = await listening(3);
	const waiting = Array.from({ length: 40 }, () => stranger(port));
	await shut(listeners);
	assert.deepEqual(
		waiting.filter((one) => !accepted.has(one)),
		[],
	);
	assert.equal(await refused(port), 'ECONNREFUSED');
});

test('who takes the place in a queue a moment before us is accepted', { skip }, async () => {
	const { port, listeners, accepted } = await listening(2);
	const [first] = listeners as [Listener];
	const socket = first.socket as ListeningSocket;
	const quick: number[] = [];
	// Asked for its name right before the places are taken.
	const { getsockname } = socket;
	socket.getsockname = (out) => {
		if (quick.length < 5) quick.push(stranger(port));
		return getsockname.call(socket, out);
	};
	await shut(listeners);
	assert.equal(quick.length, 5);
	assert.deepEqual(
		quick.filter((one) => !accepted.has(one)),
		[],
	);
});

test('a name that cannot be reached from here does not keep the sockets open', { skip }, async () => {
	const { port, listeners } = await listening(1);
	const [first] = listeners as [Listener];
	(first.socket as ListeningSocket).getsockname = () => 0;
	await shut(listeners);
	assert.equal(await refused(port), 'ECONNREFUSED');
});

test('a queue that somebody left without room has it again', { skip }, async () => {
	const { port, listeners } = await listening(1);
	const [{ socket }] = listeners as [Listener];
	(socket as ListeningSocket).listen(0);
	stranger(port);
	assert.throws(() => stranger(port), 'there is room for one');
	giveRoom(listeners);
	for (let i = 0; i < 40; i++) stranger(port);
});
