import assert from 'node:assert/strict';
import test from 'node:test';
import { columns, criteriaOf, replaceBetween, seconds, tableOf, timelineLine } from './page.ts';
import { neededOf, PLAN } from './plan.ts';
import type { StepRun } from './step-run.ts';

const run = {
	...{ decidedMs: 1500, most: neededOf(PLAN) + 1, requests: 100, failed: 0, failures: {}, backMs: 60_000, flaps: 0 },
} as unknown as StepRun;

test('each criterion is missed by itself', () => {
	const missed = (changes: Partial<StepRun>): string[] =>
		criteriaOf({ ...run, ...changes }, PLAN)
			.filter(({ met }) => !met)
			.map(({ what, measured }) => `${what}: ${measured}`);
	assert.deepEqual(missed({}), []);
	assert.deepEqual(missed({ decidedMs: 3001 }), ['load × 5: more instances are decided: 3.0 s']);
	assert.deepEqual(missed({ failed: 2, failures: { reset: 2 } }), ['failed requests: 2 of 100, 2 × reset']);
	assert.deepEqual(missed({ most: neededOf(PLAN) + 2 }), [`most instances: ${neededOf(PLAN) + 2}`]);
	assert.deepEqual(missed({ backMs: Number.POSITIVE_INFINITY }), ['back at 2 after the rush: never']);
	assert.deepEqual(missed({ flaps: 1 }), ['flaps: 1']);
	assert.equal(missed({ requests: 0 }).length, 1, 'without a request nothing is shown');
});

test('lines and tables', () => {
	const second = { second: 2, rate: 100, desired: 4, ready: 3, p95Ms: 5.25, failed: 0 };
	assert.match(timelineLine(second, 20), /^ +2 +100 +4 +3 +5\.\d ms +0 {2}███░·$/);
	assert.equal(seconds(null), 'never');
	assert.equal(
		tableOf([
			['a', 'b'],
			['1', '2'],
		]),
		'| a | b |\n| --- | --- |\n| 1 | 2 |',
	);
	assert.equal(
		columns([
			['a', 'b'],
			['long', ''],
		]),
		'a     b\nlong',
	);
	const page =
		'x\n<!-- scaling:begin (written by `npm run bench:scaling -- --write`) -->\nold\n<!-- scaling:end -->\ny';
	assert.match(replaceBetween(page, 'new'), /^x\n<!--.*-->\nnew\n<!-- scaling:end -->\ny$/);
	assert.throws(() => replaceBetween('nothing', 'new'), /no place for the table/);
});
