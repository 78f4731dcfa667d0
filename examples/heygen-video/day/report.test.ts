import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LedgerJob } from './ledger.ts';
import { type Day, reportOf } from './report.ts';

const MINUTE = 60_000;
const job = (callbackId: string | null, rest: Partial<LedgerJob> = {}): LedgerJob => ({
	origin: 'v3',
	callbackId,
	cost: 0.5,
	startAt: new Date(4 * MINUTE).toISOString(),
	endAt: new Date(12 * MINUTE).toISOString(),
	failureCode: null,
	...rest,
});

const day = (rest: Partial<Day> = {}): Day => ({
	posted: [
		{ tenant: 'acme', id: 'one', atMs: MINUTE, state: 'succeeded' },
		{ tenant: 'cedar', id: 'two', atMs: 2 * MINUTE, state: 'failed' },
	],
	refused: {},
	repeats: { posted: 1, same: 1 },
	ledger: {
		jobs: [job('one'), job('two'), job(null, { origin: 'other' })],
		accounts: [{ name: 'main', mostAtATime: 3, maxJobs: 10 }],
		repeated: { idempotencyKeys: [], callbackIds: [] },
	},
	calls: { 'POST /v3/videos': { 200: 2, 429: 1 }, 'GET /v3/videos/statuses': { 200: 3 } },
	figures: new Map([['ballast_jobs_added_total', 3]]),
	...rest,
});

test('waits, renders and cost by tenant', () => {
	const { lines, faults } = reportOf(day());
	assert.deepEqual(faults, []);
	const cells = (tenant: string) => lines.find((line) => line.startsWith(tenant))?.split(/\s{2,}/);
	assert.deepEqual(cells('acme'), ['acme', '1', '1', '0', '3.0 min', '3.0 min', '3.0 min', '8.0 min', '$0.50']);
	assert.deepEqual(cells('all')?.slice(1, 4), ['2', '1', '1']);
	assert.match(lines.join('\n'), /created twice 0[\s\S]*3 of 10 in main[\s\S]*1 × 429[\s\S]*asked +3 times/);
});

const bad: [string, Partial<Day>, RegExp][] = [
	[
		'a video twice',
		{ ledger: { ...day().ledger, jobs: [job('one'), job('one'), job('two')] } },
		/1 videos were created twice/,
	],
	[
		'the cap passed',
		{ ledger: { ...day().ledger, accounts: [{ name: 'main', mostAtATime: 11, maxJobs: 10 }] } },
		/11 jobs at a time/,
	],
	['a job that is parked', { posted: [{ tenant: 'acme', id: 'one', atMs: 0, state: 'parked' }] }, /job one is parked/],
	['another job for the same key', { repeats: { posted: 2, same: 1 } }, /1 repeated posts/],
	[
		'a video of nobody',
		{ ledger: { ...day().ledger, jobs: [job('one'), job('two'), job('three')] } },
		/1 videos nobody asked for/,
	],
];
for (const [what, rest, expected] of bad) {
	test(`a fault: ${what}`, () => assert.match(reportOf(day(rest)).faults.join('\n'), expected));
}
