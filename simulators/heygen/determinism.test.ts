import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, running, until, VIDEO } from './testing/client.ts';

const HOUR_MS = 3_600_000;
const WORST = {
	failureRate: 0.3,
	stuckRate: 0.1,
	nullUrlRate: 0.3,
	crashRate: 0.2,
	crashBeforeRate: 0.1,
	errorRate: 0.1,
	maxJobs: 1000,
};

/** What 40 creations come to; lost answers are asked for again with the same key. */
async function outcomes(client: Client, keyed: boolean): Promise<unknown[]> {
	const seen: unknown[] = [];
	for (let at = 0; at < 40; at++) {
		const headers: Record<string, string> = keyed ? { 'idempotency-key': `job-${at}` } : {};
		const reply = await client.post('/v3/videos', { ...VIDEO, title: `${at}` }, { headers }).catch(() => undefined);
		seen.push([reply?.status ?? 'reset', reply?.body.error?.code ?? null]);
	}
	client.simulator.advance(100 * HOUR_MS);
	const jobs = client.simulator.ledger().jobs;
	return [
		...seen,
		...jobs.map(({ id, title, failureCode, cost, startAt, endAt }) => [
			id,
			title,
			failureCode,
			cost,
			Date.parse(endAt) - Date.parse(startAt),
		]),
	];
}

for (const keyed of [true, false]) {
	test(`the same seed and calls ${keyed ? 'with keys ' : ''}come to the same, another seed to something else`, async (t) => {
		const run = async (seed: string) => outcomes(await running(t, { seed, knobs: WORST }), keyed);
		const [one, same, other] = [await run('7'), await run('7'), await run('8')];
		assert.deepEqual(one, same);
		assert.notDeepEqual(one, other);
	});
}

test('how a keyed job goes does not depend on what else is asked', async (t) => {
	const knobs = { failureRate: 0.5, maxJobs: 1000 };
	const run = async (keys: string[]) => {
		const client = await running(t, { knobs });
		for (const key of keys) await client.create({ title: key }, { headers: { 'idempotency-key': key } });
		return new Map(
			client.simulator
				.ledger()
				.jobs.map(({ title, failureCode, startAt, endAt }) => [
					title,
					[failureCode, Date.parse(endAt) - Date.parse(startAt)],
				]),
		);
	};
	const keys = Array.from({ length: 20 }, (_, at) => `k${at}`);
	const [one, other] = [await run(keys), await run([...keys].reverse())];
	for (const key of keys) assert.deepEqual(one.get(key), other.get(key));
});

test('with a time scale all runs faster, waits, states and stamps alike', async (t) => {
	const knobs = { createP50Ms: 2500, createP99Ms: 31_000, readP50Ms: 120, readP99Ms: 900 };
	const client = await running(t, { timeScale: 20_000, knobs });
	const began = client.simulator.now();
	const ids = await Promise.all(Array.from({ length: 10 }, () => client.create()));
	await until(async () => {
		const { body } = await client.get(`/v3/videos/statuses?video_ids=${ids}`);
		return body.data.every(({ status }: { status: string }) => status === 'completed');
	});
	for (const id of ids) {
		const { created_at, completed_at } = await client.video(id);
		assert.ok(created_at >= began / 1000 - 1 && created_at < client.simulator.now() / 1000);
		assert.ok(completed_at - created_at > 60 && completed_at - created_at < 2 * 3600);
	}
});
