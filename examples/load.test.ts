import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { formatSecond, type LoadSecond, startLoad } from './load.ts';
import { startApi } from './video-api/test/running-api.ts';

test('a healthy API answers everything right, at the wanted rate', async (t) => {
	const { url, process } = await startApi(t, { INSTANCE_NAME: 'one', SPEED: '6000', RENDER_LIMIT: '1' });
	const seconds: LoadSecond[] = [];
	const load = startLoad({ url, rate: 200, seconds: 3, onSecond: (second) => seconds.push(second) });
	const summary = await load.done;
	assert.deepEqual(summary.examples, []);
	assert.equal(summary.failed, 0);
	assert.equal(summary.ok, summary.requests);
	assert.ok(summary.requests > 500 && summary.requests <= 602, `${summary.requests} in 3 s`);
	for (const status of ['200', '201', '204', '206', '304']) assert.ok((summary.statuses[status] ?? 0) > 0, status);
	assert.ok(Object.keys(summary.routes).length >= 12, Object.keys(summary.routes).join());
	assert.deepEqual(seconds.at(-1)?.instances, ['one']);
	assert.match(formatSecond(seconds[0] as LoadSecond), /^ {3}1s .* ok \d+ {2}failed 0 {2}p50 .* instances \d$/);

	const later = startLoad({ url, rate: 100 });
	await new Promise((resolve) => setTimeout(resolve, 300));
	process.kill('SIGKILL');
	await once(process, 'exit');
	await new Promise((resolve) => setTimeout(resolve, 300));
	const broken = await later.stop();
	assert.ok(broken.ok > 0 && (broken.failures['refused'] ?? 0) > 10, JSON.stringify(broken.failures));
	assert.equal(
		Object.values(broken.failures).reduce((sum, count) => sum + count, 0),
		broken.failed,
	);
	assert.ok(broken.lastFailureAt !== null && broken.lastFailureAt <= Date.now());
});

const bad: [string, (socket: Socket) => void, string][] = [
	['no answer', (socket) => socket.resetAndDestroy(), 'reset'],
	['half an answer', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{'), 'cut'],
	['another status', (socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n'), 'status502'],
	['silence', () => undefined, 'timeout'],
	['another text', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'), 'wrong'],
	['no HTTP', (socket) => socket.end('hello\r\n\r\n'), 'HPE_INVALID_CONSTANT'],
];
for (const [what, answer, kind] of bad) {
	test(`${what} is a failure of kind ${kind}`, async (t) => {
		const server = createServer((socket) => {
			socket.on('error', () => undefined).once('data', () => answer(socket));
		}).listen(0, '127.0.0.1');
		await once(server, 'listening');
		t.after(() => server.close());
		const { port } = server.address() as { port: number };
		const load = startLoad({ url: `http://127.0.0.1:${port}`, rate: 100, timeoutMs: 200 });
		await new Promise((resolve) => setTimeout(resolve, 150));
		const summary = await load.stop();
		assert.deepEqual(Object.keys(summary.failures), [kind]);
		assert.ok(summary.failed > 0);
	});
}

test('a rate out of bounds is refused', () => {
	assert.throws(() => startLoad({ rate: 0 }), RangeError);
	assert.throws(() => startLoad({ rate: Number.NaN }), RangeError);
});
