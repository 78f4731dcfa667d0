import assert from 'node:assert/strict';
import { bytes, idsOf, type JobCases, LONG_MS } from './job-stage.ts';

const ERROR = { code: 'upstream_status', message: 'it said 500', status: 500 };

export const CHANGE_CASES: JobCases = {
	async 'what has not begun is cancelled, what has ended is not'(stage) {
		const { nowMs } = stage;
		const ids = [await stage.add(), await stage.add({ runAtMs: nowMs + LONG_MS })];
		const parked = await stage.add({ priority: 2 });
		await stage.report(await stage.claimOne(), { kind: 'parked', error: ERROR });
		for (const id of [...ids, parked]) {
			const answer = await stage.store.change(id, { kind: 'cancel', nowMs });
			assert.deepEqual([answer?.changed, answer?.job.state], [true, 'cancelled']);
			assert.ok(answer?.job.endedMs !== null);
			const again = await stage.store.change(id, { kind: 'cancel', nowMs });
			assert.deepEqual([again?.changed, again?.job.state], [false, 'cancelled']);
		}
		assert.deepEqual(await stage.claim(), []);
		assert.deepEqual(await stage.counts(), { cancelled: 3 });
		const done = await stage.add();
		await stage.succeed(await stage.claimOne());
		assert.equal((await stage.store.change(done, { kind: 'cancel', nowMs }))?.job.state, 'succeeded');
		assert.equal(await stage.store.change('AAAAAAAAAAAAAAAAAAAAAA', { kind: 'cancel', nowMs }), null);
	},

	async 'what nobody waits for any more is cancelled unless it has begun'(stage) {
		const [begun, waiting] = [await stage.add({ priority: 2 }), await stage.add()];
		const job = await stage.claimOne({ concurrency: 1 });
		const cancel = (id: string) =>
			stage.store.change(id, { kind: 'cancel', nowMs: stage.nowMs, unbegun: true }).then((done) => done?.changed);
		assert.deepEqual([await cancel(begun), await cancel(waiting)], [false, true]);
		assert.equal(await stage.state(waiting), 'cancelled');
		await stage.retry(job, { counted: true });
		assert.equal(await cancel(begun), false);
		await stage.retry(await stage.claimOne(), { counted: true });
		const refused = await stage.add({ priority: 2 });
		await stage.retry(await stage.claimOne(), { counted: false });
		assert.equal(await cancel(refused), true, 'nothing came of it');
	},

	async 'what takes too long has failed, and its holder keeps the slot'(stage) {
		const id = await stage.add();
		const job = await stage.claimOne({ concurrency: 1 });
		await stage.report(job, { kind: 'submitted', leaseMs: LONG_MS, externalId: 'v_1' });
		const error = { code: 'external_timeout', message: 'it takes too long', status: null };
		const failed = await stage.store.change(id, { kind: 'fail', nowMs: stage.nowMs, error });
		assert.deepEqual([failed?.changed, failed?.job.state, failed?.job.error], [true, 'failed', error]);
		assert.equal((await stage.store.change(id, { kind: 'fail', nowMs: stage.nowMs, error }))?.changed, false);
		const next = await stage.add();
		assert.deepEqual(await stage.claim({ concurrency: 1 }), []);
		assert.equal(await stage.report(job, { kind: 'cancelled' }), false);
		assert.deepEqual([(await stage.claimOne({ concurrency: 1 })).id, await stage.state(id)], [next, 'failed']);
	},

	async 'a running job that is cancelled ends for its owner, and its holder hears it'(stage) {
		const id = await stage.add();
		await stage.add();
		const job = await stage.claimOne({ concurrency: 1 });
		const answer = await stage.store.change(id, { kind: 'cancel', nowMs: stage.nowMs });
		assert.deepEqual([answer?.changed, answer?.job.state], [true, 'cancelled']);
		await stage.isTold(id, 'cancelled');
		assert.equal(await stage.report(job, { kind: 'beat', leaseMs: LONG_MS }), false);
		assert.deepEqual(await stage.claim({ concurrency: 1 }), [], 'the slot is its holder’s until that has stopped');
		const late = { head: bytes('late'), body: null };
		assert.equal(await stage.report(job, { kind: 'succeeded', result: late }), false);
		const kept = await stage.get(id);
		assert.deepEqual([kept.state, kept.result], ['cancelled', null]);
		assert.equal((await stage.claim({ concurrency: 1 })).length, 1);
		assert.equal(await stage.report(job, { kind: 'cancelled' }), false, 'the slot is given back once');
		assert.deepEqual(await stage.claim({ concurrency: 1 }), []);
	},

	async 'the slot of a cancelled job whose holder is gone comes back with the end of its lease'(stage) {
		const id = await stage.add();
		await stage.claimOne({ leaseMs: 50 });
		await stage.store.change(id, { kind: 'cancel', nowMs: stage.nowMs });
		const next = await stage.add();
		await stage.home.pass(100);
		assert.deepEqual(idsOf(await stage.claim({ concurrency: 1 })), [next]);
		assert.equal(await stage.state(id), 'cancelled');
	},

	async 'one that has ended, but that its upstream has, is handed to whoever comes after its holder'(stage) {
		const [cancelled, told] = await stage.addMany(2);
		const [first, second, ...none] = await stage.claim({ concurrency: 2 });
		assert.ok(first !== undefined && second !== undefined && none.length === 0);
		await stage.report(first, { kind: 'submitted', leaseMs: 50, externalId: 'v_1' });
		for (const id of [cancelled, told]) await stage.store.change(id as string, { kind: 'cancel', nowMs: stage.nowMs });
		const { version } = await stage.get(cancelled as string);
		// Its upstream took it meanwhile.
		assert.equal(await stage.report(second, { kind: 'submitted', leaseMs: 50, externalId: 'v_2' }), false);
		const next = await stage.add();
		await stage.home.pass(100);
		const lost = await stage.claim({ holder: 'node-2', concurrency: 2, leaseMs: 50 });
		assert.deepEqual(
			lost
				.map((job) => [job.id, job.state, job.externalId, job.lost])
				.toSorted((a, b) => (`${a[2]}` < `${b[2]}` ? -1 : 1)),
			[
				[cancelled, 'cancelled', 'v_1', true],
				[told, 'cancelled', 'v_2', true],
			],
		);
		assert.equal((await stage.get(cancelled as string)).version, version, 'nothing is new to whoever watches');
		// Likewise after that one, until one has let go.
		await stage.home.pass(100);
		const again = await stage.claim({ holder: 'node-3', concurrency: 2 });
		assert.deepEqual(idsOf(again).toSorted(), idsOf(lost).toSorted());
		for (const job of again) assert.equal(await stage.report(job, { kind: 'cancelled' }), false);
		assert.deepEqual(idsOf(await stage.claim({ concurrency: 2 })), [next]);
		assert.deepEqual(await stage.counts(), { cancelled: 2, running: 1 });
	},

	async 'a dead letter is driven again, with all its attempts'(stage) {
		const id = await stage.add({ attemptsMost: 2, upstreamKey: 'k-1' });
		const first = await stage.claimOne();
		const result = { head: bytes('500'), body: null };
		await stage.report(first, { kind: 'failed', error: ERROR, result });
		const { version } = await stage.get(id);
		await stage.home.pass(10);
		const answer = await stage.store.change(id, { kind: 'redrive', nowMs: stage.nowMs });
		assert.equal(answer?.changed, true);
		const { state, attempts, error, result: kept, endedMs, firstAttemptMs } = await stage.get(id);
		assert.deepEqual([state, attempts, error, kept, endedMs], ['waiting', 0, null, null, null]);
		assert.equal(firstAttemptMs, first.firstAttemptMs, 'the life of its key goes on');
		assert.ok((answer?.job.version ?? 0) > version);
		const again = await stage.claimOne();
		assert.deepEqual([again.id, again.attempts, again.upstreamKey], [id, 1, 'k-1']);
		await stage.succeed(again);
		assert.equal((await stage.store.change(id, { kind: 'redrive', nowMs: stage.nowMs }))?.changed, false);
	},

	async 'a redrive under another key is a new try'(stage) {
		const id = await stage.add({ upstreamKey: 'k-1' });
		const lanes = [{ name: 'a', concurrency: 1 }];
		await stage.report(await stage.claimOne({ lanes }), { kind: 'failed', error: ERROR, result: null });
		await stage.store.change(id, { kind: 'redrive', nowMs: stage.nowMs, upstreamKey: 'k-2' });
		const { upstreamKey, firstAttemptMs, lane } = await stage.get(id);
		assert.deepEqual([upstreamKey, firstAttemptMs, lane], ['k-2', null, '']);
		assert.equal((await stage.claimOne({ lanes: [{ name: 'b', concurrency: 1 }] })).lane, 'b');
	},

	async 'a deadline ends a job whatever its state'(stage) {
		const deadlineMs = stage.nowMs + 1000;
		const [running, waiting] = [await stage.add({ deadlineMs, priority: 2 }), await stage.add({ deadlineMs })];
		const job = await stage.claimOne();
		const scheduled = await stage.add({ deadlineMs, runAtMs: stage.nowMs + LONG_MS });
		const free = await stage.add({ deadlineMs: stage.nowMs + LONG_MS });
		await stage.home.pass(1100);
		assert.deepEqual(idsOf(await stage.claim()), [free], 'also before a sweep');
		await stage.store.sweep(stage.nowMs);
		for (const id of [running, waiting, scheduled]) {
			const kept = await stage.get(id);
			assert.equal(kept.state, 'expired');
			assert.ok(kept.endedMs !== null);
			await stage.isTold(id, 'expired');
		}
		assert.equal(await stage.report(job, { kind: 'succeeded', result: null }), false);
		assert.deepEqual(await stage.counts(), { expired: 3, running: 1 });
		const answer = await stage.store.change(waiting, { kind: 'redrive', nowMs: stage.nowMs });
		assert.deepEqual([answer?.changed, answer?.job.deadlineMs], [true, null]);
		assert.deepEqual(idsOf(await stage.claim()), [waiting]);
	},

	async 'the life of a key goes on when nobody gets the redriven job'(stage) {
		const id = await stage.add({ upstreamKey: 'k', attemptsMost: 1 });
		const first = await stage.claimOne();
		const error = { code: 'upstream_status', message: 'it said 503', status: 503 };
		assert.equal(await stage.report(first, { kind: 'failed', error, result: null }), true);
		await stage.home.pass(5);
		await stage.store.change(id, { kind: 'redrive', nowMs: stage.nowMs });
		for (const _ of [1, 2]) {
			await stage.retry(await stage.claimOne(), { counted: false });
			const { attempts, firstAttemptMs } = await stage.get(id);
			assert.deepEqual([attempts, firstAttemptMs], [0, first.firstAttemptMs]);
			await stage.home.pass(5);
		}
	},
};
