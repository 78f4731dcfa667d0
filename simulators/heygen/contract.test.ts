import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Client, conforms, isError, running, SCHEMAS, used, VIDEO } from './testing/client.ts';

const HOUR_MS = 3_600_000;
const list = async (client: Client, path: string, schema: string) => conforms(await client.get(path), 200, schema).data;

after(() => {
	const elsewhere = SCHEMAS.filter((name) => /^(?:legacy|webhook)-|-resource$|^event$/.test(name));
	assert.deepEqual(
		SCHEMAS.filter((name) => !used.has(name) && !elsewhere.includes(name)),
		[],
		'schemas that nothing is held against',
	);
});

test('a video is created, rendered, listed and deleted', async (t) => {
	const client = await running(t);
	const { data } = conforms(
		await client.post('/v3/videos', { ...VIDEO, title: 'One', folder_id: 'f1' }),
		200,
		'video-created',
	);
	assert.equal(data.status, 'waiting');
	const path = `/v3/videos/${data.video_id}`;
	assert.equal(conforms(await client.get(path), 200, 'video').data.status, 'pending');
	client.simulator.advance(20_000);
	assert.equal(conforms(await client.get(path), 200, 'video').data.status, 'processing');
	client.simulator.advance(HOUR_MS);
	const { data: done } = conforms(await client.get(path), 200, 'video');
	assert.deepEqual([done.status, done.title, done.duration], ['completed', 'One', 3.8]);

	for (let at = 0; at < 5; at++) await client.create({ title: `More ${at}` });
	const first = conforms(await client.get('/v3/videos?limit=4'), 200, 'video-list');
	assert.deepEqual([first.data.length, first.has_more, first.data[0].title], [4, true, 'More 4']);
	const rest = conforms(await client.get(`/v3/videos?limit=4&token=${first.next_token}`), 200, 'video-list');
	assert.deepEqual(
		[rest.data.length, rest.has_more, rest.next_token, rest.data[1].id],
		[2, false, null, data.video_id],
	);
	assert.equal((await list(client, '/v3/videos?title=ne', 'video-list')).length, 1);
	assert.equal((await list(client, '/v3/videos?folder_id=f1', 'video-list')).length, 1);

	conforms(await client.ask('DELETE', path), 200, 'deleted');
	isError(await client.get(path), 404, 'video_not_found');
	isError(await client.ask('DELETE', path), 404, 'video_not_found');
	assert.equal((await list(client, '/v3/videos', 'video-list')).length, 5);
});

test('a failed video has a reason and no URL', async (t) => {
	const client = await running(t, { knobs: { failureRate: 1, failureCode: 'moderation_failed' } });
	const id = await client.create();
	client.simulator.advance(HOUR_MS);
	const { data } = conforms(await client.get(`/v3/videos/${id}`), 200, 'video');
	assert.deepEqual([data.status, data.failure_code, data.video_url], ['failed', 'moderation_failed', null]);
});

test('statuses of up to 100 come at once, with what is not there', async (t) => {
	const client = await running(t, { knobs: { failureRate: 1 } });
	const failed = await client.create();
	client.simulator.advance(HOUR_MS);
	client.simulator.turn({ failureRate: 0 });
	const waiting = await client.create();
	const data = await list(client, `/v3/videos/statuses?video_ids=${failed},v_none,${waiting}`, 'statuses');
	assert.deepEqual(
		data.map(({ video_id, status }: { video_id: string; status: string }) => [video_id, status]),
		[
			[failed, 'failed'],
			['v_none', 'not_found'],
			[waiting, 'pending'],
		],
	);
	client.simulator.turn({ bulkWords: 'batch' });
	assert.equal((await list(client, `/v3/videos/statuses?video_ids=${waiting}`, 'statuses'))[0].status, 'queued');
	const many = Array.from({ length: 101 }, (_, at) => `v_${at}`);
	assert.equal((await list(client, `/v3/videos/statuses?video_ids=${many.slice(1)}`, 'statuses')).length, 100);
	isError(await client.get(`/v3/videos/statuses?video_ids=${many}`), 400, 'invalid_parameter');
	isError(await client.get('/v3/videos/statuses'), 400, 'invalid_parameter');
});

test('items of a batch wait for slots, and a bad one fails alone', async (t) => {
	const client = await running(t, { knobs: { maxJobs: 2 } });
	const videos = [VIDEO, { ...VIDEO, avatar_id: 'nobody' }, VIDEO, VIDEO];
	const { data } = conforms(await client.post('/v3/videos/batches', { videos, title: 'All' }), 202, 'batch-created');
	assert.deepEqual(data.counts_by_status, { queued: 3, failed: 1 });
	const path = `/v3/videos/batches/${data.batch_id}`;
	const begun = conforms(await client.get(path), 200, 'batch').data;
	assert.deepEqual(
		begun.items.map(({ video_id }: { video_id: string | null }) => video_id !== null),
		[true, false, true, false],
	);
	assert.equal(begun.items[1].error.code, 'avatar_not_found');
	isError(await client.post('/v3/videos', VIDEO), 429, 'rate_limit_exceeded');
	assert.equal((await list(client, `/v3/videos/statuses?batch_ids=${data.batch_id}`, 'statuses')).length, 4);
	client.simulator.advance(3 * HOUR_MS);
	const ended = conforms(await client.get(`${path}?limit=3`), 200, 'batch').data;
	assert.deepEqual(
		[ended.status, ended.counts_by_status, ended.has_more],
		['completed', { completed: 3, failed: 1 }, true],
	);
	assert.equal(client.simulator.ledger().accounts[0]?.mostAtATime, 2);
	isError(await client.get('/v3/videos/batches/none'), 404, 'not_found');
	isError(await client.post('/v3/videos/batches', { videos: Array(101).fill(VIDEO) }), 400, 'invalid_parameter');
});

test('a video is translated, one job for each language', async (t) => {
	const client = await running(t, { knobs: { maxJobs: 3 } });
	conforms(await client.get('/v3/video-translations/languages'), 200, 'languages');
	const video = { type: 'url', url: 'https://example.com/a.mp4' };
	const order = { video, output_languages: ['Spanish', 'French'], title: 'T' };
	const { data } = conforms(await client.post('/v3/video-translations', order), 200, 'translation-created');
	isError(await client.post('/v3/video-translations', order), 429, 'rate_limit_exceeded');
	const [one, other] = data.video_translation_ids;
	client.simulator.advance(20_000);
	assert.equal(conforms(await client.get(`/v3/video-translations/${one}`), 200, 'translation').data.status, 'running');
	client.simulator.advance(HOUR_MS);
	assert.equal(
		conforms(await client.get(`/v3/video-translations/${other}`), 200, 'translation').data.output_language,
		'French',
	);
	assert.equal((await list(client, '/v3/video-translations', 'translation-list')).length, 2);
	assert.equal((await list(client, '/v3/videos', 'video-list')).length, 0);
	const ids = `video_translation_ids=${one},tr_none`;
	assert.equal((await list(client, `/v3/video-translations/statuses?${ids}`, 'statuses'))[1].status, 'not_found');
	const batch = conforms(
		await client.post('/v3/video-translations/batches', { video_translations: [order, { video }] }),
		202,
		'batch-created',
	);
	assert.equal(batch.data.total_items, 3);
	conforms(await client.get(`/v3/video-translations/batches/${batch.data.batch_id}`), 200, 'batch');
	isError(
		await client.post('/v3/video-translations', { ...order, output_languages: ['Klingon'] }),
		400,
		'invalid_parameter',
	);
});

test('avatars, looks, voices and templates are listed in pages', async (t) => {
	const client = await running(t);
	const seen = new Set<string>();
	for (let token = ''; ; ) {
		const page = conforms(await client.get(`/v3/avatars/looks?limit=7${token}`), 200, 'look-list');
		for (const { id } of page.data) seen.add(id);
		if (!page.has_more) break;
		token = `&token=${page.next_token}`;
	}
	assert.equal(seen.size, 49);
	assert.equal((await list(client, '/v3/avatars/looks?group_id=group_ada', 'look-list')).length, 4);
	assert.equal((await list(client, '/v3/avatars', 'avatar-list')).length, 12);
	assert.equal((await list(client, '/v3/voices?language=Spanish&gender=male', 'voice-list')).length, 3);
	assert.equal((await list(client, '/v3/templates', 'template-list')).length, 2);
	conforms(await client.get('/v3/templates/template_greeting'), 200, 'template');
	conforms(await client.post('/v3/templates/template_greeting', { variables: { name: 'Ada' } }), 200, 'video-created');
	isError(
		await client.post('/v3/templates/template_greeting', { variables: { nobody: 'x' } }),
		400,
		'invalid_parameter',
	);
	isError(await client.get('/v3/templates/none'), 404, 'not_found');
	isError(await client.get('/v3/avatars?token=bad'), 400, 'invalid_parameter');
	isError(await client.get('/v3/voices?limit=101'), 400, 'invalid_parameter');
});

test('an account says how it pays and what is left', async (t) => {
	const client = await running(t, {
		accounts: [
			{ name: 'a', keys: ['ka'], balanceUsd: 10 },
			{ name: 'b', keys: ['kb'], billing: 'subscription', credits: 100 },
			{ name: 'c', keys: ['kc'], billing: 'usage_based', spendingCapUsd: 5 },
		],
	});
	for (const key of ['ka', 'kb', 'kc']) await client.create({ script: 'x'.repeat(300) }, { key });
	const me = async (key: string) => conforms(await client.get('/v3/users/me', { key }), 200, 'user').data;
	assert.equal((await me('ka')).wallet.remaining_balance, 9);
	assert.equal((await me('kb')).subscription.credits.premium_credits.remaining, 80);
	assert.deepEqual((await me('kc')).usage_based, { spending_current_usd: 1, spending_cap_usd: 5 });
});

test('a file is uploaded and read again', async (t) => {
	const client = await running(t);
	const bytes = Buffer.concat([Buffer.from('%PDF-1.7\r\n\r\n--not-a-boundary\r\n'), Buffer.alloc(100_000, 7)]);
	const form = new FormData();
	form.set('note', 'not this one');
	form.set('file', new Blob([bytes]), 'a.pdf');
	const upload = (body: FormData) =>
		fetch(`${client.simulator.url}/v3/assets`, { method: 'POST', headers: { 'x-api-key': 'simulator-key' }, body });
	const answer = await upload(form);
	const { data } = conforms(
		{ status: answer.status, headers: answer.headers, body: await answer.json() },
		200,
		'asset',
	);
	assert.deepEqual([data.mime_type, data.size_bytes], ['application/pdf', bytes.length]);
	assert.deepEqual(Buffer.from(await (await fetch(data.url)).arrayBuffer()), bytes);
	conforms(await client.get(`/v3/assets/${data.asset_id}`), 200, 'asset');
	isError(await client.get('/v3/assets/none'), 404, 'asset_not_found');
	form.set('file', new Blob([Buffer.alloc(32 * 1024 * 1024 + 1, 7)]), 'b.pdf');
	assert.equal((await upload(form)).status, 413);
	form.set('file', new Blob(['a text of no known kind']), 'c.txt');
	assert.equal((await upload(form)).status, 400);
});

test('endpoints of webhooks are added, changed, listed and removed; the secret is told once', async (t) => {
	const client = await running(t);
	const path = '/v3/webhooks/endpoints';
	const { data } = conforms(
		await client.post(path, { url: 'https://a.example/hook', events: ['avatar_video.fail'] }),
		200,
		'endpoint-created',
	);
	isError(await client.post(path, { url: 'https://a.example/hook' }), 409, 'conflict');
	isError(await client.post(path, { url: 'https://b.example', events: ['no.such'] }), 400, 'invalid_parameter');
	isError(await client.post(path, { url: 'gopher://b.example' }), 400, 'invalid_parameter');
	const changed = conforms(await client.ask('PATCH', `${path}/${data.endpoint_id}`, { events: null }), 200, 'endpoint');
	assert.deepEqual([changed.data.url, changed.data.events], ['https://a.example/hook', null]);
	const rotated = conforms(await client.post(`${path}/${data.endpoint_id}/rotate-secret`, {}), 200, 'secret-rotated');
	assert.notEqual(rotated.data.secret, data.secret);
	assert.equal((await list(client, path, 'endpoint-list')).length, 1);
	assert.equal((await client.ask('DELETE', `${path}/${data.endpoint_id}`)).status, 200);
	isError(await client.ask('DELETE', `${path}/${data.endpoint_id}`), 404, 'not_found');
	assert.ok((await list(client, '/v3/webhooks/event-types', 'event-types')).length >= 20);
	await client.create({ callback_id: 'job-1' });
	client.simulator.advance(HOUR_MS);
	const events = await list(client, '/v3/webhooks/events?event_type=avatar_video.success', 'event-list');
	assert.deepEqual(
		events.map(({ event_data }: { event_data: { callback_id: string } }) => event_data.callback_id),
		['job-1'],
	);
});
