import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recent } from './recent.ts';
import { Registry } from './registry.ts';

test('a total that is older than its series did not grow now', () => {
	const registry = new Registry();
	const recent = new Recent(registry);
	const cpu = registry.define({ name: 'cpu_total', kind: 'counter', unit: 'seconds', help: 'x', labels: ['instance'] });
	recent.record(600_000);
	for (const [at, total] of [1000, 1002, 3].entries()) {
		cpu.series('a').readOn(total);
		recent.record(601_000 + at * 1000);
	}
	assert.equal(cpu.series('a').value, 1005);
	const { groups } = recent.read({
		metric: 'cpu_total',
		where: {},
		by: [],
		fold: 'sum',
		fromMs: 601_000,
		slotMs: 1000,
		grainMs: 1000,
		slots: 3,
	});
	assert.deepEqual([...(groups[0]?.values ?? [])], [0, 2, 3]);
});
