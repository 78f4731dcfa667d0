/** Each vector of the corpus through the running program, in front of an instance that takes one form only. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { type Recorded, readRequest } from './plain-form.ts';
import { CORPUS } from './smuggling-corpus.ts';
import type { Forwarded, Vector } from './smuggling-vector.ts';
import { StrictUpstream } from './strict-upstream.ts';

const upstream = new StrictUpstream();
let ballast: Ballast;
before(async () => {
	const url = await upstream.start();
	ballast = await startBallast({ workers: 1, stop: '0s', services: { app: { instances: { urls: [url] } } } });
});
after(async () => {
	await ballast?.stop();
	upstream.stop();
	assert.doesNotMatch(ballast?.output() ?? '', /error:/);
});

/** How the bytes are handed over: reads end where writes do. */
const WAYS: Record<string, (bytes: Buffer) => Buffer[]> = {
	'in one piece': (bytes) => [bytes],
	'head and body apart': (bytes) => {
		const end = bytes.indexOf('\r\n\r\n') + 4;
		return end <= 4 || end === bytes.length ? [bytes] : [bytes.subarray(0, end), bytes.subarray(end)];
	},
	'byte by byte': (bytes) => (bytes.length > 2000 ? [bytes] : Array.from(bytes, (byte) => Buffer.of(byte))),
};

/** Statuses of the answers, and whether Ballast closed the connection of itself. */
async function exchange(
	{ send, forwarded, refused }: Vector,
	pieces: (bytes: Buffer) => Buffer[],
): Promise<{ statuses: number[]; text: string; closed: boolean }> {
	const socket = net.connect(ballast.port, '127.0.0.1');
	socket.setNoDelay(true);
	let text = '';
	let closed = false;
	const over = Promise.withResolvers<void>();
	socket.on('data', (piece: Buffer) => {
		text += piece.toString('latin1');
		if (refused === null && statusesOf(text).length >= forwarded.length) over.resolve();
	});
	socket.on('end', () => {
		closed = true;
		over.resolve();
	});
	socket.on('error', () => over.resolve());
	for (const piece of pieces(Buffer.from(send, 'latin1'))) {
		if (socket.destroyed || closed) break;
		socket.write(piece);
		if (piece.length === 1) await turn();
		else await sleep(1);
	}
	const timer = setTimeout(() => over.resolve(), 3000);
	await over.promise;
	clearTimeout(timer);
	// Whatever were still to come would come before the end that this asks for.
	if (!closed) {
		const ended = new Promise((resolve) => socket.once('close', resolve));
		socket.end();
		await ended;
	}
	socket.destroy();
	return { statuses: statusesOf(text), text, closed };
}

const statusesOf = (text: string): number[] =>
	[...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)).filter((status) => status >= 200);

function checkForwarded(found: Recorded, expected: Forwarded): void {
	const { line, host, framing, body } = found;
	assert.deepEqual(
		{ line, host, framing, body },
		{ line: expected.line, host: expected.host, framing: expected.framing, body: expected.body },
	);
	for (const has of expected.has ?? []) assert.ok(found.lines.includes(has), `${has} in ${found.lines}`);
	for (const name of expected.without ?? []) {
		assert.ok(!found.lines.some((other) => other.toLowerCase().startsWith(`${name}:`)), `no ${name} in ${found.lines}`);
	}
}

for (const [way, pieces] of Object.entries(WAYS)) {
	describe(way, () => {
		for (const vector of CORPUS) {
			test(vector.name, async () => {
				upstream.requests = [];
				upstream.faults = [];
				const { statuses, text, closed } = await exchange(vector, pieces);
				const answers = vector.forwarded.map(() => 200);
				assert.deepEqual(statuses, vector.refused === null ? answers : [...answers, vector.refused], text);
				if (vector.refused !== null) {
					assert.ok(closed, 'a connection is closed behind a refusal');
					assert.match(text, /\r\nConnection: close\r\n/);
					if (vector.refused === 400) assert.match(text, /; details="bad_request: [a-z0-9_]+"\r\n/);
				}
				assert.deepEqual(upstream.faults, []);
				assert.equal(upstream.requests.length, vector.forwarded.length, JSON.stringify(upstream.requests));
				for (const [i, expected] of vector.forwarded.entries())
					checkForwarded(upstream.requests[i] as Recorded, expected);
				for (const deadline = performance.now() + 1000; upstream.unfinished > 0; await sleep(5)) {
					assert.ok(vector.late === true, 'no part of a request whose head was refused reaches an instance');
					assert.ok(performance.now() < deadline, 'a request that was cut off is not left open');
				}
			});
		}
	});
}

test('the corpus is large, and each vector has a name of its own', () => {
	assert.ok(CORPUS.length >= 60, `${CORPUS.length} vectors`);
	assert.equal(new Set(CORPUS.map(({ name }) => name)).size, CORPUS.length);
});

test('the instance of these tests takes nothing that could be read in two ways', () => {
	const good = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
	assert.equal(readRequest(good)?.line, 'GET / HTTP/1.1');
	assert.equal(readRequest(good.slice(0, -1)), null);
	const poor = [
		good.replace('1.1', '1.0'),
		`${good}x`,
		good.replace('Host: a\r\n', ''),
		good.replace('\r\n\r\n', '\r\nHost: b\r\n\r\n'),
	];
	const framings = [
		'Content-Length: +1',
		'Content-Length: 01',
		'Content-Length : 1',
		'content-length: 1',
		'Transfer-Encoding: Chunked',
		'Content-Length: 0\r\nTransfer-Encoding: chunked',
		'X\x00: 1',
		'X: \x01',
		' X: 1',
	];
	for (const text of [...poor, ...framings.map((line) => good.replace('\r\n\r\n', `\r\n${line}\r\n\r\n`))]) {
		assert.throws(() => readRequest(text), JSON.stringify(text));
	}
	const chunks = (body: string) =>
		readRequest(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
	assert.equal(chunks('1\r\na\r\n0\r\n\r\n')?.body, 'a');
	for (const body of [
		'01\r\na\r\n0\r\n\r\n',
		'1;x\r\na\r\n0\r\n\r\n',
		'1 \r\na\r\n0\r\n\r\n',
		'1\r\nab\r\n0\r\n\r\n',
		'0\r\n\r\nx',
		'A\r\n',
		'0\r\nX Y\r\n\r\n',
	]) {
		assert.throws(() => chunks(body), JSON.stringify(body));
	}
});
