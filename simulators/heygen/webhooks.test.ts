import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { type Client, fits, running, until } from './testing/client.ts';
import { type Received, receiver } from './testing/receiver.ts';

const HOUR_MS = 3_600_000;
const hmac = (key: string, body: string) => createHmac('sha256', key).update(body).digest('hex');

async function registered(client: Client, url: string, events: string[] | null = null): Promise<string> {
	const { body } = await client.post('/v3/webhooks/endpoints', { url, events });
	return body.data.secret;
}

async function started(t: TestContext, knobs = {}) {
	const client = await running(t, { knobs });
	const hooks = await receiver(t);
	return { client, hooks, secret: await registered(client, hooks.url) };
}

/** Lets the jobs end, and then their webhooks be sent. */
function finish(client: Client): void {
	client.simulator.advance(HOUR_MS);
	client.simulator.advance(60_000);
}

test('the end of a job is told, signed', async (t) => {
	const { client, hooks, secret } = await started(t);
	const id = await client.create({ callback_id: 'mine' });
	finish(client);
	await until(() => hooks.received.length === 1);
	const { raw, body, headers } = hooks.received[0] as Received;
	fits(body, 'webhook-success');
	assert.deepEqual([body.event_data.video_id, body.event_data.callback_id], [id, 'mine']);
	assert.equal(headers['heygen-signature'], hmac(secret, raw));
	assert.equal(headers['heygen-event-id'], body.event_id);
	assert.ok(Math.abs(Number(headers['heygen-timestamp']) - Date.now() / 1000) < 300);
	assert.equal((await fetch(body.event_data.url)).status, 200);

	client.simulator.turn({ failureRate: 1, secretPrefixInKey: false, clientClock: 'simulated' });
	const failed = await client.create();
	finish(client);
	await until(() => hooks.received.length === 2);
	const fail = hooks.received[1] as Received;
	fits(fail.body, 'webhook-fail');
	assert.equal(fail.body.event_data.video_id, failed);
	assert.equal(fail.headers['heygen-signature'], hmac(secret.slice('whsec_'.length), fail.raw));
	assert.ok(Number(fail.headers['heygen-timestamp']) > Date.now() / 1000 + 3600);
	client.simulator.turn({ failBody: 'failure' });
	await client.create();
	finish(client);
	await until(() => hooks.received.length === 3);
	fits(hooks.received[2]?.body, 'webhook-fail');
});

test('a callback_url is told too, signed only where the knob says so', async (t) => {
	const { client, hooks, secret } = await started(t);
	const own = await receiver(t);
	for (const signCallbacks of [false, true]) {
		client.simulator.turn({ signCallbacks });
		await client.create({ callback_url: own.url });
		finish(client);
	}
	await until(() => own.received.length === 2 && hooks.received.length === 2);
	const [bare, signed] = own.received as [Received, Received];
	assert.equal(bare.headers['heygen-signature'], undefined);
	assert.equal(signed.headers['heygen-signature'], hmac(secret, signed.raw));
});

test('only subscribed events are sent; a batch calls back once', async (t) => {
	const client = await running(t);
	const [hooks, own] = [await receiver(t), await receiver(t)];
	await registered(client, hooks.url, ['avatar_video.fail', 'video_translate.success']);
	await client.create();
	const order = { video: { type: 'url', url: 'https://example.com/a.mp4' }, output_languages: ['French'] };
	await client.post('/v3/video-translations', order);
	const video = { type: 'avatar', avatar_id: 'avatar_ada_office', script: 'Hi' };
	await client.post('/v3/videos/batches', { videos: [video, video], callback_url: own.url });
	finish(client);
	await until(() => hooks.received.length === 1 && own.received.length === 1);
	assert.equal(hooks.received[0]?.body.event_type, 'video_translate.success');
	assert.deepEqual(own.received[0]?.body.event_data.counts_by_status, { completed: 2 });
});

test('what a receiver refuses comes again, with the same id, for a day', async (t) => {
	const { client, hooks } = await started(t);
	hooks.answer(503);
	await client.create();
	finish(client);
	await until(() => hooks.received.length === 1);
	const deliveries = async () => (await client.get('/_simulator/deliveries')).body.deliveries;
	for (let seen = 1; seen < 8; seen++) {
		await until(async () => (await deliveries())[0].last === '503' && (await deliveries())[0].attempts === seen);
		client.simulator.advance(11 * HOUR_MS);
		await until(() => hooks.received.length === seen + 1);
	}
	await until(async () => (await deliveries())[0].state === 'given up');
	client.simulator.advance(48 * HOUR_MS);
	assert.equal(new Set(hooks.received.map(({ body }) => body.event_id)).size, 1);
	assert.equal(hooks.received.length, 8);

	await client.create();
	finish(client);
	await until(() => hooks.received.length === 9);
	hooks.answer(200);
	await until(async () => (await deliveries())[1].last === '503');
	client.simulator.advance(10_000);
	await until(async () => (await deliveries())[1].state === 'delivered');
	assert.equal(hooks.received.length, 10);
});

test('webhooks are lost, late, doubled or unsubscribed as the knobs say', async (t) => {
	const { client, hooks } = await started(t, { webhookLostRate: 1 });
	const history = async () => (await client.get('/v3/webhooks/events')).body.data.length;
	await client.create();
	finish(client);
	assert.equal(await history(), 1, 'a lost one is in the history');
	client.simulator.turn({ webhookLostRate: 0, webhookUnsubscribedRate: 1 });
	await client.create();
	finish(client);
	assert.equal(await history(), 1, 'one that nobody is subscribed to is not');
	client.simulator.turn({ webhookUnsubscribedRate: 0, webhookLateRate: 1, webhookLateMs: 2 * HOUR_MS });
	await client.create();
	finish(client);
	assert.equal(hooks.received.length, 0);
	client.simulator.advance(2 * HOUR_MS);
	await until(() => hooks.received.length === 1);
	client.simulator.turn({ webhookLateRate: 0, webhookDuplicateRate: 1 });
	await client.create();
	finish(client);
	await until(() => hooks.received.length === 3);
	assert.equal(hooks.received[1]?.body.event_id, hooks.received[2]?.body.event_id);
});

test('a receiver that is not there, or answers a redirect, is a failure like any other', async (t) => {
	const { client, hooks } = await started(t);
	hooks.answer(302);
	await client.create({ callback_url: 'http://127.0.0.1:1/nobody' });
	finish(client);
	await until(async () => {
		const { deliveries } = (await client.get('/_simulator/deliveries')).body;
		const ends = deliveries.map(({ last }: { last: string }) => last).sort();
		return ends[0] === '302' && ends[1] === 'ECONNREFUSED';
	});
});
