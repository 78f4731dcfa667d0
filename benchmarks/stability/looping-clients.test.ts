import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loopClients, reasons } from './looping-clients.ts';

/** Serves for a while; every `breakEach`th request is cut (0: none). Returns what it saw and what the clients say. */
async function run(
	breakEach: number,
): Promise<{ served: number; cut: number; connections: number; clients: ReturnType<typeof loopClients> }> {
	let served = 0;
	let cut = 0;
	let connections = 0;
	let seen = 0;
	const server = createServer((request, answer) => {
		request.resume().once('end', () => {
			if (breakEach > 0 && ++seen % breakEach === 0) {
				cut++;
				request.socket.destroy();
			} else {
				served++;
				answer.writeHead(200, { 'content-length': 2 }).end('ok');
			}
		});
	});
	server.on('connection', () => connections++);
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const clients = loopClients((server.address() as { port: number }).port, 4, 4);
	await sleep(300);
	await clients.stop();
	server.closeAllConnections();
	await new Promise((resolve) => server.close(resolve));
	return { served, cut, connections, clients };
}

test('every request is counted as answered; half of the clients keep their connection', async () => {
	const { served, connections, clients } = await run(0);
	assert.ok(served > 100);
	assert.equal(clients.answered(), served);
	assert.deepEqual(clients.failures, []);
	assert.equal(clients.inFlight(), 0);
	assert.ok(connections > 10 && connections < served);
});

test('every lost request is seen, none is retried', async () => {
	const { served, cut, clients } = await run(10);
	assert.ok(cut > 5);
	assert.equal(clients.failures.length, cut);
	assert.equal(clients.answered(), served);
	assert.match(reasons(clients.failures), /\d+ × (closed without an answer|ECONNRESET)/);
});
