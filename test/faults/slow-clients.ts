/**
 * A program of its own, so that its work does not disturb what the test measures: so many clients of each slow kind.
 * `node slow-clients.ts PORT COUNT`; prints a JSON object: by kind, what came of each client.
 */
import net from 'node:net';

export interface SlowEnd {
	/** Of the answer; 0: none came. */
	status: number;
	/** Until the other side closed, ms; null: it did not within `MOST_MS`. */
	closedMs: number | null;
	/** That came. */
	bytes: number;
}

const MOST_MS = 12_000;
/** Who does not read hears of no end before this. */
export const LOOK_MS = 5000;
const HEAD = 'Host: test\r\n';

interface Kind {
	first: string;
	/** What is sent on and on, and how often. */
	drip?: { bytes: string; eachMs: number };
	/** Reads so little each 100 ms; 0: nothing. From `LOOK_MS` on it reads all that there is, to see whether more comes. */
	reads?: number;
}

export const KINDS = {
	silent: { first: '' },
	'slow head': { first: `GET / HTTP/1.1\r\n${HEAD}X: `, drip: { bytes: 'a', eachMs: 150 } },
	'slow body': {
		first: `POST /echo/x HTTP/1.1\r\n${HEAD}Content-Length: 10000\r\n\r\n`,
		drip: { bytes: 'a', eachMs: 300 },
	},
	'slow chunks': {
		first: `POST /echo/x HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n`,
		drip: { bytes: '1\r\na\r\n', eachMs: 300 },
	},
	'stalled body': { first: `POST /echo/x HTTP/1.1\r\n${HEAD}Content-Length: 10000\r\n\r\nabc` },
	'stalled reader': { first: `GET /echo/x?deed=big HTTP/1.1\r\n${HEAD}\r\n`, reads: 0 },
	'slow reader': { first: `GET /echo/x?deed=big HTTP/1.1\r\n${HEAD}\r\n`, reads: 100_000 },
} as const satisfies Record<string, Kind>;
export type KindName = keyof typeof KINDS;

function play(port: number, { first, drip, reads }: Kind): Promise<SlowEnd> {
	return new Promise((resolve) => {
		const socket = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
		const started = performance.now();
		let status = 0;
		let came = 0;
		const timers: NodeJS.Timeout[] = [];
		const end = (closedMs: number | null) => {
			for (const timer of timers) clearInterval(timer);
			socket.destroy();
			resolve({ status, closedMs, bytes: came });
		};
		const see = (bytes: Buffer) => {
			came += bytes.length;
			status ||= Number(/^HTTP\/1\.1 (\d+)/.exec(bytes.toString('latin1', 0, 12))?.[1] ?? 0);
		};
		timers.push(setTimeout(() => end(null), MOST_MS));
		socket.on('connect', () => {
			socket.write(first);
			if (drip !== undefined) timers.push(setInterval(() => socket.write(drip.bytes), drip.eachMs));
			if (reads === undefined) return;
			const reading = setInterval(() => {
				const bytes = reads === 0 ? null : (socket.read(Math.min(reads, socket.readableLength)) as Buffer | null);
				if (bytes !== null) see(bytes);
			}, 100);
			const looking = setTimeout(() => {
				clearInterval(reading);
				socket.on('data', see);
			}, LOOK_MS);
			timers.push(reading, looking);
		});
		if (reads === undefined) socket.on('data', see);
		socket.on('end', () => end(performance.now() - started));
		socket.on('error', () => end(performance.now() - started));
		socket.on('close', () => end(performance.now() - started));
	});
}

if (import.meta.main) {
	const [port = 0, count = 1] = process.argv.slice(2).map(Number);
	const ends = await Promise.all(
		Object.entries(KINDS).map(async ([name, kind]) => [
			name,
			// Readers fill the buffers of all sockets on their way: fewer of them do.
			await Promise.all(
				Array.from({ length: 'reads' in kind ? Math.ceil(count / 10) : count }, () => play(port, kind)),
			),
		]),
	);
	console.log(JSON.stringify(Object.fromEntries(ends)));
}
