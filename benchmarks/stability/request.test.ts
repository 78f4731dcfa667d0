import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { exchange, open, parseAnswer } from './request.ts';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello';

test('an answer is whole only with its last byte', () => {
	for (let length = 0; length < ANSWER.length; length++) assert.equal(parseAnswer(ANSWER.slice(0, length)), undefined);
	const answer = parseAnswer(ANSWER);
	assert.ok(answer && !(answer instanceof Error));
	assert.deepEqual([answer.status, answer.close], [200, true]);
});

test('more bytes than the answer has, or no length, are errors', () => {
	assert.match(String(parseAnswer(`${ANSWER}x`)), /bytes behind/);
	assert.match(String(parseAnswer('HTTP/1.1 200 OK\r\n\r\n')), /unreadable/);
	assert.match(String(parseAnswer('220 smtp.example.com\r\n\r\n')), /unreadable/);
});

async function withServer(reply: string, end: boolean, work: (port: number) => Promise<void>): Promise<void> {
	const server: Server = createServer((socket) => {
		socket.on('error', () => undefined);
		socket.once('data', () => (end ? socket.end(reply) : socket.write(reply)));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	try {
		await work((server.address() as { port: number }).port);
	} finally {
		await new Promise((resolve) => server.close(resolve));
	}
}

test('an exchange gives the answer, or says how it was lost', async () => {
	await withServer(ANSWER, false, async (port) => {
		const connection = open(port);
		assert.equal((await exchange(connection, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).status, 200);
		connection.socket.destroy();
	});
	await withServer('', true, (port) => assert.rejects(exchange(open(port), 'GET'), /closed without an answer/));
	await withServer(ANSWER.slice(0, -1), true, (port) => assert.rejects(exchange(open(port), 'GET'), /closed within/));
	await assert.rejects(exchange(open(1), 'GET'), /ECONNREFUSED/);
});
