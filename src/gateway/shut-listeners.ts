import { readFileSync } from 'node:fs';
import { connectAtOnce, type TcpHandle } from '../wire/raw-transport.ts';
import { BACKLOG, type Listener, type ListeningSocket } from './listener.ts';

/** Longest that sockets wait for a moment in which nobody would be lost, ms. */
const SHUTTING_MS = 2000;
/** So many connections are looked through, 10,000 in some 25 ms; where there are more that is left out. */
const LISTED_MOST = 100_000;
/** From one such moment that was none to the next try, ms; each time twice as long. */
const AGAIN_MS = 10;

/**
 * Closes the last copies of the sockets of one address. A socket that closes resets the connections in its queue,
 * whose clients may have sent a request already, and it cannot be told to let no more of them in. So each gets a queue
 * for a single connection, and once that is empty we take the place ourselves: while a connection of ours stands in
 * every queue there is nobody else in them. Who comes then hears nothing, tries again a second later and is refused.
 * Whose handshake has begun but found the queue full believes that it is connected: for those there is room again, and
 * then another try. `closed`: nothing more is accepted.
 */
export function shutListeners(listeners: readonly Listener[], closed: () => void): void {
	const until = performance.now() + SHUTTING_MS;
	const sockets = listeners.flatMap(({ socket }) => socket ?? []);
	const queues = (room: number): void => {
		for (const socket of sockets) socket.listen(room);
	};
	let before = -1;
	let againMs = AGAIN_MS;
	const turn = (): void => {
		const accepted = listeners.reduce((sum, listener) => sum + listener.accepted, 0);
		// Node takes one connection of a queue in a turn; what is left of the first turn need not look at the sockets.
		const empty = accepted === before;
		before = empty ? -1 : accepted;
		const plugs: TcpHandle[] = [];
		const ours = empty && plug(sockets, plugs);
		const over = (ours && !isAwaited(sockets)) || performance.now() >= until;
		if (over) for (const listener of listeners) listener.close();
		// Those of an attempt in vain are accepted like others, and have ended by then.
		for (const handle of plugs) handle.close();
		if (over) closed();
		else if (ours) {
			queues(BACKLOG);
			setTimeout(begin, Math.min(againMs, until - performance.now()));
			againMs *= 2;
		} else setImmediate(turn);
	};
	const begin = (): void => {
		queues(0);
		setImmediate(turn);
	};
	begin();
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

/** Whether a handshake with one of these has begun and is not over, as far as the system tells: state SYN_RECV, which is 3. */
function isAwaited(sockets: readonly ListeningSocket[]): boolean {
	const [first] = sockets;
	if (first === undefined || openSockets() > LISTED_MOST) return false;
	const port = nearAddress(first).port.toString(16).toUpperCase().padStart(4, '0');
	const line = new RegExp(`^ *\\d+: [0-9A-F]+:${port} [0-9A-F]+:[0-9A-F]{4} 03 `, 'm');
	return ['/proc/net/tcp', '/proc/net/tcp6'].some((path) => line.test(textOf(path)));
}

/** Connections of this machine, those that are over and are remembered too; Infinity: that cannot be told. */
function openSockets(): number {
	const found = /^TCP: inuse (\d+) orphan \d+ tw (\d+)/m.exec(textOf('/proc/net/sockstat'));
	return found === null ? Number.POSITIVE_INFINITY : Number(found[1]) + Number(found[2]);
}

function textOf(path: string): string {
	try {
		return readFileSync(path, 'latin1');
	} catch {
		return '';
	}
}
