import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isError, running, until, VIDEO } from './testing/client.ts';

const HOUR_MS = 3_600_000;

test('a call needs a key, as X-Api-Key or as Bearer token', async (t) => {
	const client = await running(t);
	const with_ = (headers: Record<string, string>) => fetch(`${client.simulator.url}/v3/videos`, { headers });
	assert.equal((await with_({})).status, 401);
	assert.equal((await with_({ 'x-api-key': 'wrong' })).status, 401);
	assert.equal((await with_({ authorization: 'Bearer wrong' })).status, 401);
	assert.equal((await with_({ authorization: 'Bearer simulator-key' })).status, 200);
	isError(await client.get('/v3/videos', { key: 'wrong' }), 401, 'unauthorized');
});

test('each account has its own slots, videos and endpoints', async (t) => {
	const client = await running(t, {
		accounts: [
			{ name: 'a', keys: ['ka'], maxJobs: 1 },
			{ name: 'b', keys: ['kb'], maxJobs: 2 },
			{ name: 'r', keys: ['kr'], readOnly: true },
		],
	});
	const id = await client.create({}, { key: 'ka' });
	isError(await client.post('/v3/videos', VIDEO, { key: 'ka' }), 429, 'rate_limit_exceeded');
	await client.create({}, { key: 'kb' });
	await client.create({}, { key: 'kb' });
	isError(await client.get(`/v3/videos/${id}`, { key: 'kb' }), 404, 'video_not_found');
	const { body } = await client.get(`/v3/videos/statuses?video_ids=${id}`, { key: 'kb' });
	assert.equal(body.data[0].status, 'not_found');
	isError(await client.post('/v3/videos', VIDEO, { key: 'kr' }), 403, 'forbidden');
});

test('at the cap there is 429 with Retry-After, and a slot comes free at the end of a job', async (t) => {
	const client = await running(t, { timeScale: 10 });
	for (let at = 0; at < 10; at++) await client.create();
	const refused = await client.post('/v3/videos', VIDEO);
	isError(refused, 429, 'rate_limit_exceeded');
	assert.equal(refused.headers.get('retry-after'), '3');
	client.simulator.turn({ clientClock: 'simulated' });
	assert.equal((await client.post('/v3/videos', VIDEO)).headers.get('retry-after'), '30');
	const [first] = client.simulator.ledger().jobs;
	await client.ask('DELETE', `/v3/videos/${first?.id}`);
	await client.create();
	assert.equal((await client.post('/v3/videos', VIDEO)).status, 429);
	client.simulator.advance(2 * HOUR_MS);
	await client.create();
	assert.equal(client.simulator.ledger().accounts[0]?.mostAtATime, 10);
});

test('where the cap queues, jobs wait in order, and never more run than may', async (t) => {
	const client = await running(t, { knobs: { atCap: 'queue', maxJobs: 2 } });
	for (let at = 0; at < 7; at++) await client.create({ title: String(at) });
	const [account] = client.simulator.ledger().accounts;
	assert.deepEqual([account?.active, account?.waiting], [2, 5]);
	const words = (await client.get('/v3/videos')).body.data.map(({ status }: { status: string }) => status);
	assert.deepEqual([words[0], words[6]], ['waiting', 'pending']);
	const starts = () => client.simulator.ledger().jobs.map(({ startAt }) => startAt);
	assert.deepEqual(starts(), [...starts()].sort());
	const before = starts();
	const [, second] = client.simulator.ledger().jobs;
	await client.ask('DELETE', `/v3/videos/${second?.id}`);
	assert.ok((starts()[2] as string) < (before[2] as string), 'the next one takes the slot of a deleted one at once');
	client.simulator.turn({ maxJobs: 4 });
	assert.equal(client.simulator.ledger().accounts[0]?.active, 4);
	client.simulator.advance(5 * HOUR_MS);
	assert.ok(
		client.simulator.ledger().jobs.every(({ status, deletedAt }) => status === 'completed' || deletedAt !== null),
	);
	assert.equal(client.simulator.ledger().accounts[0]?.mostAtATime, 4);
});

test('other users take slots of the account, and their jobs are seen', async (t) => {
	const client = await running(t, { knobs: { otherJobs: 7 } });
	for (let at = 0; at < 3; at++) await client.create();
	isError(await client.post('/v3/videos', VIDEO), 429, 'rate_limit_exceeded');
	assert.equal((await client.get('/v3/videos')).body.data.length, 10);
	client.simulator.advance(HOUR_MS);
	await until(() => client.simulator.ledger().jobs.filter(({ origin }) => origin === 'other').length >= 14);
	assert.equal(client.simulator.ledger().accounts[0]?.mostAtATime, 10);
});

test('who cannot pay is told so', async (t) => {
	const client = await running(t, {
		accounts: [
			{ name: 'w', keys: ['kw'], balanceUsd: 0.25 },
			{ name: 's', keys: ['ks'], billing: 'subscription', credits: 1, plan: 'free' },
			{ name: 'u', keys: ['ku'], billing: 'usage_based', spendingCapUsd: 0.25 },
			{ name: 't', keys: ['kt'], trialVideos: 1 },
		],
	});
	await client.create({}, { key: 'kw' });
	isError(await client.post('/v3/videos', VIDEO, { key: 'kw' }), 402, 'insufficient_credit');
	isError(await client.post('/v3/videos', VIDEO, { key: 'ks' }), 402, 'insufficient_credit');
	isError(await client.post('/v3/videos', { ...VIDEO, resolution: '4k' }, { key: 'ks' }), 402, 'plan_upgrade_required');
	await client.create({}, { key: 'ku' });
	isError(await client.post('/v3/videos', VIDEO, { key: 'ku' }), 429, 'quota_exceeded');
	await client.create({}, { key: 'kt' });
	isError(await client.post('/v3/videos', VIDEO, { key: 'kt' }), 402, 'trial_limit_exceeded');
	assert.equal((await client.post('/_simulator/account', { name: 'w', balanceUsd: 100 })).status, 200);
	await client.create({}, { key: 'kw' });
	client.simulator.turn({ creditExhausted: true });
	isError(await client.post('/v3/videos', VIDEO, { key: 'kw' }), 402, 'insufficient_credit');
	const order = { video: { type: 'url', url: 'https://example.com/a.mp4' }, output_languages: ['French', 'Dutch'] };
	client.simulator.turn({ creditExhausted: false });
	await client.post('/_simulator/account', { name: 'w', balanceUsd: 2 });
	isError(await client.post('/v3/video-translations', order, { key: 'kw' }), 402, 'insufficient_credit');
	assert.equal(client.simulator.ledger('w').jobs.length, 2, 'all languages or none');
});
