import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch, type Program } from '../measure/command.ts';
import { freePorts, waitFor200 } from '../measure/ports.ts';
import { exchange, open } from './request.ts';
import { openWebSockets } from './web-sockets.ts';

let instance: Program;
let port: number;

before(async () => {
	[port] = (await freePorts(1)) as [number];
	const argv = [process.execPath, join(import.meta.dirname, 'instance.ts')];
	instance = launch({ argv, cores: '0,1', env: { PORT: String(port) } });
	await waitFor200(`http://127.0.0.1:${port}/healthz`, instance);
});
after(() => instance.stop());

test('the instance answers, waits, and echoes', async () => {
	const connection = open(port);
	const from = performance.now();
	const answer = await exchange(connection, 'GET /wait/50 HTTP/1.1\r\nHost: a\r\n\r\n');
	assert.equal(answer.status, 200);
	assert.ok(performance.now() - from >= 45);
	connection.socket.destroy();
	const sockets = await openWebSockets(port, 3);
	assert.equal(await sockets.echo('word', 2000), 3);
	assert.equal(sockets.cut(), 0);
	sockets.close();
});

test('a WebSocket that is cut is counted and echoes no more', async () => {
	const sockets = await openWebSockets(port, 2);
	await instance.stop();
	for (let turn = 0; turn < 100 && sockets.cut() < 2; turn++) await new Promise((resolve) => setTimeout(resolve, 10));
	assert.equal(sockets.cut(), 2);
	assert.equal(await sockets.echo('word', 200), 0);
	sockets.close();
});
