import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { AttemptOutcome } from '../attempt.ts';
import type { ClaimedJob, ReportKind } from '../job-store.ts';
import { ExternalJobs, type JobUpstream } from './external-jobs.ts';
import type { ExternalPolicy } from './external-policy.ts';

const LISTED = { path: '/jobs', items: '/data', key: '/ours', id: '/id', complete: false, next: null, pages: 3 };

const POLICY: ExternalPolicy = {
	id: '/id',
	status: {
		path: '/jobs?ids={ids}',
		most: 100,
		items: '/data',
		id: '/id',
		state: '/state',
		code: '/code',
		message: null,
		progress: '/percent',
		done: ['done'],
		failed: ['failed'],
		unknown: ['unknown'],
	},
	// Long: only what is wanted is asked for, whatever the machine does meanwhile.
	poll: { steps: [{ untilMs: Number.MAX_SAFE_INTEGER, everyMs: 3_600_000 }], heardMs: 3_600_000 },
	result: { path: '/jobs/{id}', ready: '/url', media: null, waitMs: 1, freshMs: 1000 },
	webhook: {
		path: '/hook',
		signature: null,
		eventId: 'x-id',
		id: '/id',
		jobId: null,
		word: '/w',
		done: ['d'],
		failed: ['f'],
	},
	reconcile: LISTED,
	cancel: { method: 'DELETE', path: '/jobs/{id}' },
	limitMs: 0,
};

const claimed = (id: string, of: Partial<ClaimedJob> = {}): ClaimedJob =>
	({
		id,
		token: `t-${id}`,
		queue: 'q',
		lane: 'l',
		externalId: `x-${id}`,
		startedMs: 0,
		upstreamKey: '',
		...of,
	}) as ClaimedJob;

/** `answers`: what the upstream says to each path, in turn; the last again and again. */
function made(answers: Record<string, unknown[]>, policy: ExternalPolicy = POLICY) {
	const ended = new Map<string, 'again' | ReportKind>();
	const asked: string[] = [];
	const failed: string[] = [];
	const state = { nowMs: 1, spend: null as JobUpstream['spend'] };
	const jobs: ExternalJobs = new ExternalJobs({
		upstreamOf: () => ({
			...{ external: policy, spend: state.spend },
			codes: { code: '/error', message: null, retry: [], fail: ['no'] },
		}),
		ask: async (_, target, method) => {
			const call = method === undefined ? target : `${method} ${target}`;
			asked.push(call);
			const left = answers[call] ?? [];
			const body = left.length > 1 ? left.shift() : left[0];
			return body === undefined ? { kind: 'failed', code: 'connect_refused', began: false } : answered(200, body);
		},
		text: async (outcome) =>
			outcome.kind === 'answered' && outcome.body !== null && 'inline' in outcome.body
				? Buffer.from(outcome.body.inline).toString()
				: null,
		conclude: (token, next) => {
			ended.set(token, next);
			jobs.left(token);
		},
		fail: async ({ token }, error) => {
			failed.push(`${token} ${error.code}`);
			jobs.unwanted(token);
		},
		progressed: (token, { percent }) => void asked.push(`${token} ${percent}%`),
		nowMs: () => state.nowMs,
	});
	const until = async (holds: () => boolean): Promise<void> => {
		while (!holds()) await turn();
	};
	return { jobs, ended, asked, failed, state, until };
}

const answered = (status: number, body: unknown): AttemptOutcome => ({
	kind: 'answered',
	status,
	head: Buffer.from('HTTP/1.1 200 OK\r\n'),
	body: { inline: Buffer.from(JSON.stringify(body)) },
	retryAfterMs: null,
});

const webhook = { signed: true, eventId: null, id: null, jobId: null, done: true };
const textOf = (next: 'again' | ReportKind | undefined): unknown =>
	typeof next === 'object' && next.kind === 'succeeded' && next.result?.body != null && 'inline' in next.result.body
		? JSON.parse(Buffer.from(next.result.body.inline).toString())
		: undefined;

describe('jobs that an upstream has', () => {
	test('what an answer says: the id, the code, and that it names nothing', () => {
		const { jobs } = made({});
		const read = (status: number, body: unknown) => jobs.read(claimed('a'), answered(status, body));
		assert.equal(read(200, { id: 'v1' })?.externalId, 'v1');
		assert.equal(read(200, { other: 1 })?.nameless, true);
		assert.deepEqual([read(402, { error: 'no' })?.retried, read(402, { error: 'no' })?.code], [false, 'no']);
	});

	test('one question for all; what is done is asked for its result, what failed says why, the rest goes on', async () => {
		const data = [
			{ id: 'x-a', state: 'done' },
			{ id: 'x-b', state: 'failed', code: 'moderated' },
			{ id: 'x-c', state: 'going', percent: 30 },
		];
		const { jobs, ended, asked, state, until } = made({
			'/jobs?ids=x-a,x-b,x-c': [{ data }],
			'/jobs/x-a': [{ url: null }, { url: 'u' }],
		});
		for (const id of ['a', 'b', 'c']) jobs.took(claimed(id));
		state.nowMs = 3_600_001;
		jobs.heard('/hook', { ...webhook, id: 'x-c', signed: false });
		await until(() => ended.size === 2);
		assert.deepEqual(textOf(ended.get('t-a')), { url: 'u' });
		const failed = ended.get('t-b');
		assert.ok(typeof failed === 'object' && failed.kind === 'failed' && failed.error.code === 'moderated');
		assert.deepEqual(asked.sort(), ['/jobs/x-a', '/jobs/x-a', '/jobs?ids=x-a,x-b,x-c', 't-c 30%']);
		assert.equal(jobs.size, 1);
		jobs.close();
	});

	test('one that failed there is not billed only where the configuration says so', async () => {
		for (const [failures, free] of [
			['free', true],
			['billed', false],
			[null, false],
		] as const) {
			const { jobs, ended, state, until } = made({ '/jobs?ids=x-b': [{ data: [{ id: 'x-b', state: 'failed' }] }] });
			state.spend = failures === null ? null : { failures };
			jobs.took(claimed('b'));
			state.nowMs = 3_600_001;
			jobs.heard('/hook', { ...webhook, id: 'x-b', signed: false });
			await until(() => ended.size === 1);
			const failed = ended.get('t-b');
			assert.equal(typeof failed === 'object' && failed.kind === 'failed' && failed.free, free);
			jobs.close();
		}
	});

	test('a signed webhook ends a job without a question; a repeat does nothing; one before its job is kept', async () => {
		const { jobs, ended, asked, until } = made({ '/jobs/x-a': [{ url: 'u' }], '/jobs/x-b': [{ url: 'v' }] });
		jobs.heard('/hook', { ...webhook, eventId: 'e2', id: 'x-b' });
		jobs.took(claimed('a'));
		jobs.took(claimed('b'));
		jobs.heard('/hook', { ...webhook, eventId: 'e1', id: 'x-a' });
		jobs.heard('/hook', { ...webhook, eventId: 'e1', id: 'x-a' });
		await until(() => ended.size === 2);
		assert.deepEqual(asked.sort(), ['/jobs/x-a', '/jobs/x-b']);
		assert.deepEqual([jobs.counts.heard, jobs.counts.found], [2, 0]);
		jobs.close();
	});

	test('whom the upstream does not know five times in a row is parked', async () => {
		const { jobs, ended, state, asked, until } = made({
			'/jobs?ids=x-a': [{ data: [{ id: 'x-a', state: 'unknown' }] }],
		});
		jobs.took(claimed('a'));
		for (let i = 1; i <= 5; i++) {
			state.nowMs += 3_600_001;
			jobs.heard('/hook', { ...webhook, signed: false, id: 'x-a' });
			await until(() => asked.length === i);
			await turn();
			await turn();
		}
		await until(() => ended.size === 1);
		const next = ended.get('t-a');
		assert.ok(typeof next === 'object' && next.kind === 'parked' && next.error.code === 'external_unknown');
		jobs.close();
	});

	test('reconciled: it is there; or it cannot be told, and a person is asked; or it was never made', async () => {
		const list = { data: [{ ours: 'a', id: 'x-9' }] };
		const { jobs, ended, until } = made({ '/jobs': [list] });
		jobs.reconcile(claimed('a', { externalId: null }));
		jobs.reconcile(claimed('b', { externalId: null }));
		await until(() => ended.size === 2);
		const [there, unclear] = [ended.get('t-a'), ended.get('t-b')];
		assert.ok(typeof there === 'object' && there.kind === 'submitted' && there.externalId === 'x-9');
		assert.ok(typeof unclear === 'object' && unclear.kind === 'parked');
		const sure = made({ '/jobs': [list] }, { ...POLICY, reconcile: { ...LISTED, complete: true } });
		sure.jobs.reconcile(claimed('b', { externalId: null }));
		await sure.until(() => sure.ended.size === 1);
		assert.equal(sure.ended.get('t-b'), 'again');
	});

	test('reconciled: page by page, and no more of them than is said', async () => {
		const page = (items: object[], next: string | null) => [{ data: items, next }];
		const next = { token: '/next', field: 'token' };
		const { jobs, ended, asked, until } = made(
			{
				'/jobs': page([{ ours: 'z', id: 'x-1' }], 'p&2'),
				'/jobs?token=p%262': page([{ ours: 'a', id: 'x-9' }], 'p3'),
				'/jobs?token=p3': page([], 'p4'),
			},
			{ ...POLICY, reconcile: { ...LISTED, complete: true, next } },
		);
		jobs.reconcile(claimed('a', { externalId: null }));
		await until(() => ended.size === 1);
		assert.deepEqual(asked, ['/jobs', '/jobs?token=p%262']);
		const there = ended.get('t-a');
		assert.ok(typeof there === 'object' && there.kind === 'submitted' && there.externalId === 'x-9');
		// There are more pages than are looked through: it may be in them.
		jobs.reconcile(claimed('b', { externalId: null }));
		await until(() => ended.size === 2);
		const unclear = ended.get('t-b');
		assert.ok(typeof unclear === 'object' && unclear.kind === 'parked');
		assert.equal(asked.length, 5);
	});

	test('one that takes too long has failed, its upstream is told, and its slot is held until that has answered', async () => {
		const { jobs, ended, asked, failed, state, until } = made(
			{ '/jobs?ids=x-a': [{ data: [{ id: 'x-a', state: 'going' }] }], 'DELETE /jobs/x-a': [{}] },
			{ ...POLICY, limitMs: 1000 },
		);
		jobs.took(claimed('a'));
		state.nowMs = 1001;
		jobs.heard('/hook', { ...webhook, signed: false, id: 'x-a' });
		await until(() => ended.size === 1);
		assert.deepEqual(failed, ['t-a external_timeout']);
		assert.deepEqual(asked, ['/jobs?ids=x-a', 'DELETE /jobs/x-a']);
		assert.deepEqual(ended.get('t-a'), { kind: 'cancelled' });
		jobs.close();
	});

	test('one whose result never comes has failed', async () => {
		const { jobs, ended, state, until } = made({ '/jobs/x-a': [{ url: null }] }, { ...POLICY, limitMs: 1000 });
		jobs.took(claimed('a'));
		jobs.heard('/hook', { ...webhook, id: 'x-a' });
		await turn();
		state.nowMs = 1002;
		await until(() => ended.size === 1);
		const failed = ended.get('t-a');
		assert.ok(typeof failed === 'object' && failed.kind === 'failed' && failed.error.code === 'external_timeout');
		jobs.close();
	});

	test('one that nobody wants is asked for on where its upstream cannot be told', async () => {
		const { jobs, ended, asked } = made({}, { ...POLICY, cancel: null });
		jobs.took(claimed('a'));
		jobs.unwanted('t-a');
		await turn();
		assert.deepEqual([asked, ended.size, jobs.size], [[], 0, 1]);
		jobs.close();
	});

	test('a result that may have ended is asked for anew; a fresh one is not', async () => {
		const { jobs, state, asked } = made({ '/jobs/x-a': [{ url: 'new' }] });
		const job = claimed('a', { state: 'succeeded', endedMs: 0 });
		assert.equal(await jobs.fresh(job), null);
		state.nowMs = 1000;
		const result = await jobs.fresh(job);
		assert.deepEqual(textOf({ kind: 'succeeded', result }), { url: 'new' });
		// However many ask, the upstream is asked once in that time.
		state.nowMs = 1999;
		await Promise.all([jobs.fresh(job), jobs.fresh(job)]);
		assert.equal(asked.length, 1);
		state.nowMs = 2000;
		await jobs.fresh(job);
		assert.equal(asked.length, 2);
		assert.equal(await jobs.fresh(claimed('gone', { state: 'succeeded', endedMs: 0 })), null);
	});
});
