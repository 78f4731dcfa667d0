import assert from 'node:assert/strict';
import { bytes, idsOf, type JobCases, LONG_MS } from './job-stage.ts';

const ERROR = { code: 'insufficient_credit', message: 'no credit is left', status: 402 };

export const OUTCOME_CASES: JobCases = {
	async 'a result is kept as it came'(stage) {
		const every = new Uint8Array(256).map((_, at) => at);
		for (const result of [
			{ head: every, body: { inline: every } },
			{ head: bytes('200'), body: { file: 'r-1', bytes: 5_000_000_000 } },
			{ head: new Uint8Array(0), body: null },
		]) {
			const id = await stage.add();
			const job = await stage.claimOne();
			assert.equal(await stage.report(job, { kind: 'succeeded', result }), true);
			const kept = await stage.get(id);
			assert.deepEqual([kept.state, kept.result, kept.error], ['succeeded', result, null]);
			assert.ok(kept.endedMs !== null && kept.endedMs >= (kept.startedMs ?? Infinity));
		}
		assert.deepEqual(await stage.counts(), { succeeded: 3 });
		assert.deepEqual(await stage.claim(), []);
	},

	async 'a failed job keeps its last error, and what was answered'(stage) {
		const id = await stage.add();
		const result = { head: bytes('402'), body: { inline: bytes('{}') } };
		assert.equal(await stage.report(await stage.claimOne(), { kind: 'failed', error: ERROR, result }), true);
		const kept = await stage.get(id);
		assert.deepEqual([kept.state, kept.error, kept.result], ['failed', ERROR, result]);
		assert.deepEqual(await stage.claim(), []);
	},

	async 'another attempt is made at its time'(stage) {
		const id = await stage.add();
		const first = await stage.claimOne();
		await stage.retry(first, { atMs: stage.nowMs + 1000, error: ERROR });
		const between = await stage.get(id);
		assert.deepEqual([between.state, between.attempts, between.error], ['scheduled', 1, ERROR]);
		assert.deepEqual(await stage.claim(), []);
		await stage.home.pass(1100);
		const second = await stage.claimOne();
		assert.deepEqual([second.id, second.attempts, second.lost], [id, 2, false]);
		assert.equal(second.firstAttemptMs, first.firstAttemptMs);
		await stage.succeed(second);
		const { attempts, error } = await stage.get(id);
		assert.deepEqual([attempts, error], [2, null]);
	},

	async 'an attempt that reached nobody does not count'(stage) {
		const id = await stage.add();
		await stage.retry(await stage.claimOne(), { counted: false });
		const { state, attempts, firstAttemptMs } = await stage.get(id);
		assert.deepEqual([state, attempts, firstAttemptMs], ['waiting', 0, null]);
		const counted = await stage.claimOne();
		await stage.retry(counted);
		await stage.retry(await stage.claimOne(), { counted: false });
		const after = await stage.get(id);
		assert.deepEqual([after.attempts, after.firstAttemptMs], [1, counted.firstAttemptMs]);
	},

	async 'a slot is given back with each end'(stage) {
		await stage.addMany(5);
		const lanes = [{ name: 'a', concurrency: 1 }];
		const room = { concurrency: 1, lanes, group: { concurrency: 1, rate: null } };
		for (const end of [
			{ kind: 'succeeded', result: null },
			{ kind: 'failed', error: ERROR, result: null },
			{ kind: 'parked', error: ERROR },
			{ kind: 'cancelled' },
			{ kind: 'retry', atMs: stage.nowMs + LONG_MS, error: ERROR, counted: true, keepsLane: true },
		] as const) {
			assert.equal(await stage.report(await stage.claimOne(room), end), true, end.kind);
		}
		assert.deepEqual(await stage.counts(), { succeeded: 1, failed: 1, parked: 1, cancelled: 1, scheduled: 1 });
	},

	async 'a parked job waits for a person'(stage) {
		const ids = await stage.addMany(3);
		for (const job of await stage.claim()) await stage.report(job, { kind: 'parked', error: ERROR });
		assert.deepEqual(await stage.claim(), []);
		const [done, failed, again] = ids as [string, string, string];
		const { nowMs } = stage;
		assert.equal((await stage.store.change(done, { kind: 'settle', nowMs, as: 'succeeded' }))?.changed, true);
		assert.equal((await stage.store.change(failed, { kind: 'settle', nowMs, as: 'failed' }))?.changed, true);
		assert.equal((await stage.store.change(again, { kind: 'redrive', nowMs }))?.changed, true);
		assert.deepEqual(await stage.counts(), { succeeded: 1, failed: 1, waiting: 1 });
		assert.equal((await stage.get(done)).error, null);
		assert.deepEqual((await stage.get(failed)).error, ERROR);
		assert.ok((await stage.get(done)).endedMs !== null);
		assert.equal((await stage.store.change(done, { kind: 'settle', nowMs, as: 'failed' }))?.changed, false);
		assert.deepEqual(idsOf(await stage.claim()), [again]);
	},

	async 'reports of many jobs in one call are each taken'(stage) {
		await stage.addMany(20);
		const jobs = await stage.claim();
		const reports = jobs.map(
			({ id, token }) => ({ id, token, nowMs: stage.nowMs, kind: 'succeeded', result: null }) as const,
		);
		const results = await stage.store.report([...reports, ...reports.slice(0, 2)]);
		assert.deepEqual(results, [...jobs.map(() => true), false, false]);
		assert.deepEqual(await stage.counts(), { succeeded: 20 });
	},
};
