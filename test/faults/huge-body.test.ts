import { once } from 'node:events';
import net from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { startBallast } from '../support/ballast.ts';
import { connect } from '../support/raw-client.ts';
import { startUpstream } from '../support/raw-upstream.ts';
import { AlertWatch } from './alert-watch.ts';
import { count, faultTest, ms } from './judge.ts';
import { PROMISED, sized } from './plan.ts';
import { corePid, residentBytes } from './wholeness.ts';

const TEN_GB = 10_000_000_000;
/** Streamed for real. */
const STREAMED = sized(400_000_000, TEN_GB);
const PIECE = Buffer.alloc(1_000_000, 'x');
/** So much may memory move while bodies pass: reads in flight, sockets' queues, garbage. */
const FLAT_BYTES = 80_000_000;

/** An instance that takes bodies and says how long they were. */
async function startSink(stack: AsyncDisposableStack) {
	const server = net.createServer((socket) => {
		let head = '';
		let bytes = 0;
		let tail = '';
		socket.on('error', () => {});
		socket.on('data', (piece: Buffer) => {
			let body = piece;
			if (!head.includes('\r\n\r\n')) {
				head += piece.toString('latin1');
				const end = head.indexOf('\r\n\r\n');
				if (end < 0) return;
				body = Buffer.from(head.slice(end + 4), 'latin1');
				head = head.slice(0, end + 4);
			}
			bytes += body.length;
			tail = (tail + body.toString('latin1', Math.max(0, body.length - 5))).slice(-5);
			const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN);
			if (bytes !== length && (!Number.isNaN(length) || tail !== '0\r\n\r\n')) return;
			socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Bytes: ${bytes}\r\n\r\nok`);
			[head, bytes, tail] = ['', 0, ''];
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	stack.defer(() => void server.close());
	return (server.address() as net.AddressInfo).port;
}

/** Sends a body of so many bytes as fast as it is taken. */
async function upload(port: number, bytes: number, chunked: boolean): Promise<{ status: number; taken: number }> {
	const client = await connect(port);
	const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${bytes}`;
	client.send(`POST /upload HTTP/1.1\r\nHost: test\r\n${framing}\r\n\r\n`);
	const size = Buffer.from(`${PIECE.length.toString(16)}\r\n`);
	const end = Buffer.from('\r\n');
	for (let sent = 0; sent < bytes; sent += PIECE.length) {
		if (chunked) client.socket.write(size);
		const room = client.socket.write(PIECE);
		if (chunked) client.socket.write(end);
		if (!room) await new Promise((resolve) => client.socket.once('drain', resolve));
	}
	if (chunked) client.send('0\r\n\r\n');
	const answer = await client.answer({ method: 'POST', withinMs: 60_000 });
	client.destroy();
	return { status: answer.status, taken: Number(answer.field('x-bytes')) };
}

faultTest('28', 'over the limit', async (judge, { stack }) => {
	const upstream = stack.use(await startUpstream());
	const app = { instances: [upstream.url], health: { interval: '1h' } };
	const ballast = stack.use(await startBallast({ workers: 1, stop: '0s', services: { app } }));
	const alert = new AlertWatch(ballast, PROMISED['28']);
	const client = await connect(ballast.port);
	const sent = performance.now();
	client.send(`POST /declared HTTP/1.1\r\nHost: test\r\nContent-Length: ${TEN_GB}\r\n\r\n`);
	const declared = await client.answer();
	const tookMs = performance.now() - sent;
	await client.until(() => client.ended, 'FIN');
	client.destroy();
	judge(
		'10 GB declared: 413 before any of it is sent',
		`${declared.status} after ${ms(tookMs)}, ${upstream.count('/declared')} requests to the instance`,
		declared.status === 413 && upstream.count('/declared') === 0,
	);
	const streaming = await connect(ballast.port);
	upstream.onHead('/chunked', (_, peer) => peer.until(() => peer.closed || peer.ended, 'the end'));
	streaming.send('POST /chunked HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n');
	let bytes = 0;
	const chunk = Buffer.concat([Buffer.from('f4240\r\n'), PIECE, Buffer.from('\r\n')]);
	while (streaming.received.length === 0 && !streaming.closed && bytes < 200_000_000) {
		bytes += PIECE.length;
		const room = streaming.socket.write(chunk);
		// A write that the system takes at once does not let anything else happen.
		await (room
			? turn()
			: Promise.race([once(streaming.socket, 'drain'), streaming.until(() => streaming.received.length > 0)]));
	}
	const told = (await streaming.answer()).status;
	streaming.destroy();
	judge(
		'without a declared length: 413 once 10 MiB have passed',
		`${told} after ${count(bytes / 1e6)} MB were sent`,
		told === 413 && bytes < 100_000_000,
	);
	// Who is refused comes again.
	for (let i = 0; i < 3; i++) {
		const again = await connect(ballast.port);
		again.send(`POST /declared HTTP/1.1\r\nHost: test\r\nContent-Length: ${TEN_GB}\r\n\r\n`);
		await again.answer();
		again.destroy();
	}
	await alert.judge(judge);
});

faultTest('28', 'streamed', async (judge, { stack }) => {
	const port = await startSink(stack);
	const app = { instances: [`http://127.0.0.1:${port}`], limits: { body: '20GB' }, timeouts: { request: '30m' } };
	const ballast = stack.use(await startBallast({ workers: 1, stop: '0s', services: { app } }));
	const pid = await corePid(ballast);
	// What the first body makes grow (buffers, compiled code) is not what a longer one costs.
	await upload(ballast.port, 50_000_000, true);
	const before = residentBytes(pid);
	for (const chunked of [false, true]) {
		let peak = 0;
		const sampling = setInterval(() => (peak = Math.max(peak, residentBytes(pid))), 20);
		const started = performance.now();
		const { status, taken } = await upload(ballast.port, STREAMED, chunked);
		clearInterval(sampling);
		const seconds = (performance.now() - started) / 1000;
		const whole = chunked ? taken > STREAMED : taken === STREAMED;
		judge(
			`memory stays flat: ${chunked ? 'chunked' : 'with a length'}`,
			`${count(STREAMED / 1e6)} MB in ${seconds.toFixed(1)} s; core ${count(before / 1e6)} MB, at most ${count(peak / 1e6)} MB`,
			status === 200 && whole && peak - before < FLAT_BYTES,
		);
	}
});
