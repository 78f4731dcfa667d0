import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conforms, fits, isError, running, until } from './testing/client.ts';
import { receiver } from './testing/receiver.ts';

const HOUR_MS = 3_600_000;
const ORDER = {
	title: 'Old',
	callback_id: 'c1',
	dimension: { width: 1280, height: 720 },
	video_inputs: [
		{
			character: { type: 'avatar', avatar_id: 'avatar_ada_office', avatar_style: 'normal' },
			voice: { type: 'text', input_text: 'Hello there.', voice_id: 'voice_english_ada' },
			background: { type: 'color', value: '#000000' },
		},
	],
};

test('v1 and v2 are served on demand, with the day of their end, and what is too much waits', async (t) => {
	const client = await running(t, { knobs: { legacy: 'on', maxJobs: 1 } });
	const reply = await client.post('/v2/video/generate', ORDER);
	const { data } = conforms(reply, 200, 'legacy-generated');
	assert.deepEqual(
		[reply.headers.get('deprecation'), reply.headers.get('sunset')],
		['true', 'Sat, 31 Oct 2026 23:59:59 GMT'],
	);
	const second = conforms(await client.post('/v2/video/generate', ORDER), 200, 'legacy-generated').data;
	const status = async (id: string) =>
		conforms(await client.get(`/v1/video_status.get?video_id=${id}`), 200, 'legacy-status').data;
	assert.deepEqual(
		[(await status(data.video_id)).status, (await status(second.video_id)).status],
		['pending', 'waiting'],
	);
	client.simulator.advance(2 * HOUR_MS);
	const done = await status(second.video_id);
	assert.deepEqual([done.status, done.callback_id, (await fetch(done.video_url)).status], ['completed', 'c1', 200]);
	assert.equal(client.simulator.ledger().accounts[0]?.mostAtATime, 1);
});

test('its lists and its quota have their own forms', async (t) => {
	const client = await running(t, { knobs: { legacy: 'on' } });
	conforms(await client.get('/v2/avatars'), 200, 'legacy-avatars');
	conforms(await client.get('/v2/voices'), 200, 'legacy-voices');
	assert.equal(
		conforms(await client.get('/v2/user/remaining_quota'), 200, 'legacy-quota').data.remaining_quota,
		20_000_000,
	);
});

test('its errors do too', async (t) => {
	const client = await running(t, { knobs: { legacy: 'on', failureRate: 1 } });
	conforms(await client.post('/v2/video/generate', {}), 400, 'legacy-error');
	conforms(await client.get('/v1/video_status.get?video_id=none'), 404, 'legacy-error');
	conforms(await client.get('/v2/avatars', { key: 'wrong' }), 401, 'legacy-error');
	for (const video_inputs of [[{}], [{ ...ORDER.video_inputs[0], character: { type: 'avatar', avatar_id: 'x' } }]])
		assert.ok((await client.post('/v2/video/generate', { video_inputs })).status >= 400);
	const { data } = (await client.post('/v2/video/generate', ORDER)).body;
	client.simulator.advance(HOUR_MS);
	const failed = conforms(
		await client.get(`/v1/video_status.get?video_id=${data.video_id}`),
		200,
		'legacy-status',
	).data;
	assert.deepEqual([failed.status, failed.error.code], ['failed', 'rendering_failed']);
});

test('an endpoint is taken only where it answers OPTIONS within a second', async (t) => {
	const client = await running(t, { knobs: { legacy: 'on' } });
	const hooks = await receiver(t);
	const add = () => client.post('/v1/webhook/endpoint.add', { url: hooks.url, events: ['avatar_video.success'] });
	hooks.answer(0);
	conforms(await add(), 400, 'legacy-error');
	hooks.answer(200);
	let added = await add();
	// The second is a real one, and this machine may be slow.
	await until(async () => added.status === 200 || (added = await add()).status === 200);
	const { data } = conforms(added, 200, 'legacy-endpoint');
	assert.ok(hooks.received.length >= 2 && hooks.received.every(({ method }) => method === 'OPTIONS'));
	assert.equal(conforms(await client.get('/v1/webhook/endpoint.list'), 200, 'legacy-endpoints').data.length, 1);
	assert.equal((await client.ask('DELETE', `/v1/webhook/endpoint.delete?endpoint_id=${data.endpoint_id}`)).status, 200);
	fits((await client.get('/v1/webhook/endpoint.list')).body, 'legacy-endpoints');
	conforms(await client.ask('DELETE', '/v1/webhook/endpoint.delete?endpoint_id=none'), 404, 'legacy-error');
});

test('else they are not there, or gone', async (t) => {
	const client = await running(t);
	conforms(await client.get('/v2/avatars'), 404, 'legacy-error');
	client.simulator.turn({ legacy: 'gone' });
	conforms(await client.get('/v2/avatars'), 410, 'legacy-error');
	isError(await client.get('/v3/none'), 404, 'not_found');
});
