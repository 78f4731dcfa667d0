import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataFolder, get, json, type Page, post, rendersRunning, startApi, until } from './running-api.ts';

const order = { avatar_id: 'av_0001_ivan', script: 'Good morning.' };

test('answers when the video is done; it takes the same time for the same text', async (t) => {
	const { url } = await startApi(t, { SPEED: '2000' });
	const times: number[] = [];
	for (let i = 0; i < 2; i++) {
		const begin = performance.now();
		const response = await post(`${url}/v1/render`, order);
		const tookMs = performance.now() - begin;
		assert.equal(response.status, 200);
		const { data } = await json(response);
		assert.equal(data.status, 'completed');
		assert.ok(tookMs >= 150, `5 real minutes at speed 2000 are 150 ms, took ${tookMs}`);
		times.push(Date.parse(String(data['completed_at'])) - Date.parse(String(data['created_at'])));
		assert.deepEqual((await get(`${url}${response.headers.get('content-location')}`)).data, data);
	}
	assert.equal(times[0], times[1]);
});

test('no more at once than allowed, over all processes; a client that leaves makes room', async (t) => {
	const DATA_DIR = await dataFolder(t);
	const env = { DATA_DIR, SPEED: '60', RENDER_LIMIT: '3' };
	const [one, two] = await Promise.all([startApi(t, env), startApi(t, env)]);
	const leave = new AbortController();
	const running = [one, two, one].map(({ url }) => post(`${url}/v1/render`, order, leave.signal));
	const ended = Promise.allSettled(running);
	await until(async () => (await rendersRunning(one.url)) === 3);

	const refused = await post(`${two.url}/v1/render`, order);
	assert.equal(refused.status, 429);
	const retryAfter = Number(refused.headers.get('retry-after'));
	assert.ok(retryAfter >= 1 && retryAfter <= 15, `Retry-After: ${retryAfter}`);
	assert.equal((await get<Page>(`${one.url}/v1/videos`)).data.length, 3);

	leave.abort();
	assert.ok((await ended).every(({ status }) => status === 'rejected'));
	await until(async () => (await rendersRunning(one.url)) === 0);
	const { data } = await get<Page>(`${one.url}/v1/videos?status=cancelled`);
	assert.equal(data.length, 3);
});

test('a failed render says so', async (t) => {
	const { url } = await startApi(t, { FAILURE_RATE: '1' });
	const response = await post(`${url}/v1/render`, order);
	assert.deepEqual([response.status, (await json(response)).code], [500, 'render_failed']);
});
