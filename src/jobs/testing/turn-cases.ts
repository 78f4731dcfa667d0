import assert from 'node:assert/strict';
import { countBy, idsOf, type JobCases, LONG_MS } from './job-stage.ts';

export const TURN_CASES: JobCases = {
	async 'what is ready first goes first, higher priorities before it'(stage) {
		const plain = await stage.addMany(3);
		const [low, high] = [await stage.add({ priority: 0 }), await stage.add({ priority: 2 })];
		const order: string[] = [];
		for (let i = 0; i < 5; i++) order.push((await stage.claimOne()).id);
		assert.deepEqual(order, [high, ...plain, low]);
		assert.deepEqual(await stage.claim(), []);
		assert.deepEqual(await stage.claim({ name: 'nobody has heard of' }), []);
	},

	async 'a job that comes back stands behind those that were ready before it'(stage) {
		const [first, second] = [await stage.add(), await stage.add()];
		const job = await stage.claimOne();
		await stage.home.pass(5);
		await stage.retry(job);
		assert.equal(job.id, first);
		assert.deepEqual(idsOf(await stage.claim()), [second, first]);
	},

	async 'no job is given to two'(stage) {
		const ids = await stage.addMany(100);
		const other = await stage.home.open();
		const room = stage.room();
		const claims = Array.from({ length: 20 }, (_, at) =>
			(at % 2 === 0 ? stage.store : other).claim({
				holder: `node-${at % 2}`,
				leaseMs: LONG_MS,
				most: 7,
				nowMs: stage.nowMs,
				queues: [room],
			}),
		);
		const claimed = (await Promise.all(claims)).flat();
		assert.equal(claimed.length, 100);
		assert.deepEqual(idsOf(claimed).toSorted(), ids.toSorted());
		assert.equal(new Set(claimed.map(({ token }) => token)).size, 100);
	},

	async 'no more run at once than the queue may, over all nodes'(stage) {
		await stage.addMany(10);
		const other = await stage.home.open();
		const room = stage.room({ concurrency: 4 });
		const claim = { holder: 'node-2', leaseMs: LONG_MS, most: 3, nowMs: stage.nowMs, queues: [room] };
		const [first, second] = [await stage.claim({ concurrency: 4, most: 3 }), await other.claim(claim)];
		assert.deepEqual([first.length, second.length], [3, 1]);
		assert.deepEqual(await stage.claim({ concurrency: 4 }), []);
		await stage.succeed(second[0] as (typeof second)[0]);
		assert.equal((await stage.claim({ concurrency: 4 })).length, 1);
		assert.equal((await stage.claim({ concurrency: 6 })).length, 2, 'a limit holds as it is said');
	},

	async 'no more run at once than a group may'(stage) {
		for (const group of ['a', 'b']) await stage.addMany(5, { group });
		const group = { concurrency: 2, rate: null };
		const jobs = await stage.claim({ group });
		assert.deepEqual(
			countBy(jobs, (job) => job.group),
			{ a: 2, b: 2 },
		);
		await stage.succeed(jobs.find((job) => job.group === 'b') as (typeof jobs)[0]);
		assert.deepEqual(
			countBy(await stage.claim({ group }), (job) => job.group),
			{ b: 1 },
		);
	},

	async 'groups share turns, however much one has waiting'(stage) {
		await stage.addMany(50, { group: 'many', priority: 2 });
		for (const group of ['few', 'fewer']) await stage.addMany(3, { group, priority: 0 });
		const first: string[] = [];
		for (let i = 0; i < 9; i++) first.push((await stage.claimOne()).group);
		assert.deepEqual(
			countBy(first, (group) => group),
			{ many: 3, few: 3, fewer: 3 },
		);
		const rest = await stage.claim({ most: 20 });
		assert.deepEqual(
			countBy(rest, (job) => job.group),
			{ many: 20 },
		);
	},

	async 'a group that comes later has its turn at once, and no more than that'(stage) {
		await stage.addMany(50, { group: 'old' });
		await stage.claim({ most: 20 });
		await stage.addMany(20, { group: 'new' });
		const counts = countBy(await stage.claim({ most: 10 }), (job) => job.group);
		assert.ok(Math.abs((counts['new'] ?? 0) - 5) <= 1, JSON.stringify(counts));
	},

	async 'queues take turns'(stage) {
		for (const queue of ['a', 'b']) await stage.addMany(20, { queue });
		const queues = [stage.room({ name: 'a' }), stage.room({ name: 'b' })];
		assert.deepEqual(
			countBy(await stage.claim({ queues, most: 10 }), (job) => job.queue),
			{ a: 5, b: 5 },
		);
		const ones: string[] = [];
		for (let i = 0; i < 6; i++) ones.push((await stage.claimOne({ queues })).queue);
		assert.deepEqual(
			countBy(ones, (queue) => queue),
			{ a: 3, b: 3 },
		);
		const full = [stage.room({ name: 'a', concurrency: 1 }), stage.room({ name: 'b' })];
		assert.deepEqual(
			countBy(await stage.claim({ queues: full, most: 4 }), (job) => job.queue),
			{ b: 4 },
		);
	},

	async 'no more begin in a span than the rate of the queue'(stage) {
		await stage.addMany(20);
		const rate = { count: 5, perMs: 60_000 };
		assert.equal((await stage.claim({ rate, most: 3 })).length, 3);
		for (const job of await stage.claim({ rate })) await stage.succeed(job);
		assert.deepEqual(await stage.claim({ rate }), [], 'also when they have ended');
		await stage.home.pass(1000);
		assert.deepEqual(await stage.claim({ rate }), []);
		const short = { count: 5, perMs: 500 };
		assert.equal((await stage.claim({ rate: short })).length, 5, 'the span is over');
	},

	async 'no more begin in a span than the rate of a group'(stage) {
		for (const group of ['a', 'b']) await stage.addMany(9, { group });
		const group = { concurrency: 0, rate: { count: 2, perMs: 60_000 } };
		const begun = await stage.claim({ group });
		assert.deepEqual(
			countBy(begun, (job) => job.group),
			{ a: 2, b: 2 },
		);
		assert.deepEqual(await stage.claim({ group }), []);
		await stage.home.pass(1000);
		const short = { concurrency: 0, rate: { count: 2, perMs: 500 } };
		assert.equal((await stage.claim({ group: short })).length, 4);
	},

	async 'nothing of a paused queue begins, what is under way goes on'(stage) {
		const [running] = [await stage.add(), await stage.add()];
		const job = await stage.claimOne();
		assert.equal((await stage.store.queue('videos', { paused: true })).paused, true);
		assert.equal((await stage.store.queue('videos')).paused, true);
		assert.deepEqual(await stage.claim(), []);
		await stage.add();
		assert.equal(await stage.report(job, { kind: 'beat', leaseMs: 100 }), true);
		await stage.home.pass(200);
		const [lost, ...more] = await stage.claim();
		assert.deepEqual([lost?.id, lost?.lost, more.length], [running, true, 0]);
		assert.equal((await stage.store.queue('videos', { paused: false })).paused, false);
		assert.equal((await stage.claim()).length, 2);
		await stage.store.queue('never used', { paused: true });
		const id = await stage.add({ queue: 'never used' });
		assert.deepEqual(await stage.claim({ name: 'never used' }), []);
		assert.equal(await stage.state(id), 'waiting');
	},
};
