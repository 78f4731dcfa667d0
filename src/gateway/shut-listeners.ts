import { connectAtOnce, type TcpHandle } from '../wire/raw-transport.ts';
import type { Listener, ListeningSocket } from './listener.ts';

/** Longest that sockets wait for a moment in which nobody would be lost, ms. */
const SHUTTING_MS = 1000;

/**
 * Closes the last copies of the sockets of one address. A socket that closes resets the connections in its queue,
 * whose clients may have sent a request already, and it cannot be told to let no more of them in. So each gets a queue
 * for a single connection, and once that is empty we take the place ourselves: while a connection of ours stands in
 * every queue there is nobody else in them. Who comes then hears nothing, tries again a second later and is refused.
 * `closed`: nothing more is accepted.
 */
export function shutListeners(listeners: readonly Listener[], closed: () => void): void {
	const until = performance.now() + SHUTTING_MS;
	const sockets = listeners.flatMap(({ socket }) => socket ?? []);
	for (const socket of sockets) socket.listen(0);
	let before = -1;
	const turn = (): void => {
		const accepted = listeners.reduce((sum, listener) => sum + listener.accepted, 0);
		// Node takes one connection of a queue in a turn; what is left of the first turn need not look at the sockets.
		const empty = accepted === before;
		before = empty ? -1 : accepted;
		const plugs: TcpHandle[] = [];
		const over = (empty && plug(sockets, plugs)) || performance.now() >= until;
		if (over) for (const listener of listeners) listener.close();
		// Those of an attempt in vain are accepted like others, and have ended by then.
		for (const handle of plugs) handle.close();
		if (over) closed();
		else setImmediate(turn);
	};
	setImmediate(turn);
}

/** Connects to each of the sockets. False: somebody else stands in one of the queues. Where it cannot be tried the queues count as ours. */
function plug(sockets: readonly ListeningSocket[], plugs: TcpHandle[]): boolean {
	const [first] = sockets;
	if (first === undefined || process.platform !== 'linux') return true;
	const to = nearAddress(first);
	const count = sockets.length;
	// The kernel chooses the socket, evenly by the port that we come from: so many miss one of them once in 150 times.
	const most = Math.ceil(count * (Math.log(count) + 5));
	let standing = 0;
	for (let tries = 0; tries < most && standing < count; tries++) {
		const connection = connectAtOnce(to);
		if (connection === null) return true;
		plugs.push(connection.handle);
		if (connection.established) standing++;
	}
	return standing === count;
}

const EVERYWHERE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Where this machine reaches the socket. */
function nearAddress(socket: ListeningSocket): { host: string; port: number } {
	const name: { address?: string; port?: number } = {};
	socket.getsockname(name);
	const { address = '', port = 0 } = name;
	return { host: EVERYWHERE[address] ?? address, port };
}
