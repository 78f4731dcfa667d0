import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataFolder, json, post, startApi } from './running-api.ts';

interface Event {
	id: number;
	event: string;
	data: { video_id: string; status: string; progress: number };
}

const order = { avatar_id: 'av_0001_ivan', script: 'Good morning.' };
const create = async (url: string) => (await json(post(`${url}/v1/videos`, order))).data.id;

async function* read(response: Response): AsyncGenerator<Event | string> {
	assert.ok(response.body);
	let rest = '';
	for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
		const blocks = (rest + chunk).split('\n\n');
		rest = blocks.pop() ?? '';
		for (const block of blocks) yield parse(block);
	}
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
	const all: T[] = [];
	for await (const item of items) all.push(item);
	return all;
}

function parse(block: string): Event | string {
	const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
	return fields.id ? { id: Number(fields.id), event: fields.event, data: JSON.parse(fields.data) } : block;
}

test('every step from the present state to the end; whoever comes back goes on where they were', async (t) => {
	const DATA_DIR = await dataFolder(t);
	const [one, two] = await Promise.all([startApi(t, { DATA_DIR, SPEED: '1000' }), startApi(t, { DATA_DIR })]);
	const id = await create(one.url);
	const response = await fetch(`${one.url}/v1/videos/${id}/events`);
	assert.equal(response.headers.get('content-type'), 'text/event-stream');
	const all = await collect(read(response));
	assert.equal(all.shift(), 'retry: 1000');
	const events = all as Event[];
	assert.deepEqual(
		events.map((event) => event.id),
		Array.from({ length: 22 }, (_, index) => index + 1),
	);
	assert.deepEqual([events[0]?.data.status, events[1]?.data.status], ['pending', 'processing']);
	assert.deepEqual([events[21]?.event, events[21]?.data.progress, events[21]?.data.video_id], ['completed', 100, id]);

	const resume = (lastId: number) =>
		fetch(`${two.url}/v1/videos/${id}/events`, { headers: { 'last-event-id': String(lastId) } });
	assert.deepEqual((await collect(read(await resume(15)))).slice(1), events.slice(15));
	assert.equal((await resume(22)).status, 204);
	const late = await collect(read(await fetch(`${two.url}/v1/videos/${id}/events`)));
	assert.deepEqual(late.slice(1), events.slice(21));
});

test('heartbeats while nothing happens; the stream ends when the process stops', async (t) => {
	const { url, stop } = await startApi(t, { SPEED: '1', HEARTBEAT_MS: '30' });
	const response = await fetch(`${url}/v1/videos/${await create(url)}/events`);
	const heard: (Event | string)[] = [];
	let code: Promise<number | null> | undefined;
	for await (const event of read(response)) {
		heard.push(event);
		if (heard.length === 4) code = stop();
	}
	assert.deepEqual(heard.slice(2, 4), [': heartbeat', ': heartbeat'].map(parse));
	assert.equal(await code, 0);
});

test('a deleted video ends its stream', async (t) => {
	const { url } = await startApi(t, { SPEED: '1' });
	const id = await create(url);
	const events = read(await fetch(`${url}/v1/videos/${id}/events`));
	await events.next();
	assert.equal(((await events.next()).value as Event).data.status, 'pending');
	await fetch(`${url}/v1/videos/${id}`, { method: 'DELETE' });
	assert.equal((await events.next()).done, true);
});

test('not for a video that is not there, nor with an id that is none', async (t) => {
	const { url } = await startApi(t);
	assert.equal((await fetch(`${url}/v1/videos/v_none/events`)).status, 404);
	const headers = { 'last-event-id': '-1' };
	assert.equal((await fetch(`${url}/v1/videos/${await create(url)}/events`, { headers })).status, 400);
});
