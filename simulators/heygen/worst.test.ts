import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, running, VIDEO } from './testing/client.ts';

const WORST = {
	createP50Ms: 2500,
	createP99Ms: 31_000,
	renderP50Ms: 60_000,
	renderP99Ms: 180_000,
	failureRate: 0.05,
	nullUrlRate: 0.2,
	otherJobs: 2,
	otherJobsGapMs: 300_000,
	crashRate: 0.1,
	crashBeforeRate: 0.1,
	errorRate: 0.05,
	webhookLostRate: 0.2,
	webhookDuplicateRate: 0.2,
	urlLifeMs: 3_600_000,
};

/** Creates one video with one key, however often it takes; gives its id. */
async function createOnce(client: Client, key: string): Promise<string> {
	for (;;) {
		const headers = { 'idempotency-key': key };
		const reply = await client.post('/v3/videos', { ...VIDEO, callback_id: key }, { headers }).catch(() => undefined);
		if (reply?.status === 200) return reply.body.data.video_id;
		assert.ok([undefined, 409, 429, 500, 504].includes(reply?.status), JSON.stringify(reply?.body));
		await sleep(1);
	}
}

test('at the worst knobs a client with stable keys gets each video once, though the simulator restarts', async (t) => {
	const client = await running(t, { timeScale: 3000, knobs: WORST });
	const keys = Array.from({ length: 120 }, (_, at) => `job-${at}`);
	const left = [...keys];
	const ids: string[] = [];
	const worker = async (): Promise<void> => {
		for (let key = left.pop(); key !== undefined; key = left.pop()) ids.push(await createOnce(client, key));
	};
	const all = Promise.all(Array.from({ length: 14 }, worker));
	while (ids.length < 40) await sleep(1);
	client.simulator.restart();
	await all;
	client.simulator.advance(6 * 3_600_000);
	const { jobs, accounts, repeated } = client.simulator.ledger();
	assert.deepEqual(repeated, { idempotencyKeys: [], callbackIds: [] });
	const own = jobs.filter(({ origin }) => origin === 'v3');
	assert.deepEqual(own.map(({ callbackId }) => callbackId).sort(), [...keys].sort());
	assert.deepEqual(own.map(({ id }) => id).sort(), [...ids].sort());
	assert.ok(own.every(({ status }) => status === 'completed' || status === 'failed'));
	assert.ok(own.some(({ status }) => status === 'failed'));
	assert.ok((accounts[0]?.mostAtATime ?? 99) <= 10, 'the cap is never passed');
});
