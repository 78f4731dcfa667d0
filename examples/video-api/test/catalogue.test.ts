import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataFolder, get, type Item, type Page, startApi } from './running-api.ts';

test('the avatars come page by page, all 200 once, the same after each first start', async (t) => {
	const [one, two] = await Promise.all([startApi(t), startApi(t)]);
	const all = async (url: string) => {
		const avatars: Item[] = [];
		for (let cursor: string | null = ''; cursor !== null; ) {
			const page: Page = await get<Page>(`${url}/v1/avatars?limit=70${cursor && `&cursor=${cursor}`}`);
			avatars.push(...page.data);
			assert.equal(page.has_more, page.next_cursor !== null);
			cursor = page.next_cursor;
		}
		return avatars;
	};
	const avatars = await all(one.url);
	assert.equal(avatars.length, 200);
	assert.equal(new Set(avatars.map(({ id }) => id)).size, 200);
	assert.deepEqual(await all(two.url), avatars);
});

test('filters, one avatar, voices', async (t) => {
	const { url } = await startApi(t);
	const { data } = await get<Page>(`${url}/v1/avatars?gender=female&style=news&q=CHL&limit=100`);
	const [first] = data;
	assert.ok(first);
	for (const { gender, style, name } of data)
		assert.deepEqual([gender, style, name], ['female', 'news', 'Chloe (news)']);
	assert.deepEqual((await get(`${url}/v1/avatars/${first.id}`)).data, first);

	const voices = await get<Page>(`${url}/v1/voices?language=fr`);
	assert.equal(voices.data.length, 8);
	const all = await get<Page>(`${url}/v1/voices?limit=100`);
	assert.equal(all.data.length, 80);
	assert.ok(all.data.some(({ id }) => id === first['default_voice_id']));
});

test('an ETag saves sending it again', async (t) => {
	const { url } = await startApi(t);
	for (const method of ['GET', 'HEAD']) {
		const first = await fetch(`${url}/v1/avatars`, { method });
		const etag = first.headers.get('etag') ?? '';
		assert.equal(first.headers.get('cache-control'), 'public, max-age=60');
		assert.ok(Number(first.headers.get('content-length')) > 1000);
		const again = await fetch(`${url}/v1/avatars`, { method, headers: { 'if-none-match': `"other", W/${etag}` } });
		assert.equal(again.status, 304);
		assert.equal(again.headers.get('etag'), etag);
		assert.equal(again.headers.get('content-length'), null);
		const other = await fetch(`${url}/v1/avatars?limit=3`, { method, headers: { 'if-none-match': etag } });
		assert.equal(other.status, 200);
	}
});

test('mistakes are told as problems', async (t) => {
	const { url } = await startApi(t);
	const cases: [string, number, string][] = [
		['/v1/avatars/av_none', 404, 'avatar_not_found'],
		['/v1/avatars?limit=0', 400, 'invalid_parameter'],
		['/v1/avatars?limt=5', 400, 'invalid_parameter'],
		['/v1/avatars?cursor=%25', 400, 'invalid_parameter'],
		['/v1/none', 404, 'route_not_found'],
		['/%zz', 400, 'bad_request'],
	];
	for (const [path, status, code] of cases) {
		const response = await fetch(url + path, { headers: { 'x-request-id': 'test:1' } });
		assert.equal(response.status, status, path);
		assert.equal(response.headers.get('content-type'), 'application/problem+json');
		const problem = (await response.json()) as Record<string, unknown>;
		assert.equal(problem['code'], code);
		assert.equal(problem['status'], status);
		assert.equal(problem['request_id'], 'test:1');
		assert.equal(response.headers.get('x-request-id'), 'test:1');
	}
});

test('four processes may start at once on an empty folder', async (t) => {
	const DATA_DIR = await dataFolder(t);
	const names = ['a', 'b', 'c', 'd'];
	const apis = await Promise.all(names.map((INSTANCE_NAME) => startApi(t, { DATA_DIR, INSTANCE_NAME })));
	for (const [index, { url, process }] of apis.entries()) {
		assert.equal((await fetch(`${url}/healthz`)).status, 200);
		assert.equal((await get<Page>(`${url}/v1/avatars?limit=100`)).data.length, 100);
		const { instance, pid } = await get<{ instance: string; pid: number }>(`${url}/v1/whoami`);
		assert.deepEqual([instance, pid], [names[index], process.pid]);
	}
	assert.deepEqual(await Promise.all(apis.map(({ stop }) => stop())), [0, 0, 0, 0]);
});
