import assert from 'node:assert/strict';
import type { Job } from '../job.ts';
import type { JobQuery } from '../job-store.ts';
import { bytes, idsOf, type JobCases, type JobStage, LONG_MS } from './job-stage.ts';

const ERROR = { code: 'upstream_status', message: 'it said 500', status: 500 };

export const KEEPING_CASES: JobCases = {
	async 'pages show each job once, the newest first'(stage) {
		const ids: string[] = [];
		for (let i = 0; i < 25; i++) ids.push(await stage.add());
		const [first, ...rest] = await pages(stage, { limit: 10 });
		assert.ok((first?.length ?? 0) <= 10);
		assert.deepEqual(idsOf([...(first ?? []), ...rest.flat()]), ids.toReversed());
		assert.deepEqual((await stage.store.list({ limit: 10, after: 'no cursor' })).jobs, []);
	},

	async 'a list is of what was asked for'(stage) {
		const { nowMs } = stage;
		const failed = await stage.add({ group: 'b', owner: 'o' });
		await stage.report(await stage.claimOne(), { kind: 'failed', error: ERROR, result: null });
		const running = await stage.add({ owner: 'o' });
		await stage.claimOne();
		const waiting = await stage.add({ group: 'b' });
		const scheduled = await stage.add({ runAtMs: nowMs + LONG_MS });
		const other = await stage.add({ queue: 'other', group: 'b', owner: 'o' });
		for (const [query, expected] of [
			[{}, [other, scheduled, waiting, running, failed]],
			[{ queue: 'videos' }, [scheduled, waiting, running, failed]],
			[{ queue: 'nobody has heard of' }, []],
			[{ group: 'b' }, [other, waiting, failed]],
			[{ queue: 'videos', group: 'b', owner: 'o' }, [failed]],
			[{ owner: 'o' }, [other, running, failed]],
			[{ states: ['failed'] }, [failed]],
			[{ states: ['running', 'failed'] }, [running, failed]],
			[{ states: ['waiting', 'failed'], queue: 'videos' }, [waiting, failed]],
			[{ states: ['parked', 'submitted'] }, []],
		] as const) {
			const found = (await pages(stage, { limit: 2, ...query })).flat();
			assert.deepEqual(idsOf(found), expected, JSON.stringify(query));
		}
	},

	async 'a queue tells what it holds, and since when'(stage) {
		assert.deepEqual(await stage.counts('nobody has heard of'), {});
		const { nowMs } = stage;
		await stage.addMany(3, { runAtMs: nowMs });
		await stage.home.pass(20);
		await stage.add();
		await stage.add({ queue: 'other' });
		const view = await stage.store.queue('videos');
		assert.deepEqual([view.oldestMs, view.paused, view.counts.waiting], [nowMs, false, 4]);
		assert.equal(Object.keys(view.counts).length, 9);
		await stage.claim();
		assert.equal((await stage.store.queue('videos')).oldestMs, null);
		assert.deepEqual(await stage.counts(), { running: 4 });
	},

	async 'an ended job is kept for its time, and its files are told when it goes'(stage) {
		const result = { head: bytes('200'), body: { file: 'result-1', bytes: 9 } };
		const gone = await stage.add({ keepMs: 100, body: { file: 'body-1', bytes: 5 } });
		await stage.report(await stage.claimOne(), { kind: 'succeeded', result });
		const kept = await stage.add({ body: { file: 'body-2', bytes: 5 } });
		const waiting = await stage.add({ keepMs: 0, body: { file: 'body-3', bytes: 5 } });
		await stage.succeed(await stage.claimOne());
		assert.deepEqual(await stage.store.sweep(stage.nowMs), { files: [] });
		await stage.home.pass(200);
		const { files } = await stage.store.sweep(stage.nowMs);
		assert.deepEqual(files.toSorted(), ['body-1', 'result-1']);
		assert.equal(await stage.store.get(gone), null);
		assert.deepEqual([await stage.state(kept), await stage.state(waiting)], ['succeeded', 'waiting']);
		assert.deepEqual(await stage.counts(), { succeeded: 1, waiting: 1 });
		assert.deepEqual(await stage.store.sweep(stage.nowMs), { files: [] });
	},

	async 'files that nothing names are told, those of jobs are not'(stage) {
		await stage.add({ body: { file: 'body-1', bytes: 5 } });
		const result = { head: bytes('200'), body: { file: 'result-1', bytes: 9 } };
		await stage.report(await stage.claimOne(), { kind: 'succeeded', result });
		const present = ['body-1', 'orphan-1', 'result-1', 'orphan-2'];
		assert.deepEqual((await stage.store.sweep(stage.nowMs, present)).files.toSorted(), ['orphan-1', 'orphan-2']);
	},

	async 'a result that a redrive does away with leaves no file'(stage) {
		const id = await stage.add({ body: { file: 'body-1', bytes: 5 } });
		const result = { head: bytes('500'), body: { file: 'result-1', bytes: 9 } };
		await stage.report(await stage.claimOne(), { kind: 'failed', error: ERROR, result });
		await stage.store.change(id, { kind: 'redrive', nowMs: stage.nowMs });
		assert.deepEqual(await stage.store.sweep(stage.nowMs), { files: ['result-1'] });
	},

	async 'a sweep of many is done whole'(stage) {
		await stage.addMany(500, { keepMs: 0 });
		await stage.addMany(500, { deadlineMs: stage.nowMs + 10 });
		await stage.home.pass(50);
		await Promise.all((await stage.claim({ most: 1000 })).map((job) => stage.succeed(job)));
		await stage.home.pass(50);
		await stage.store.sweep(stage.nowMs);
		assert.deepEqual(await stage.counts(), { expired: 500 });
	},

	async 'each change is told, with a version that grows'(stage) {
		const id = await stage.add({ runAtMs: stage.nowMs + 100 });
		await stage.home.pass(200);
		const job = await stage.claimOne();
		await stage.report(job, { kind: 'submitted', leaseMs: LONG_MS, externalId: 'v_1' });
		await stage.retry(job);
		await stage.store.change(id, { kind: 'cancel', nowMs: stage.nowMs });
		for (const state of ['running', 'submitted', 'waiting', 'cancelled'] as const) await stage.isTold(id, state);
		const last = stage.told.filter((one) => one.id === id).at(-1);
		assert.equal(last?.version, (await stage.get(id)).version);
		const versions = stage.told.filter((one) => one.id === id).map(({ version }) => version);
		assert.deepEqual(
			versions,
			versions.toSorted((a, b) => a - b),
		);
	},

	async 'what another node changed is told too'(stage) {
		const other = await stage.home.open();
		const job = stage.newJob();
		await other.add([job]);
		await stage.isTold(job.id, 'waiting');
		const room = stage.room();
		const claim = { holder: 'node-2', leaseMs: LONG_MS, most: 1, nowMs: stage.nowMs, queues: [room] };
		const [claimed] = await other.claim(claim);
		await stage.isTold(job.id, 'running');
		const { id, token } = claimed as NonNullable<typeof claimed>;
		await other.report([{ id, token, nowMs: stage.nowMs, kind: 'succeeded', result: null }]);
		await stage.isTold(job.id, 'succeeded');
	},
};

/** All of them, to the last. */
async function pages(stage: JobStage, query: JobQuery): Promise<Job[][]> {
	const found: Job[][] = [];
	for (let after: string | undefined; ; ) {
		const page = await stage.store.list(after === undefined ? query : { ...query, after });
		found.push(page.jobs);
		if (page.next === null) return found;
		after = page.next;
		assert.ok(found.length < 100, 'the pages do not end');
	}
}
