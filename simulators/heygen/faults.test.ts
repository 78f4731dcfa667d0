import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, isError, running, until, VIDEO } from './testing/client.ts';

const HOUR_MS = 3_600_000;

async function statusesOf(client: Client, calls: number): Promise<number[]> {
	const statuses: number[] = [];
	for (let at = 0; at < calls; at++) statuses.push((await client.get('/v3/voices?limit=1')).status);
	return statuses;
}

test('calls fail at a rate, and all of them in a burst', async (t) => {
	const client = await running(t, { knobs: { errorRate: 0.3 } });
	const failed = (await statusesOf(client, 100)).filter((status) => status === 500 || status === 504).length;
	assert.ok(failed > 15 && failed < 45, `${failed} of 100`);
	client.simulator.turn({ errorRate: 0, burstEveryMs: 2 * HOUR_MS, burstLengthMs: HOUR_MS });
	assert.ok((await statusesOf(client, 5)).every((status) => status >= 500));
	client.simulator.advance(HOUR_MS);
	assert.deepEqual(await statusesOf(client, 3), [200, 200, 200]);
	client.simulator.advance(HOUR_MS);
	assert.ok((await statusesOf(client, 5)).every((status) => status >= 500));
});

test('a test orders the errors that it needs', async (t) => {
	const client = await running(t);
	const order = (body: object) => client.post('/_simulator/fail-next', body);
	await order({ code: 'gateway_timeout', method: 'POST', path: '/v3/videos', times: 2 });
	await order({ code: 'rate_limit_exceeded', method: 'GET' });
	isError(await client.post('/v3/videos', VIDEO), 504, 'gateway_timeout');
	const limited = await client.get('/v3/videos');
	isError(limited, 429, 'rate_limit_exceeded');
	assert.equal(limited.headers.get('retry-after'), '30');
	isError(await client.post('/v3/videos', VIDEO), 504, 'gateway_timeout');
	await client.create();
	assert.equal(client.simulator.ledger().jobs.length, 1);
	assert.equal((await order({ code: 'nonsense' })).status, 400);
	assert.equal((await order({ code: 'conflict', times: 0 })).status, 400);
});

test('more calls a minute than are allowed get 429', async (t) => {
	const client = await running(t, { knobs: { requestsPerMinute: 3 } });
	client.simulator.advance(60_000 - (client.simulator.now() % 60_000));
	assert.deepEqual(await statusesOf(client, 4), [200, 200, 200, 429]);
	client.simulator.advance(60_000);
	assert.deepEqual(await statusesOf(client, 1), [200]);
});

test('calls that create take their time, a slow one more, and the job is made though nobody waits', async (t) => {
	const client = await running(t, {
		knobs: { createP50Ms: 60_000, createP99Ms: 60_000, slowCreateRate: 1, slowCreateMs: 2 * HOUR_MS },
	});
	const leaving = new AbortController();
	const path = `${client.simulator.url}/v3/videos`;
	const headers = { 'x-api-key': 'simulator-key', 'idempotency-key': 'k' };
	const call = fetch(path, { method: 'POST', headers, body: JSON.stringify(VIDEO), signal: leaving.signal });
	await until(async () => (await client.get('/_simulator/calls')).body.keysUnderWay === 1);
	client.simulator.advance(HOUR_MS / 2);
	leaving.abort();
	await assert.rejects(call);
	assert.equal(client.simulator.ledger().jobs.length, 0);
	client.simulator.advance(HOUR_MS);
	await until(() => client.simulator.ledger().jobs.length === 1);
	isError(await client.post('/v3/videos', VIDEO, { headers: { 'idempotency-key': 'k' } }), 409, 'request_in_progress');
	client.simulator.advance(HOUR_MS);
	const again = await client.post('/v3/videos', VIDEO, { headers: { 'idempotency-key': 'k' } });
	assert.equal(again.body.data.video_id, client.simulator.ledger().jobs[0]?.id);
});

test('a stuck job holds its slot, and fails in the end', async (t) => {
	const client = await running(t, { knobs: { stuckRate: 1, stuckMs: 10 * HOUR_MS, maxJobs: 1 } });
	const id = await client.create();
	client.simulator.advance(9 * HOUR_MS);
	assert.equal((await client.video(id)).status, 'processing');
	assert.equal((await client.post('/v3/videos', VIDEO)).status, 429);
	client.simulator.advance(2 * HOUR_MS);
	const { status, failure_code } = await client.video(id);
	assert.deepEqual([status, failure_code], ['failed', 'timeout']);
});

test('what cannot be used is named', async (t) => {
	const client = await running(t);
	const cases: [object, number, string][] = [
		[{ avatar_id: 'nobody' }, 404, 'avatar_not_found'],
		[{ avatar_id: 'avatar_in_training' }, 409, 'resource_not_ready'],
		[{ avatar_id: 'avatar_of_others' }, 403, 'resource_access_denied'],
		[{ voice_id: 'nobody' }, 404, 'voice_not_found'],
		[{ voice_id: 'voice_not_usable' }, 403, 'voice_not_usable'],
		[{ script: null, audio_url: 'https://nowhere.invalid/a.mp3' }, 400, 'download_failed'],
		[{ script: null, audio_asset_id: 'none' }, 404, 'asset_not_found'],
		[{ script: 'x'.repeat(5001) }, 400, 'invalid_parameter'],
		[{ script: null }, 400, 'invalid_parameter'],
		[{ type: 'film' }, 400, 'invalid_parameter'],
		[{ type: undefined }, 400, 'invalid_parameter'],
		[{ resolution: '8k' }, 400, 'invalid_parameter'],
		[{ callback_url: 'file:///etc/passwd' }, 400, 'invalid_parameter'],
		[{ title: 7 }, 400, 'invalid_parameter'],
		[{ type: 'image', image: 'x' }, 400, 'invalid_parameter'],
	];
	for (const [fields, status, code] of cases)
		isError(await client.post('/v3/videos', { ...VIDEO, ...fields }), status, code);
	const id = await client.create({ script: 'x'.repeat(5000) });
	const video = { type: 'url', url: `${client.simulator.url}/_files/video/${id}.mp4` };
	isError(
		await client.post('/v3/video-translations', { video, output_languages: ['French'] }),
		409,
		'resource_not_ready',
	);
	client.simulator.turn({ httpsWebhooks: true });
	isError(await client.post('/v3/videos', { ...VIDEO, callback_url: 'http://a.example' }), 400, 'invalid_parameter');
});
