import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isError, running, until, VIDEO } from './testing/client.ts';

const HOUR_MS = 3_600_000;
const keyed = (key: string) => ({ headers: { 'idempotency-key': key } });

test('a key gives the first answer again for 24 hours, whatever the body says', async (t) => {
	const client = await running(t);
	const first = await client.post('/v3/videos', VIDEO, keyed('job-1'));
	client.simulator.advance(23.9 * HOUR_MS);
	const again = await client.post('/v3/videos', { ...VIDEO, script: 'Another text', type: 'nonsense' }, keyed('job-1'));
	assert.deepEqual([again.status, again.body], [200, first.body]);
	assert.equal(client.simulator.ledger().jobs.length, 1);
	assert.equal(client.simulator.calls()['POST /v3/videos']?.['replayed'], 1);
	client.simulator.advance(0.2 * HOUR_MS);
	const later = await client.post('/v3/videos', VIDEO, keyed('job-1'));
	assert.notEqual(later.body.data.video_id, first.body.data.video_id);
	assert.deepEqual(client.simulator.ledger().repeated.idempotencyKeys, ['main job-1']);
});

test('a key counts for one account, one endpoint and one resource', async (t) => {
	const client = await running(t, {
		accounts: [
			{ name: 'a', keys: ['ka', 'ka2'] },
			{ name: 'b', keys: ['kb'] },
		],
	});
	const make = async (key: string, path = '/v3/videos') => {
		const { body } = await client.post(path, { ...VIDEO, videos: [VIDEO] }, { key, ...keyed('k') });
		return body.data.video_id ?? body.data.batch_id;
	};
	const ids = [
		await make('ka'),
		await make('kb'),
		await make('ka', '/v3/videos/batches'),
		await make('ka', '/v3/templates/template_greeting'),
		await make('ka', '/v3/templates/template_product'),
	];
	assert.equal(new Set(ids).size, ids.length);
	assert.equal(await make('ka2'), ids[0]);
});

test('a retry while the first call is under way gets 409', async (t) => {
	const client = await running(t, { knobs: { createP50Ms: 60_000, createP99Ms: 60_000 } });
	const first = client.post('/v3/videos', VIDEO, keyed('k'));
	await until(async () => (await client.get('/_simulator/calls')).body.keysUnderWay === 1);
	const second = client.post('/v3/videos', VIDEO, keyed('k'));
	isError(await second, 409, 'request_in_progress');
	client.simulator.advance(30_000);
	isError(await client.post('/v3/videos', VIDEO, keyed('k')), 409, 'request_in_progress');
	await until(() => client.simulator.ledger().jobs.length === 1);
	client.simulator.advance(31_000);
	const { body } = await first;
	assert.deepEqual((await client.post('/v3/videos', VIDEO, keyed('k'))).body, body);
});

test('a key is 1 to 255 of certain characters', async (t) => {
	const client = await running(t);
	for (const key of ['a', 'A-z_0:9.', 'x'.repeat(255)])
		assert.equal((await client.post('/v3/videos', VIDEO, keyed(key))).status, 200);
	for (const key of ['', 'x'.repeat(256), 'a b', 'ä', 'a/b'])
		isError(await client.post('/v3/videos', VIDEO, keyed(key)), 400, 'invalid_parameter');
});

test('errors of the call are given again, those of the moment are not', async (t) => {
	const client = await running(t, { knobs: { maxJobs: 1 } });
	const bad = { ...VIDEO, avatar_id: 'nobody' };
	isError(await client.post('/v3/videos', bad, keyed('bad')), 404, 'avatar_not_found');
	isError(await client.post('/v3/videos', VIDEO, keyed('bad')), 404, 'avatar_not_found');
	client.simulator.turn({ replayErrors: false });
	isError(await client.post('/v3/videos', bad, keyed('other')), 404, 'avatar_not_found');
	await client.create({}, keyed('other'));
	isError(await client.post('/v3/videos', VIDEO, keyed('third')), 429, 'rate_limit_exceeded');
	client.simulator.advance(HOUR_MS);
	await client.create({}, keyed('third'));
});

test('a call whose answer was lost has made its job, and the key tells which', async (t) => {
	const client = await running(t, { knobs: { crashRate: 1 } });
	await assert.rejects(client.post('/v3/videos', VIDEO, keyed('k')), /fetch failed/);
	const [job] = client.simulator.ledger().jobs;
	assert.equal((await client.post('/v3/videos', VIDEO, keyed('k'))).body.data.video_id, job?.id);
	await assert.rejects(client.post('/v3/videos', VIDEO));
	assert.equal(client.simulator.ledger().jobs.length, 2);
	client.simulator.turn({ crashAs: 'gateway_timeout' });
	isError(await client.post('/v3/videos', VIDEO, keyed('k2')), 504, 'gateway_timeout');
	assert.equal((await client.post('/v3/videos', VIDEO, keyed('k2'))).status, 200);
	assert.equal(client.simulator.ledger().jobs.length, 3);
	client.simulator.turn({ crashRate: 0, crashBeforeRate: 1 });
	await assert.rejects(client.post('/v3/videos', VIDEO, keyed('k3')), /fetch failed/);
	assert.equal(client.simulator.ledger().jobs.length, 3);
	client.simulator.turn({ crashBeforeRate: 0 });
	await client.create({}, keyed('k3'));
});
