import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { dataFolder, json, startApi, until } from './running-api.ts';

const bytes = randomBytes(300_000);
const sha256 = createHash('sha256').update(bytes).digest('hex');

const upload = (url: string, body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}) =>
	fetch(`${url}/v1/assets`, { method: 'POST', body, headers, duplex: 'half' } as RequestInit);

function form(): FormData {
	const parts = new FormData();
	parts.set('note', 'hi');
	parts.set('file', new Blob([bytes], { type: 'image/png' }), 'face.png');
	return parts;
}

test('a raw body or a file of a form comes back as it was', async (t) => {
	const { url } = await startApi(t);
	const raw = await upload(url, bytes, { 'content-type': 'video/mp4' });
	const parts = await upload(url, form());
	for (const [response, type, name] of [
		[raw, 'video/mp4', null],
		[parts, 'image/png', 'face.png'],
	] as const) {
		assert.equal(response.status, 201);
		const { data } = await json(response);
		assert.deepEqual([data.sha256, data.bytes, data.content_type, data.name], [sha256, bytes.length, type, name]);
		const got = await fetch(url + response.headers.get('location'));
		assert.equal(got.headers.get('content-type'), type);
		assert.ok(bytes.equals(new Uint8Array(await got.arrayBuffer())));
	}
});

test('ranges and conditions', async (t) => {
	const { url } = await startApi(t);
	const one = url + (await upload(url, bytes)).headers.get('location');
	const ask = (headers: Record<string, string>, method = 'GET') => fetch(one, { headers, method });

	const part = await ask({ range: 'bytes=1000-1999', 'if-range': `"${sha256}"` });
	assert.deepEqual([part.status, part.headers.get('content-range')], [206, 'bytes 1000-1999/300000']);
	assert.ok(bytes.subarray(1000, 2000).equals(new Uint8Array(await part.arrayBuffer())));

	const changed = await ask({ range: 'bytes=1000-1999', 'if-range': '"other"' });
	assert.equal((await changed.arrayBuffer()).byteLength, bytes.length);

	const beyond = await ask({ range: 'bytes=300000-' });
	assert.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, 'bytes */300000']);

	assert.equal((await ask({ 'if-none-match': `"${sha256}"` })).status, 304);
	const head = await ask({ range: 'bytes=0-0' }, 'HEAD');
	assert.deepEqual([head.status, head.headers.get('content-length')], [200, '300000']);
	assert.equal((await fetch(`${url}/v1/assets/as_none`)).status, 404);
});

test('too large: refused at once or while it comes, and nothing stays', async (t) => {
	const DATA_DIR = await dataFolder(t);
	const { url } = await startApi(t, { DATA_DIR, MAX_ASSET_BYTES: '100000' });
	const stream = () => new Blob([bytes]).stream();
	for (const body of [bytes, stream(), form()]) {
		const response = await upload(url, body);
		assert.deepEqual([response.status, (await json(response)).code], [413, 'too_large']);
	}
	assert.equal((await upload(url, bytes.subarray(0, 100_000))).status, 201);
	assert.equal((await readdir(join(DATA_DIR, 'assets'))).length, 1);
});

test('a form without a file, an empty file', async (t) => {
	const { url } = await startApi(t);
	const parts = new FormData();
	parts.set('note', 'hi');
	assert.equal((await upload(url, parts)).status, 400);
	const empty = await upload(url, '');
	assert.equal(empty.status, 201);
	const got = await fetch(url + empty.headers.get('location'));
	assert.deepEqual([got.status, (await got.arrayBuffer()).byteLength], [200, 0]);
});

test('an upload that breaks off leaves nothing', async (t) => {
	const DATA_DIR = await dataFolder(t);
	const { url } = await startApi(t, { DATA_DIR });
	const files = () => readdir(join(DATA_DIR, 'assets'));
	const broken = request(`${url}/v1/assets`, { method: 'POST', headers: { 'content-length': '300000' } });
	broken.on('error', () => undefined);
	broken.write(bytes.subarray(0, 100_000));
	await until(async () => (await files()).length === 1);
	broken.destroy();
	await until(async () => (await files()).length === 0);
});

test('echo: what arrived, secrets as hashes', async (t) => {
	const { url } = await startApi(t);
	const headers = { 'X-Test': 'a', cookie: 'secret=1', authorization: 'Bearer token' };
	const response = await fetch(`${url}/v1/echo?x=1`, { method: 'POST', body: bytes, headers });
	const text = await response.text();
	const echo = JSON.parse(text);
	assert.deepEqual([echo.method, echo.url, echo.body], ['POST', '/v1/echo?x=1', { bytes: bytes.length, sha256 }]);
	const fields = new Map(echo.headers.map(([name, value]: [string, string]) => [name.toLowerCase(), value]));
	assert.equal(fields.get('x-test'), 'a');
	assert.match(String(fields.get('cookie')), /^sha256:[0-9a-f]{12}$/);
	assert.ok(!text.includes('Bearer') && !text.includes('secret='));
});
