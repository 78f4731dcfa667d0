import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { json, post, startApi } from './running-api.ts';

/** Opens a socket and gives its messages one by one. */
function connect(url: string) {
	const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/live`);
	socket.binaryType = 'arraybuffer';
	const waiting: ((data: unknown) => void)[] = [];
	const come: unknown[] = [];
	socket.addEventListener('message', ({ data }) => {
		const receiver = waiting.shift();
		receiver ? receiver(data) : come.push(data);
	});
	const next = () =>
		come.length > 0 ? Promise.resolve(come.shift()) : new Promise<unknown>((resolve) => waiting.push(resolve));
	return { socket, next, nextJson: async () => JSON.parse(String(await next())) as Record<string, unknown> };
}

test('says hello, gives back what it gets, pings', async (t) => {
	const { url, process } = await startApi(t, { INSTANCE_NAME: 'one', HEARTBEAT_MS: '50' });
	const { socket, next, nextJson } = connect(url);
	assert.deepEqual(await nextJson(), { type: 'hello', instance: 'one', pid: process.pid });
	for (const text of ['hello', '', '{"type":"other"}', 'ü'.repeat(100_000)]) {
		socket.send(text);
		assert.equal(await next(), text);
	}
	const bytes = randomBytes(70_000);
	socket.send(bytes);
	assert.deepEqual(Buffer.from((await next()) as ArrayBuffer), bytes);
	await new Promise((resolve) => setTimeout(resolve, 200));
	assert.equal(socket.readyState, WebSocket.OPEN);
	socket.close();
	await once(socket, 'close');
});

test('pushes the states of a watched video until it is done', async (t) => {
	const { url } = await startApi(t, { SPEED: '1000' });
	const { socket, nextJson } = connect(url);
	await nextJson();
	const order = { avatar_id: 'av_0001_ivan', script: 'Good morning.' };
	const { id } = (await json(post(`${url}/v1/videos`, order))).data;
	socket.send(JSON.stringify({ type: 'watch', video_id: id }));
	const progress: number[] = [];
	for (let status = ''; status !== 'completed'; ) {
		const message = await nextJson();
		assert.deepEqual([message.type, message.video_id], ['status', id]);
		progress.push(Number(message['progress']));
		status = String(message['status']);
	}
	assert.equal(progress.at(-1), 100);
	assert.ok(progress.length > 10);
	assert.deepEqual(
		progress,
		progress.toSorted((a, b) => a - b),
	);
	socket.send(JSON.stringify({ type: 'watch', video_id: 'v_none' }));
	assert.equal((await nextJson()).code, 'video_not_found');
	socket.close();
});

test('a process that stops says that it goes away', async (t) => {
	const { url, stop } = await startApi(t);
	const { socket, next } = connect(url);
	await next();
	const closed = once(socket, 'close');
	const code = stop();
	assert.equal((await closed)[0].code, 1001);
	assert.equal(await code, 0);
});

test('a plain request is told to upgrade; a message that is too long ends the socket', async (t) => {
	const { url } = await startApi(t);
	assert.equal((await fetch(`${url}/v1/live`)).status, 426);
	const { socket, next } = connect(url);
	await next();
	socket.send(Buffer.alloc(2 * 1024 * 1024));
	assert.equal((await once(socket, 'close'))[0].code, 1009);
	assert.equal((await fetch(`${url}/healthz`)).status, 200);
});
