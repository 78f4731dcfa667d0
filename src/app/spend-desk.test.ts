import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NewJob } from '../jobs/job.ts';
import type { ClaimedJob, ReportKind } from '../jobs/job-store.ts';
import { OFFLOAD } from '../jobs/offload-policy.ts';
import { spendKey } from '../jobs/spend/job-spend.ts';
import { MICRO, type SpendPolicy } from '../jobs/spend/spend-policy.ts';
import { SpendDesk } from './spend-desk.ts';
import type { SpendFigures } from './spend-figures.ts';

const NOW = Date.UTC(2026, 10, 28, 17);
const POLICY: SpendPolicy = {
	...{ per: 'day', perTenant: 20 * MICRO, total: 500 * MICRO, tenants: { acme: 100 * MICRO }, failures: 'billed' },
	price: { each: MICRO, perCharacter: 0, text: [], otherwise: MICRO, times: null },
};
const keys = (tenant: string): string[] => [spendKey('heygen', 'day', tenant), spendKey('heygen', 'day', null)];
const job = (tenant: string, of: Partial<ClaimedJob> = {}): ClaimedJob =>
	({
		...{ state: 'running', lost: false, externalId: null },
		spent: { cost: 1.5 * MICRO, counted: true, keys: keys(tenant) },
		...of,
	}) as ClaimedJob;
const SUBMITTED = { kind: 'submitted', leaseMs: 1, externalId: 'v' } as ReportKind;

function made(sums: { key: string; sum: number }[]) {
	const asked: number[] = [];
	const state = { nowMs: NOW };
	const store = {
		sums: async (sinceMs: number) => {
			asked.push(sinceMs);
			return sums;
		},
	};
	const desk = new SpendDesk(store, () => state.nowMs);
	desk.configure([
		{ service: 'heygen', route: 'POST /v3/videos', policy: { ...OFFLOAD, spend: POLICY }, attemptMs: 0 },
	]);
	return { asked, state, desk };
}

const of = (figures: SpendFigures[], tenant: string): SpendFigures =>
	figures.find((one) => one.tenant === tenant) ?? assert.fail(`no ${tenant} in ${figures.map((one) => one.tenant)}`);

test('named tenants are told by their name, others by a hash; what clients say is no label', async () => {
	const { desk, asked, state } = made([
		{ key: keys('acme')[0] as string, sum: 7.5 * MICRO },
		{ key: keys('evil\n{')[0] as string, sum: 2 * MICRO },
		{ key: keys('')[0] as string, sum: MICRO },
		{ key: keys('x')[1] as string, sum: 10.5 * MICRO },
		{ key: spendKey('other', 'day', 'a'), sum: 99 * MICRO },
		{ key: spendKey('heygen', 'hour', 'a'), sum: 99 * MICRO },
	]);
	assert.equal(of(desk.figures(), 'acme').used, null, 'nothing is known yet');
	await desk.look();
	state.nowMs += 1000;
	await desk.look();
	assert.deepEqual(asked, [Date.UTC(2026, 10, 28)], 'each five seconds');
	desk.settled(job('acme'), SUBMITTED);
	desk.refused({
		spend: { cost: 1, sinceMs: 0, of: [{ key: keys('acme')[0] as string, most: 1 }] },
	} as unknown as NewJob);
	const figures = desk.figures();
	const untilMs = Date.UTC(2026, 10, 29);
	assert.deepEqual(of(figures, 'acme'), {
		...{ service: 'heygen', tenant: 'acme', name: 'acme', used: 7.5, limit: 100, untilMs },
		...{ spent: 1.5, refused: 1 },
	});
	assert.deepEqual([of(figures, 'none').used, of(figures, 'none').limit], [1, 20]);
	const all = of(figures, '*');
	assert.deepEqual([all.used, all.limit, all.spent, all.refused], [10.5, 500, 1.5, 1]);
	assert.equal(figures.length, 4);
	for (const { tenant } of figures) assert.match(tenant, /^(acme|none|\*|~[A-Za-z0-9_-]{8})$/);
});

test('of many tenants the rest is together', async () => {
	const many = Array.from({ length: 200 }, (_, at) => ({ key: keys(`t${at}`)[0] as string, sum: (at + 1) * MICRO }));
	const { desk } = made(many);
	await desk.look();
	for (let at = 0; at < 1000; at++) desk.settled(job(`made-up-${at}`), SUBMITTED);
	const figures = desk.figures();
	assert.equal(figures.length, 53, '51, the rest, and all');
	assert.equal(of(figures, 'other').used, 11_325, 'those with the least');
	assert.equal(of(figures, 'other').spent, 1500);
	assert.equal(of(figures, '*').spent, 1500);
});

test('a job costs once: when the upstream takes it, or has done it at once', () => {
	const { desk, state } = made([]);
	const spent = (): number => of(desk.figures(), '*').spent;
	desk.settled(job('a'), { kind: 'failed', result: null, error: { code: 'x', message: '', status: 402 } });
	assert.equal(spent(), 0);
	desk.settled(job('a'), SUBMITTED);
	desk.settled(job('a', { externalId: 'v' }), { kind: 'succeeded', result: null });
	// It is taken up again behind a restart.
	desk.settled(job('a', { externalId: 'v', state: 'submitted', lost: true }), SUBMITTED);
	assert.equal(spent(), 1.5);
	desk.settled(job('a'), { kind: 'succeeded', result: null });
	assert.equal(spent(), 3);
	const { spent: _, ...uncounted } = job('a');
	desk.settled(uncounted as ClaimedJob, SUBMITTED);
	assert.equal(spent(), 3);
	state.nowMs += 86_400_000;
	assert.equal(desk.sinceMs(job('a')), Date.UTC(2026, 10, 29));
	assert.equal(desk.sinceMs(uncounted as ClaimedJob), undefined);
});
