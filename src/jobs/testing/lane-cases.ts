import assert from 'node:assert/strict';
import type { QueueRoom } from '../job-store.ts';
import { countBy, type JobCases } from './job-stage.ts';

const lanes = (of: Record<string, number>): QueueRoom['lanes'] =>
	Object.entries(of).map(([name, concurrency]) => ({ name, concurrency }));

export const LANE_CASES: JobCases = {
	async 'each job has a lane, and no lane more than it may'(stage) {
		await stage.addMany(10);
		const jobs = await stage.claim({ lanes: lanes({ a: 1, b: 3 }) });
		assert.deepEqual(
			countBy(jobs, (job) => job.lane),
			{ a: 1, b: 3 },
		);
		const freed = jobs.find((job) => job.lane === 'b');
		await stage.succeed(freed as (typeof jobs)[0]);
		assert.equal((await stage.claimOne({ lanes: lanes({ a: 1, b: 3 }) })).lane, 'b');
		assert.deepEqual(await stage.claim({ lanes: lanes({ a: 1, b: 3 }) }), []);
		assert.deepEqual(await stage.claim({ lanes: lanes({ a: 0, b: 3 }), most: 1 }).then((all) => all[0]?.lane), 'a');
	},

	async 'a job keeps its lane for its next attempt'(stage) {
		const id = await stage.add();
		const first = await stage.claimOne({ lanes: lanes({ a: 1 }) });
		assert.equal(first.lane, 'a');
		await stage.retry(first, { keepsLane: true });
		assert.deepEqual(await stage.claim({ lanes: lanes({ b: 5 }) }), [], 'its lane is not named');
		await stage.add({ priority: 2 });
		assert.equal((await stage.claimOne({ lanes: lanes({ a: 1 }) })).lane, 'a');
		assert.deepEqual(await stage.claim({ lanes: lanes({ a: 1, b: 5 }) }), [], 'its lane is full');
		const again = await stage.claimOne({ lanes: lanes({ a: 2, b: 5 }) });
		assert.deepEqual([again.id, again.lane], [id, 'a']);
	},

	async 'who waits for a full lane does not hold up others of its group'(stage) {
		const [bound] = await stage.addMany(2, { priority: 2 });
		const [first] = await stage.claim({ lanes: lanes({ a: 2 }) });
		await stage.retry(first as NonNullable<typeof first>);
		const free = await stage.add({ priority: 0 });
		const job = await stage.claimOne({ lanes: lanes({ a: 1, b: 5 }) });
		assert.deepEqual([job.id, job.lane], [free, 'b']);
		assert.deepEqual(await stage.claim({ lanes: lanes({ a: 1, b: 5 }) }), []);
		assert.equal((await stage.claimOne({ lanes: lanes({ a: 2, b: 5 }) })).id, bound);
	},

	async 'a job may be handed in for a lane'(stage) {
		const bound = await stage.add({ lane: 'b', priority: 2 });
		const free = await stage.add();
		assert.equal((await stage.get(bound)).lane, 'b');
		assert.deepEqual(
			(await stage.claim({ lanes: lanes({ a: 2 }) })).map(({ id }) => id),
			[free],
		);
		assert.equal((await stage.claimOne({ lanes: lanes({ a: 5, b: 1 }) })).lane, 'b');
	},

	async 'a job that may change its lane does so'(stage) {
		await stage.add();
		await stage.retry(await stage.claimOne({ lanes: lanes({ a: 1 }) }), { keepsLane: false });
		assert.equal((await stage.claimOne({ lanes: lanes({ b: 1 }) })).lane, 'b');
	},

	async 'where lanes are gone, they hold nobody back'(stage) {
		const id = await stage.add();
		await stage.retry(await stage.claimOne({ lanes: lanes({ a: 1 }) }));
		await stage.addMany(2);
		const jobs = await stage.claim({ lanes: [] });
		assert.equal(jobs.length, 3);
		assert.deepEqual(
			jobs.filter((job) => job.lane === 'a').map((job) => job.id),
			[id],
		);
	},
};
