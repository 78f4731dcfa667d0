import assert from 'node:assert/strict';
import type { JobSpend, NewJob } from '../job.ts';
import type { AddOutcome, KnowsSums, ReportKind } from '../job-store.ts';
import { countBy, type JobCases, type JobStage, LONG_MS } from './job-stage.ts';

const ERROR = { code: 'insufficient_credit', message: 'no credit is left', status: 402 };
const FREE = { kind: 'failed', error: ERROR, result: null, free: true } as const;
const BILLED = { kind: 'failed', error: ERROR, result: null } as const;
const SINCE = Date.UTC(2026, 10, 28);
const NEXT = SINCE + 86_400_000;

/** `most`: of the tenant, and of all. */
function costs(cost: number, most: [tenant: number | null, all: number | null] = [null, null], tenant = 'a'): JobSpend {
	return {
		...{ cost, sinceMs: SINCE },
		of: [
			{ key: `["heygen","day","${tenant}"]`, most: most[0] },
			{ key: '["heygen","day"]', most: most[1] },
		],
	};
}

async function tried(stage: JobStage, of: Partial<NewJob>): Promise<AddOutcome> {
	const [outcome] = await stage.store.add([stage.newJob(of)]);
	return outcome as AddOutcome;
}

/** Of the tenant, and of all. */
async function sums({ store }: JobStage, sinceMs = SINCE, tenant = 'a'): Promise<(number | undefined)[]> {
	const found = await (store as typeof store & KnowsSums).sums(sinceMs);
	const of = (key: string): number | undefined => found.find((one) => one.key === key)?.sum;
	return [of(`["heygen","day","${tenant}"]`), of('["heygen","day"]')];
}

/** A job that was claimed, and is reported of. */
async function ended(stage: JobStage, ...kinds: ReportKind[]): Promise<string> {
	const id = await stage.add({ spend: costs(7) });
	const job = await stage.claimOne();
	for (const kind of kinds) await stage.report(job, kind);
	return id;
}

const SUBMITTED = { kind: 'submitted', leaseMs: LONG_MS, externalId: 'v_1' } as const;

export const SPEND_CASES: JobCases = {
	async 'no more is spent than may be, of a tenant and of all; what would be is not stored'(stage) {
		assert.equal((await tried(stage, { spend: costs(6, [10, 15]) })).kind, 'added');
		assert.equal((await tried(stage, { spend: costs(4, [10, 15]) })).kind, 'added');
		const over = await tried(stage, { spend: costs(1, [10, 15]) });
		assert.deepEqual([over.kind, 'key' in over && over.key], ['over_spend', '["heygen","day","a"]']);
		assert.equal((await tried(stage, { spend: costs(5, [10, 15], 'b') })).kind, 'added');
		const all = await tried(stage, { spend: costs(1, [10, 15], 'c') });
		assert.deepEqual([all.kind, 'key' in all && all.key], ['over_spend', '["heygen","day"]']);
		assert.equal(await stage.store.get('id' in all ? all.id : ''), null);
		assert.deepEqual(await stage.counts(), { waiting: 3 });
		assert.deepEqual(await sums(stage), [10, 15]);
		// Another day begins anew.
		assert.equal((await tried(stage, { spend: { ...costs(10, [10, 15]), sinceMs: NEXT } })).kind, 'added');
		assert.deepEqual(await sums(stage, NEXT), [10, 10]);
	},

	async 'callers of several handles race for what is left: not one too many, and none too few'(stage) {
		const others = [stage.store, await stage.home.open(), await stage.home.open()];
		const calls = Array.from({ length: 120 }, (_, at) => {
			const job = stage.newJob({ spend: costs(3, [100, 160], `t${at % 4}`) });
			return others[at % 3]?.add(at % 5 === 0 ? [job, stage.newJob({ spend: costs(3, [100, 160], 't0') })] : [job]);
		});
		const outcomes = (await Promise.all(calls)).flatMap((some) => some ?? []);
		assert.deepEqual(
			countBy(outcomes, ({ kind }) => kind),
			{ added: 53, over_spend: 91 },
		);
		assert.deepEqual((await sums(stage))[1], 159);
		const own = await Promise.all(
			['t0', 't1', 't2', 't3'].map(async (name) => (await sums(stage, SINCE, name))[0] ?? 0),
		);
		assert.equal(
			own.reduce((sum, one) => sum + one, 0),
			159,
		);
		assert.ok(own.every((one) => one <= 100));
	},

	async 'a repeat is the same job and costs nothing, also where nothing is left; a refused key is free again'(stage) {
		const idempotency = { key: 'k', fingerprint: 'f', untilMs: stage.nowMs + LONG_MS };
		const job = stage.newJob({ spend: costs(10, [10, null]), idempotency });
		const outcome = async (one: NewJob): Promise<string | undefined> => (await stage.store.add([one]))[0]?.kind;
		assert.equal(await outcome(job), 'added');
		assert.equal(await outcome(job), 'same');
		assert.equal(await outcome({ ...job, id: `${job.id}2` }), 'same');
		assert.equal(await outcome({ ...job, idempotency: null }), 'same');
		assert.deepEqual(await sums(stage), [10, 10]);
		const refused = stage.newJob({ spend: costs(1, [10, null]), idempotency: { ...idempotency, key: 'other' } });
		assert.equal(await outcome(refused), 'over_spend');
		assert.equal(await outcome({ ...refused, id: `${job.id}3`, spend: costs(1, [11, null]) }), 'added');
	},

	async 'what was not billed is given back, once; what may have been is not'(stage) {
		const kept = [
			[SUBMITTED, { kind: 'succeeded', result: null }],
			[SUBMITTED, BILLED],
			[BILLED],
			[{ kind: 'parked', error: ERROR }],
			[{ kind: 'cancelled' }],
		] as ReportKind[][];
		for (const [at, kinds] of kept.entries()) {
			const id = await ended(stage, ...kinds);
			assert.deepEqual(await sums(stage), [7 * (at + 1), 7 * (at + 1)], kinds.map(({ kind }) => kind).join());
			assert.equal((await stage.get(id)).spent?.counted, true);
		}
		for (const kinds of [[FREE], [SUBMITTED, FREE], [FREE, FREE]]) {
			const id = await ended(stage, ...kinds);
			assert.deepEqual(await sums(stage), [35, 35]);
			const keys = ['["heygen","day","a"]', '["heygen","day"]'];
			assert.deepEqual((await stage.get(id)).spent, { cost: 7, counted: false, keys });
		}
	},

	async 'one that ends before anything went upstream costs nothing'(stage) {
		const { nowMs } = stage;
		const cancelled = await stage.add({ spend: costs(5) });
		await stage.store.change(cancelled, { kind: 'cancel', nowMs });
		assert.deepEqual(await sums(stage), [0, 0]);
		await stage.add({ spend: costs(5), deadlineMs: nowMs + 1000 });
		await stage.add({ spend: costs(6), deadlineMs: nowMs + 1000 });
		// Refused for now, so that nothing of it is there.
		await stage.retry(await stage.claimOne({ most: 1 }), { atMs: nowMs + 600, counted: false, keepsLane: false });
		assert.deepEqual(await sums(stage), [11, 11]);
		await stage.home.pass(1100);
		await stage.store.sweep(stage.nowMs);
		assert.deepEqual(await stage.counts(), { cancelled: 1, expired: 2 });
		assert.deepEqual(await sums(stage), [0, 0]);
		const tried = await stage.add({ spend: costs(5) });
		await stage.retry(await stage.claimOne(), { atMs: stage.nowMs + LONG_MS });
		await stage.store.change(tried, { kind: 'cancel', nowMs: stage.nowMs });
		assert.deepEqual(await sums(stage), [5, 5], 'an attempt may have had its effect');
	},

	async 'one that ends under its holder costs what comes of its attempt'(stage) {
		const unsent = { kind: 'retry', atMs: 0, error: ERROR, counted: false, keepsLane: false } as const;
		for (const [what, before, left] of [
			[FREE, 7, 0],
			[unsent, 7, 0],
			[BILLED, 7, 7],
			[{ kind: 'succeeded', result: null }, 14, 14],
		] as const) {
			const id = await stage.add({ spend: costs(7) });
			const job = await stage.claimOne();
			await stage.store.change(id, { kind: 'cancel', nowMs: stage.nowMs });
			assert.deepEqual(await sums(stage), [before, before], what.kind);
			assert.equal(await stage.report(job, what), false);
			assert.deepEqual(await sums(stage), [left, left], what.kind);
		}
		const id = await stage.add({ spend: costs(7) });
		const job = await stage.claimOne();
		await stage.store.change(id, { kind: 'cancel', nowMs: stage.nowMs });
		await stage.report(job, SUBMITTED);
		assert.deepEqual(await sums(stage), [21, 21]);
		await stage.report(job, FREE);
		assert.deepEqual(await sums(stage), [14, 14], 'it failed there, and is not billed');
	},

	async 'who is driven again costs again, in the time that is then; a person settles for good'(stage) {
		const again = async (id: string): Promise<void> => {
			await stage.store.change(id, { kind: 'redrive', nowMs: stage.nowMs, spendSinceMs: NEXT });
		};
		// It was given back.
		await again(await ended(stage, FREE));
		assert.deepEqual([await sums(stage), await sums(stage, NEXT)].flat(), [0, 0, 7, 7]);
		await stage.report(await stage.claimOne(), FREE);
		assert.deepEqual(await sums(stage, NEXT), [0, 0]);
		// It may have been billed, and its key is the same.
		await again(await ended(stage, BILLED));
		assert.deepEqual([await sums(stage), await sums(stage, NEXT)].flat(), [7, 7, 0, 0]);
		await stage.succeed(await stage.claimOne());
		// It was billed, and will be once more.
		await again(await ended(stage, SUBMITTED, BILLED));
		assert.deepEqual([await sums(stage), await sums(stage, NEXT)].flat(), [14, 14, 7, 7]);
		await stage.succeed(await stage.claimOne());
		const id = await ended(stage, { kind: 'parked', error: ERROR });
		await stage.store.change(id, { kind: 'settle', nowMs: stage.nowMs, as: 'failed' });
		assert.deepEqual(await sums(stage), [14, 14]);
	},

	async 'what was spent is known behind a restart'(stage) {
		await ended(stage, SUBMITTED);
		const other = await stage.home.open();
		const [refused] = await other.add([stage.newJob({ spend: costs(4, [10, null]) })]);
		assert.equal(refused?.kind, 'over_spend');
		assert.equal((await other.add([stage.newJob({ spend: costs(3, [10, null]) })]))[0]?.kind, 'added');
	},
};
