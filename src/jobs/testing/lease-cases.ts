import assert from 'node:assert/strict';
import { isFull } from '../job-store.ts';
import { bytes, idsOf, type JobCases, LONG_MS } from './job-stage.ts';

export const LEASE_CASES: JobCases = {
	async 'a job whose lease has ended is lost, and goes first'(stage) {
		const id = await stage.add({ priority: 0 });
		const first = await stage.claimOne({ leaseMs: 100 });
		assert.deepEqual([first.lost, first.state, first.attempts], [false, 'running', 1]);
		await stage.home.pass(200);
		await stage.add({ priority: 2 });
		const second = await stage.claimOne({ holder: 'node-2', concurrency: 1 });
		assert.deepEqual([second.id, second.lost, second.state], [id, true, 'running']);
		assert.equal(second.attempts, 1, 'no attempt is counted for it');
		assert.equal(second.firstAttemptMs, first.firstAttemptMs);
		assert.notEqual(second.token, first.token);
		assert.deepEqual(await stage.claim({ concurrency: 1 }), [], 'its slot is the one that it had');
	},

	async 'what is handed out at once is bounded in bytes, of lost jobs too'(stage) {
		const body = { inline: new Uint8Array(3 * 1024 * 1024) };
		const ids = await stage.addMany(4, { body });
		const first = await stage.claim({ leaseMs: LONG_MS });
		assert.deepEqual(idsOf(first), ids.slice(0, 3));
		assert.deepEqual([isFull(first), isFull(first.slice(1))], [true, false]);
		assert.deepEqual(idsOf(await stage.claim({ leaseMs: LONG_MS })), ids.slice(3));
		await stage.home.pass(LONG_MS + 1000);
		assert.equal((await stage.claim()).length, 3);
		assert.equal((await stage.claim()).length, 1);
	},

	async 'what the holder of before says is refused'(stage) {
		await stage.add();
		const first = await stage.claimOne({ leaseMs: 100 });
		await stage.home.pass(200);
		const second = await stage.claimOne({ holder: 'node-2' });
		const error = { code: 'x', message: '', status: null };
		for (const late of [
			{ kind: 'beat', leaseMs: 1000, progress: { percent: 1, text: '' } },
			{ kind: 'submitted', leaseMs: 1000, externalId: 'v_1' },
			{ kind: 'succeeded', result: { head: bytes('late'), body: null } },
			{ kind: 'retry', atMs: stage.nowMs, error, counted: true, keepsLane: false },
			{ kind: 'failed', error, result: null },
			{ kind: 'parked', error },
			{ kind: 'cancelled' },
		] as const) {
			assert.equal(await stage.report(first, late), false, late.kind);
		}
		const { state, result, error: kept, progress, version } = await stage.get(first.id);
		assert.deepEqual([state, result, kept, progress, version], ['running', null, null, null, second.version]);
		await stage.succeed(second);
		assert.equal(await stage.report(second, { kind: 'succeeded', result: null }), false, 'an end is told once');
		assert.deepEqual(await stage.counts(), { succeeded: 1 });
	},

	async 'a lease that ran out is still its holder’s until another has the job'(stage) {
		await stage.add();
		const job = await stage.claimOne({ leaseMs: 50 });
		await stage.home.pass(100);
		await stage.succeed(job);
		assert.deepEqual(await stage.claim(), []);
	},

	async 'a beat prolongs the lease'(stage) {
		await stage.add();
		const job = await stage.claimOne({ leaseMs: 1000 });
		assert.equal(await stage.report(job, { kind: 'beat', leaseMs: 600_000 }), true);
		await stage.home.pass(1100);
		assert.deepEqual(await stage.claim(), []);
		const progress = { percent: 40, text: 'renders' };
		assert.equal(await stage.report(job, { kind: 'beat', leaseMs: 50, progress }), true);
		const kept = await stage.get(job.id);
		assert.deepEqual(kept.progress, progress);
		assert.ok(kept.version > job.version);
		await stage.home.pass(100);
		const lost = await stage.claimOne();
		assert.deepEqual([lost.lost, lost.progress], [true, progress]);
	},

	async 'a submitted job holds its slot, and is lost as submitted'(stage) {
		const id = await stage.add();
		const lanes = [{ name: 'a', concurrency: 1 }];
		const job = await stage.claimOne({ lanes });
		assert.equal(await stage.report(job, { kind: 'submitted', leaseMs: 1000, externalId: 'v_1' }), true);
		assert.deepEqual(await stage.counts(), { submitted: 1 });
		await stage.add();
		assert.deepEqual(await stage.claim({ concurrency: 1 }), []);
		assert.deepEqual(await stage.claim({ lanes }), []);
		assert.deepEqual(await stage.claim({ group: { concurrency: 1, rate: null } }), []);
		assert.equal(await stage.report(job, { kind: 'beat', leaseMs: 50 }), true);
		await stage.home.pass(100);
		const [lost, ...more] = await stage.claim({ concurrency: 1, lanes });
		assert.deepEqual([lost?.id, lost?.state, lost?.externalId, more.length], [id, 'submitted', 'v_1', 0]);
		await stage.succeed(lost as typeof job);
		assert.equal((await stage.claim({ concurrency: 1, lanes })).length, 1);
	},

	async 'what a holder had that is known to be gone is lost at once'(stage) {
		const [mine] = await stage.addMany(3);
		await stage.claimOne({ holder: 'node-1/life-1' });
		const other = await stage.claimOne({ holder: 'node-2/life-1' });
		const third = await stage.claimOne({ holder: 'node-1/life-2' });
		const lost = await stage.claim({ holder: 'node-1/life-3', gone: ['node-1/life-1', 'nobody'] });
		assert.deepEqual(idsOf(lost), [mine]);
		for (const job of [other, third]) await stage.succeed(job);
	},

	async 'many lost ones are handed out bit by bit, each once'(stage) {
		const ids = await stage.addMany(10);
		await stage.claim({ leaseMs: 50 });
		await stage.home.pass(100);
		const found: string[] = [];
		for (const most of [4, 4, 4]) found.push(...idsOf(await stage.claim({ most })));
		assert.deepEqual(found.toSorted(), ids.toSorted());
	},

	async 'a wrong token, and a job that is not there, change nothing'(stage) {
		const id = await stage.add();
		const job = await stage.claimOne();
		const results = await stage.store.report([
			{ id, token: `${job.token}x`, nowMs: stage.nowMs, kind: 'cancelled' },
			{ id, token: '', nowMs: stage.nowMs, kind: 'cancelled' },
			{ id: 'AAAAAAAAAAAAAAAAAAAAAA', token: job.token, nowMs: stage.nowMs, kind: 'cancelled' },
			{ id, token: job.token, nowMs: stage.nowMs, kind: 'beat', leaseMs: 1000 },
		]);
		assert.deepEqual(results, [false, false, false, true]);
		assert.equal(await stage.state(id), 'running');
	},
};
