/** That the checks of these tests see what they are there for. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { EchoClient, type Told } from './echo-client.ts';
import { asked, idOf } from './echo-load.ts';
import { textOf } from './echo-text.ts';

const head = (id: string, framing: string, read = 'ok') =>
	`HTTP/1.1 200 OK\r\nX-Id: ${id}\r\nX-Read: ${read}\r\n${framing}\r\n\r\n`;
const whole = (n: number, size = 50) => head(idOf(n), `Content-Length: ${size}`) + textOf(idOf(n), size);

/** What a client that asks for 1, 2 and 3 makes of these bytes. */
async function judged(answer: string, end: 'FIN' | 'RST' = 'FIN'): Promise<string[]> {
	const server = net.createServer((socket) => {
		socket.on('error', () => {});
		socket.once('data', () => {
			if (end === 'FIN') socket.end(answer, 'latin1');
			else socket.write(answer, 'latin1', () => setTimeout(() => socket.resetAndDestroy(), 30));
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const told: Told[] = [];
	const client = new EchoClient((server.address() as net.AddressInfo).port, (each) => told.push(each));
	await client.ask([1, 2, 3].map((n) => asked(n, { size: 50 })));
	server.close();
	return told.map(({ outcome }) => outcome);
}

test('answers in order are right; two that are swapped, or mixed, are not', async () => {
	assert.deepEqual(await judged(whole(1) + whole(2) + whole(3)), ['answered', 'answered', 'answered']);
	assert.deepEqual(await judged(whole(1) + whole(3) + whole(2)), ['answered', 'wrong', 'wrong']);
	const mixed = head(idOf(1), 'Content-Length: 50') + textOf(idOf(1), 20) + textOf(idOf(2), 30);
	assert.deepEqual((await judged(mixed))[0], 'wrong');
	assert.deepEqual((await judged(head(idOf(1), 'Content-Length: 0', 'mixed')))[0], 'wrong');
	assert.deepEqual((await judged('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))[0], 'wrong');
	assert.deepEqual((await judged(whole(1) + whole(2) + whole(3) + whole(4))).at(-1), 'wrong');
});

test('part of an answer is cut when it is its own, and wrong when it is not', async () => {
	const part = (n: number, framing = 'Content-Length: 50') => head(idOf(1), framing) + textOf(idOf(n), 21);
	for (const end of ['FIN', 'RST'] as const) {
		assert.deepEqual(await judged(part(1), end), ['cut', 'unanswered', 'unanswered']);
		assert.deepEqual((await judged(part(2), end))[0], 'wrong');
		assert.deepEqual((await judged('HTTP/1.1 200 OK\r\nX-', end))[0], 'cut');
	}
	assert.deepEqual((await judged(part(1, 'Connection: close'), 'RST'))[0], 'cut');
	const short = head(idOf(1), 'Connection: close') + textOf(idOf(1), 21);
	assert.deepEqual((await judged(short))[0], 'wrong', 'a clean end in the middle');
});

test('chunks are read, and an answer of Ballast is told from others', async () => {
	const text = textOf(idOf(1), 50);
	const chunks = `5\r\n${text.slice(0, 5)}\r\n2d\r\n${text.slice(5)}\r\n0\r\n\r\n`;
	assert.deepEqual((await judged(head(idOf(1), 'Transfer-Encoding: chunked') + chunks))[0], 'answered');
	assert.deepEqual((await judged(head(idOf(1), 'Transfer-Encoding: chunked') + chunks.slice(0, 30)))[0], 'cut');
	const own = 'HTTP/1.1 502 Bad Gateway\r\nProxy-Status: ballast; error=x\r\nContent-Length: 2\r\n\r\n{}';
	assert.deepEqual((await judged(own))[0], 'refused');
});
