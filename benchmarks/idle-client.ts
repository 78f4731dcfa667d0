/**
 * Opens many keep-alive connections to 127.0.0.1, sends one request on each, and then stays idle on all of them.
 * Arguments: port, count, `tls` or `plain`. Prints one JSON line when all have their answer; ends when its input ends.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

const port = Number(process.argv[2]);
const count = Number(process.argv[3]);
const secure = process.argv[4] === 'tls';

/** Source addresses in turn, so that no one address runs out of ports. */
const SOURCES = 8;
/** Connections being opened at a time. */
const AT_ONCE = 64;

const open: Socket[] = [];
let next = 0;
let failed = 0;
let closed = 0;

async function openInTurn(): Promise<void> {
	while (next < count) {
		const at = next++;
		try {
			open.push(await openOne(at));
		} catch {
			failed++;
		}
	}
}

function openOne(at: number): Promise<Socket> {
	const options = { host: '127.0.0.1', port, localAddress: `127.0.0.${2 + (at % SOURCES)}` };
	const request = 'GET /json HTTP/1.1\r\nHost: api.example.com\r\n\r\n';
	return new Promise((resolve, reject) => {
		const tcp = connect(options);
		const socket = secure ? connectTls({ socket: tcp, rejectUnauthorized: false, servername: 'api.example.com' }) : tcp;
		let received = '';
		socket.once('error', reject);
		tcp.once('error', reject);
		socket.once(secure ? 'secureConnect' : 'connect', () => socket.write(request));
		socket.on('data', (chunk: Buffer) => {
			received += chunk.toString('latin1');
			const end = received.indexOf('\r\n\r\n');
			if (end < 0) return;
			const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? Number.NaN);
			if (!received.startsWith('HTTP/1.1 200') || Number.isNaN(length)) reject(new Error('not the answer'));
			else if (received.length >= end + 4 + length) resolve(socket);
		});
		socket.once('close', () => {
			closed++;
			reject(new Error('closed early'));
		});
	});
}

await Promise.all(Array.from({ length: AT_ONCE }, openInTurn));
process.stdout.write(`${JSON.stringify({ open: open.length, failed, closed })}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
