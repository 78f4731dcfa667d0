import assert from 'node:assert/strict';
import type { Job, NewJob } from '../job.ts';
import { bytes, idsOf, type JobCases, type JobStage, LONG_MS } from './job-stage.ts';

export const ADDING_CASES: JobCases = {
	async 'a job is kept as it was handed in'(stage) {
		const every = new Uint8Array(256).map((_, at) => at);
		const jobs = [
			stage.newJob({
				group: 'tenant ä "\u0000\'',
				owner: 'sha256:1',
				priority: 2,
				deadlineMs: stage.nowMs + LONG_MS,
				request: every,
				body: { inline: every },
				upstreamKey: 'k-1',
				notify: bytes('https://example.com'),
			}),
			stage.newJob({ request: new Uint8Array(0), body: { inline: new Uint8Array(0) } }),
			stage.newJob({ body: { file: 'b-1', bytes: 7_000_000_000 } }),
		];
		const outcomes = await stage.store.add(jobs);
		for (const [at, job] of jobs.entries()) {
			const outcome = outcomes[at];
			assert.ok(outcome?.kind === 'added');
			for (const kept of [outcome.job, await stage.get(job.id)]) isAsHandedIn(kept, job);
		}
		assert.equal(await stage.store.get('AAAAAAAAAAAAAAAAAAAAAA'), null);
	},

	async 'many calls at once are each kept'(stage) {
		const calls = Array.from({ length: 60 }, () => stage.addMany(5));
		const ids = (await Promise.all(calls)).flat();
		assert.equal(new Set(ids).size, 300);
		for (const id of ids) assert.equal(await stage.state(id), 'waiting');
		assert.deepEqual(await stage.counts(), { waiting: 300 });
	},

	async 'what was kept is there after the store was closed'(stage) {
		const [done, open] = [await stage.add({ priority: 2 }), await stage.add()];
		await stage.succeed(await stage.claimOne());
		await stage.store.close();
		const again = await stage.home.open();
		assert.equal((await again.get(done))?.state, 'succeeded');
		assert.equal((await again.get(open))?.state, 'waiting');
		await assert.rejects(stage.store.get(open), { code: 'jobs_unavailable' });
		await assert.rejects(stage.store.add([stage.newJob()]), { code: 'jobs_unavailable' });
	},

	async 'one key and one payload make one job'(stage) {
		const first = stage.newJob(keyed(stage, 'a', 'payload'));
		const second = stage.newJob(keyed(stage, 'a', 'payload'));
		const other = stage.newJob(keyed(stage, 'a', 'another payload'));
		const free = stage.newJob(keyed(stage, 'b', 'payload'));
		const outcomes = await stage.store.add([first, second, other, free]);
		assert.deepEqual(
			outcomes.map((outcome) => [outcome.kind, 'id' in outcome ? outcome.id : outcome.job.id]),
			[
				['added', first.id],
				['same', first.id],
				['mismatch', first.id],
				['added', free.id],
			],
		);
		const [later] = await stage.store.add([stage.newJob(keyed(stage, 'a', 'payload'))]);
		assert.ok(later?.kind === 'same' && later.job !== null);
		assert.deepEqual([later.job.id, later.job.state], [first.id, 'waiting']);
		assert.equal(await stage.store.get(second.id), null);
		assert.deepEqual(await stage.counts(), { waiting: 2 });
	},

	async 'one key from many callers at once makes one job'(stage) {
		const other = await stage.home.open();
		const calls = Array.from({ length: 20 }, (_, at) =>
			(at % 2 === 0 ? stage.store : other).add([stage.newJob(keyed(stage, 'a', 'payload'))]),
		);
		const kinds = (await Promise.all(calls)).flat().map(({ kind }) => kind);
		assert.equal(kinds.filter((kind) => kind === 'added').length, 1);
		assert.equal(kinds.filter((kind) => kind === 'same').length, 19);
		assert.deepEqual(await stage.counts(), { waiting: 1 });
	},

	async 'the record of a key outlives its job, and ends'(stage) {
		const id = await stage.add({ ...keyed(stage, 'a', 'payload', 3000), keepMs: 0 });
		await stage.succeed(await stage.claimOne());
		await stage.home.pass(100);
		await stage.store.sweep(stage.nowMs);
		assert.equal(await stage.store.get(id), null);
		const again = () => stage.store.add([stage.newJob(keyed(stage, 'a', 'payload'))]);
		assert.deepEqual(await again(), [{ kind: 'same', id, job: null }]);
		const [other] = await stage.store.add([stage.newJob(keyed(stage, 'a', 'another payload'))]);
		assert.deepEqual(other, { kind: 'mismatch', id });
		await stage.home.pass(3000);
		assert.equal((await again())[0]?.kind, 'added', 'also before a sweep');
	},

	async 'and never ends before its job does'(stage) {
		const record = keyed(stage, 'a', 'payload', 100);
		const id = await stage.add(record);
		const again = async () => (await stage.store.add([stage.newJob(keyed(stage, 'a', 'payload', 100))]))[0];
		await stage.home.pass(200);
		assert.equal((await again())?.kind, 'same');
		await stage.store.sweep(stage.nowMs);
		await stage.succeed(await stage.claimOne());
		await stage.store.sweep(stage.nowMs);
		const outcome = await again();
		assert.ok(outcome?.kind === 'same' && outcome.job?.state === 'succeeded' && outcome.id === id);
	},

	async 'the same call made twice makes one job'(stage) {
		const jobs = [stage.newJob(), stage.newJob(keyed(stage, 'a', 'payload'))];
		await stage.store.add(jobs);
		const outcomes = await stage.store.add(jobs);
		assert.deepEqual(
			outcomes.map((outcome) => [outcome.kind, 'id' in outcome && outcome.id]),
			jobs.map(({ id }) => ['same', id]),
		);
		assert.deepEqual(await stage.counts(), { waiting: 2 });
		assert.equal((await stage.claim()).length, 2);
	},

	async 'a job does not begin before its time'(stage) {
		const later = await stage.add({ runAtMs: stage.nowMs + 1000 });
		const never = await stage.add({ runAtMs: stage.nowMs + LONG_MS });
		const now = await stage.add();
		assert.deepEqual(await stage.counts(), { scheduled: 2, waiting: 1 });
		assert.deepEqual(idsOf(await stage.claim()), [now]);
		await stage.home.pass(1100);
		assert.deepEqual(idsOf(await stage.claim()), [later]);
		assert.equal(await stage.state(never), 'scheduled');
	},
};

function keyed(stage: JobStage, key: string, fingerprint: string, forMs = LONG_MS): Partial<NewJob> {
	return { idempotency: { key, fingerprint, untilMs: stage.nowMs + forMs } };
}

function isAsHandedIn(kept: Job, { idempotency: _, ...job }: NewJob): void {
	const { state, attempts, version, lane, result, error, progress, externalId, ...rest } = kept;
	assert.deepEqual([state, attempts, version, lane], ['waiting', 0, 1, '']);
	assert.deepEqual([result, error, progress, externalId], [null, null, null, null]);
	const { firstAttemptMs, startedMs, endedMs, ...asGiven } = rest;
	assert.deepEqual([firstAttemptMs, startedMs, endedMs], [null, null, null]);
	assert.deepEqual(asGiven, job);
}
