import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataFolder, get, json, type Page, post, startApi, until } from './running-api.ts';

const avatar_id = 'av_0001_ivan';

test('a video is pending, processing, completed; another process sees the same', async (t) => {
	const DATA_DIR = await dataFolder(t);
	const [one, two] = await Promise.all([startApi(t, { DATA_DIR, SPEED: '1000' }), startApi(t, { DATA_DIR })]);
	const created = await post(`${one.url}/v1/videos`, { avatar_id, script: 'Good morning & welcome.', title: 'Hello' });
	assert.equal(created.status, 201);
	const { data } = await json(created);
	assert.equal(created.headers.get('location'), `/v1/videos/${data.id}`);
	assert.equal(data.status, 'pending');
	assert.equal(data.title, 'Hello');

	const captions = `${two.url}/v1/videos/${data.id}/captions.vtt`;
	assert.equal((await fetch(captions)).status, 409);
	const seen = new Set<string>();
	await until(async () => {
		const { status, progress } = (await get(`${two.url}/v1/videos/${data.id}`)).data;
		seen.add(String(status));
		return status === 'completed' && progress === 100;
	});
	assert.ok(seen.has('processing'));
	const done = (await get(`${one.url}/v1/videos/${data.id}`)).data;
	assert.equal(done.duration, 1.6);
	assert.equal(done.failure_code, null);
	assert.match(
		await (await fetch(captions)).text(),
		/^WEBVTT\n\n00:00:00\.000 --> 00:00:01\.600\nGood morning &amp; welcome\.\n$/,
	);
});

test('the list: newest first, by page and by status', async (t) => {
	const { url } = await startApi(t, { SPEED: '1' });
	const ids: string[] = [];
	for (const script of ['one', 'two', 'three']) {
		ids.unshift((await json(post(`${url}/v1/videos`, { avatar_id, script }))).data.id);
	}
	const idsOf = (page: Page) => page.data.map(({ id }) => id);
	const first = await get<Page>(`${url}/v1/videos?limit=2`);
	assert.deepEqual(idsOf(first), ids.slice(0, 2));
	const second = await get<Page>(`${url}/v1/videos?limit=2&cursor=${first.next_cursor}`);
	assert.deepEqual([idsOf(second), second.has_more], [ids.slice(2), false]);
	assert.deepEqual(idsOf(await get<Page>(`${url}/v1/videos?status=pending`)), ids);
	assert.deepEqual(idsOf(await get<Page>(`${url}/v1/videos?status=completed`)), []);
});

test('a deleted one is gone', async (t) => {
	const { url } = await startApi(t);
	const { data } = await json(post(`${url}/v1/videos`, { avatar_id, script: 'x' }));
	const one = `${url}/v1/videos/${data.id}`;
	assert.equal((await fetch(one, { method: 'DELETE' })).status, 204);
	assert.equal((await fetch(one, { method: 'DELETE' })).status, 404);
	assert.equal((await fetch(one)).status, 404);
});

test('some fail when told to, and say so', async (t) => {
	const { url } = await startApi(t, { FAILURE_RATE: '1' });
	const { data } = await json(post(`${url}/v1/videos`, { avatar_id, script: 'x' }));
	await until(async () => (await get(`${url}/v1/videos/${data.id}`)).data.failure_code === 'render_failed');
});

test('bad orders', async (t) => {
	const { url } = await startApi(t);
	const cases: [unknown, number, string][] = [
		[{ script: 'x' }, 400, 'invalid_parameter'],
		[{ avatar_id, script: '  ' }, 400, 'invalid_parameter'],
		[{ avatar_id, script: 'x'.repeat(5001) }, 400, 'invalid_parameter'],
		[{ avatar_id, script: 'x', resolution: '8k' }, 400, 'invalid_parameter'],
		[{ avatar_id, script: 'x', sript: 'y' }, 400, 'invalid_parameter'],
		[{ avatar_id: 'av_none', script: 'x' }, 404, 'avatar_not_found'],
		[{ avatar_id, voice_id: 'vo_none', script: 'x' }, 404, 'voice_not_found'],
		[{ avatar_id, script: 'x'.repeat(1024 * 1024) }, 413, 'too_large'],
	];
	for (const [order, status, code] of cases) {
		const response = await post(`${url}/v1/videos`, order);
		assert.deepEqual([response.status, (await json(response)).code], [status, code]);
	}
	const broken = await fetch(`${url}/v1/videos`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: '{"script":',
	});
	assert.deepEqual([broken.status, (await json(broken)).code], [400, 'bad_request']);
	assert.equal((await get<Page>(`${url}/v1/videos`)).data.length, 0);
});
