/** What every store that tells of ends promises. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Notice, NoticeClaim } from '../notice-store.ts';
import type { OwnerStore, TellingStore } from '../telling-store.ts';
import { bytes, JobStage, type JobStoreHome, LONG_MS } from './job-stage.ts';

const DAY_MS = 86_400_000;
const NOTIFY = bytes('who is told');
const EVERY_LANE = { laneMost: 1000, busy: new Map<string, number>() };
const ERROR = { code: 'upstream_status', message: 'it said 500', status: 500 };

class NoticeStage {
	readonly jobs: JobStage;
	readonly store: TellingStore;

	constructor(jobs: JobStage) {
		this.jobs = jobs;
		this.store = jobs.store as TellingStore;
	}

	due(of: Partial<NoticeClaim> = {}): Promise<Notice[]> {
		const { nowMs } = this.jobs;
		return this.store.dueNotices({
			holder: 'node-1',
			leaseMs: LONG_MS,
			most: 100,
			gone: [],
			nowMs,
			...EVERY_LANE,
			...of,
		});
	}

	async ended(keepMs = LONG_MS, notifyLane = ''): Promise<string> {
		const id = await this.jobs.add({ notify: NOTIFY, keepMs, notifyLane });
		await this.jobs.succeed(await this.jobs.claimOne());
		return id;
	}

	async settle(
		{ job, version }: Notice,
		afterMs: number | null,
		of: { holder?: string; attempts?: number } = {},
	): Promise<void> {
		const { holder = 'node-1', attempts = 1 } = of;
		const next = afterMs === null ? null : { atMs: this.jobs.nowMs + afterMs, attempts };
		await this.store.settleNotices([{ id: job.id, version, holder, next }]);
	}
}

const CASES: Readonly<Record<string, (stage: NoticeStage) => Promise<void>>> = {
	async 'an end of any kind is told, and only of jobs that say so'(stage) {
		const { jobs } = stage;
		await jobs.add();
		await jobs.succeed(await jobs.claimOne());
		const done = await stage.ended();
		const failed = await jobs.add({ notify: NOTIFY });
		await jobs.report(await jobs.claimOne(), { kind: 'failed', error: ERROR, result: null });
		const late = await jobs.add({ notify: NOTIFY, deadlineMs: jobs.nowMs + 10 });
		const cancelled = await jobs.add({ notify: NOTIFY });
		await jobs.store.change(cancelled, { kind: 'cancel', nowMs: jobs.nowMs });
		await jobs.add({ notify: NOTIFY });
		await jobs.home.pass(50);
		await jobs.store.sweep(jobs.nowMs);
		assert.equal(await stage.store.noticesWaiting(), 4);
		const due = await stage.due();
		assert.deepEqual(Object.fromEntries(due.map(({ job }) => [job.id, job.state])), {
			[done]: 'succeeded',
			[failed]: 'failed',
			[cancelled]: 'cancelled',
			[late]: 'expired',
		});
		for (const { job, version, attempts } of due) {
			assert.deepEqual([Buffer.from(job.notify ?? []).toString(), attempts], ['who is told', 0]);
			assert.equal(version, (await jobs.get(job.id)).version);
		}
	},

	async 'it is one holder’s until its lease is over, and the next one’s then'(stage) {
		await stage.ended();
		const [first] = await stage.due({ leaseMs: 100 });
		assert.ok(first !== undefined);
		assert.deepEqual(await stage.due({ holder: 'node-2' }), []);
		await stage.jobs.home.pass(200);
		const [second] = await stage.due({ holder: 'node-2' });
		assert.deepEqual([second?.job.id, second?.version, second?.attempts], [first.job.id, first.version, 0]);
		await stage.settle(first, null);
		assert.equal(await stage.store.noticesWaiting(), 1, 'what the first says is nothing now');
		await stage.settle(first, null, { holder: 'node-2' });
		assert.equal(await stage.store.noticesWaiting(), 0);
	},

	async 'what a holder had that is gone is due at once'(stage) {
		await stage.ended();
		await stage.due();
		const [again] = await stage.due({ holder: 'node-2', gone: ['node-1'] });
		assert.equal(again?.attempts, 0);
		assert.deepEqual(await stage.due({ holder: 'node-3', gone: ['node-1'] }), []);
	},

	async 'tries are counted, and the next one is not before its time'(stage) {
		await stage.ended();
		const [first] = await stage.due();
		await stage.settle(first as Notice, 1000, { attempts: 3 });
		assert.deepEqual(await stage.due(), []);
		await stage.jobs.home.pass(1000);
		const [second] = await stage.due();
		assert.deepEqual([second?.attempts, second?.version], [3, first?.version]);
	},

	async 'the oldest go first, no more than asked for'(stage) {
		const first = await stage.ended();
		await stage.jobs.home.pass(10);
		const second = await stage.ended();
		assert.deepEqual(
			(await stage.due({ most: 1 })).map(({ job }) => job.id),
			[first],
		);
		assert.deepEqual(
			(await stage.due({ most: 1 })).map(({ job }) => job.id),
			[second],
		);
	},

	async 'a long lane does not hold up the others'(stage) {
		const { jobs } = stage;
		// More than are looked at in the order of their times.
		await jobs.addMany(300, { notify: NOTIFY, notifyLane: 'slow.example' });
		for (const job of await jobs.claim({ most: 300 })) await jobs.succeed(job);
		await jobs.home.pass(10);
		const quick = await stage.ended(LONG_MS, 'quick.example');
		const other = await stage.ended(LONG_MS, 'a.example');
		await jobs.home.pass(10);
		const busy = new Map([['slow.example', 3]]);
		const due = await stage.due({ most: 10, laneMost: 4, busy });
		const ids = due.map(({ job }) => job.id);
		assert.deepEqual([ids.length, ids.includes(quick), ids.includes(other)], [3, true, true]);
		assert.deepEqual(await stage.due({ most: 10, laneMost: 4, busy: new Map([['slow.example', 4]]) }), []);
		assert.equal((await stage.due({ most: 2, laneMost: 4 })).length, 2, 'and it goes on itself');
		assert.equal(await stage.store.noticesWaiting(), 302);
	},

	async 'whose a job is, and a secret of the store’s own that changes only from what it was'(stage) {
		const store = stage.jobs.store as TellingStore & OwnerStore;
		const id = await stage.jobs.add({ owner: 'hash' });
		assert.deepEqual([await store.ownerOf(id), await store.ownerOf('none')], ['hash', null]);
		const [one, two] = [bytes('one'), bytes('two')];
		assert.equal(await store.secret(), null);
		assert.equal(await store.setSecret(one, two), false);
		assert.equal(await store.setSecret(one, null), true);
		assert.equal(await store.setSecret(two, null), false);
		assert.equal(Buffer.from((await store.secret()) ?? []).toString(), 'one');
		assert.equal(await store.setSecret(two, one), true);
		const other = (await stage.jobs.home.open()) as TellingStore & OwnerStore;
		assert.equal(Buffer.from((await other.secret()) ?? []).toString(), 'two');
	},

	async 'receivers that are gone are known to all, newest first, until they are taken back'(stage) {
		const { store } = stage;
		assert.deepEqual(await store.gone(10), []);
		await store.addGone({ key: 'one', host: 'a.example', sinceMs: 1000 });
		await store.addGone({ key: 'two', host: 'b.example', sinceMs: 2000 });
		await store.addGone({ key: 'one', host: 'a.example', sinceMs: 3000 });
		const other = (await stage.jobs.home.open()) as TellingStore;
		assert.deepEqual(await other.gone(10), [
			{ key: 'two', host: 'b.example', sinceMs: 2000 },
			{ key: 'one', host: 'a.example', sinceMs: 1000 },
		]);
		assert.equal((await other.gone(1)).length, 1);
		assert.deepEqual([...(await other.areGone(['one', 'three']))], ['one']);
		assert.equal(await other.removeGone(['one', 'three']), 1);
		assert.deepEqual([...(await store.areGone(['one', 'two']))], ['two']);
	},

	async 'a job that is driven again takes its notice back, and tells of its new end'(stage) {
		const { jobs } = stage;
		const id = await jobs.add({ notify: NOTIFY });
		await jobs.report(await jobs.claimOne(), { kind: 'failed', error: ERROR, result: null });
		const [old] = await stage.due();
		await jobs.store.change(id, { kind: 'redrive', nowMs: jobs.nowMs });
		assert.equal(await stage.store.noticesWaiting(), 0);
		await stage.settle(old as Notice, 0);
		assert.deepEqual(await stage.due(), []);
		await jobs.succeed(await jobs.claimOne());
		const [fresh] = await stage.due();
		assert.equal(fresh?.job.state, 'succeeded');
		assert.notEqual(fresh?.version, old?.version);
		await stage.settle(old as Notice, null);
		assert.equal(await stage.store.noticesWaiting(), 1);
	},

	async 'a job is kept until its end was told'(stage) {
		const { jobs } = stage;
		const id = await stage.ended(0);
		await jobs.home.pass(100);
		await jobs.store.sweep(jobs.nowMs);
		await jobs.home.pass(100);
		await jobs.store.sweep(jobs.nowMs);
		assert.equal(await jobs.state(id), 'succeeded');
		const [notice] = await stage.due();
		await stage.settle(notice as Notice, null);
		await jobs.store.sweep(jobs.nowMs);
		assert.equal(await jobs.store.get(id), null);
		assert.equal(await stage.store.noticesWaiting(), 0);
	},

	async 'but no longer than 30 days, as nobody may be there to tell'(stage) {
		const { jobs } = stage;
		const id = await stage.ended(0);
		await stage.due();
		await jobs.home.pass(29 * DAY_MS);
		await jobs.store.sweep(jobs.nowMs);
		assert.equal(await jobs.state(id), 'succeeded');
		await jobs.home.pass(2 * DAY_MS);
		await jobs.store.sweep(jobs.nowMs);
		assert.equal(await jobs.store.get(id), null);
		assert.equal(await stage.store.noticesWaiting(), 0);
		assert.deepEqual(await stage.due({ gone: ['node-1'] }), []);
	},
};

/** Declares the tests of one adapter. @param make a fresh, empty place whose stores are `NoticeStore`s */
export function noticeStoreSuite(name: string, make: () => Promise<JobStoreHome>): void {
	for (const [title, run] of Object.entries(CASES)) {
		test(`${name}: ${title}`, async () => {
			await using home = await make();
			await run(new NoticeStage(await JobStage.on(home)));
		});
	}
}
