import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrivals, DAY_S, seeded, TENANT_NAMES } from './arrivals.ts';

test('a day has its night, its noon and its burst, and is the same for the same seed', () => {
	const day = arrivals(2000, seeded(3));
	assert.deepEqual(day, arrivals(2000, seeded(3)));
	assert.equal(day.length, 2000);
	assert.equal(new Set(day.map(({ key }) => key)).size, 2000);
	assert.deepEqual(
		day.map(({ atS }) => atS),
		day.map(({ atS }) => atS).sort((one, other) => one - other),
	);
	assert.ok(day.every(({ atS }) => atS >= 0 && atS < DAY_S));
	const between = (from: number, to: number) => day.filter(({ atS }) => atS >= from * 3600 && atS < to * 3600);
	assert.ok(between(9, 12).length > 5 * between(0, 3).length);
	const burst = day.filter(({ atS }) => atS >= 14 * 3600 && atS < 14 * 3600 + 300);
	assert.ok(burst.filter(({ tenant }) => tenant === 'cedar').length >= 300);
	assert.deepEqual([...new Set(day.map(({ tenant }) => tenant))].sort(), TENANT_NAMES);
});
