import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Priority } from '../core/priority.ts';
import { ServiceCell, ServiceCells, ServiceColumn } from '../core/service-cells.ts';
import { ServiceLimit, sharesOf } from './service-limit.ts';

const { high, normal, low } = Priority;
const all = sharesOf(new Set([high, normal, low]));

function limited(limit: number, shares = all, workers = 1) {
	const cells = new ServiceCells(workers);
	cells.set(ServiceCell.limit, limit);
	const limits = Array.from({ length: workers }, (_, worker) => new ServiceLimit(cells, worker, shares));
	return { cells, limits, limit: limits[0] as ServiceLimit };
}

/** How many of a priority get in, one after the other. */
function enter(limit: ServiceLimit, priority: Priority, asking = 1000): number {
	let entered = 0;
	for (let i = 0; i < asking; i++) if (limit.enter(priority)) entered++;
	return entered;
}

test('low priority has 80 % of a limit, normal 95 %, high all', () => {
	const { limit, cells } = limited(100);
	assert.deepEqual([enter(limit, low), enter(limit, normal), enter(limit, high)], [80, 15, 5]);
	assert.equal(cells.sum(ServiceColumn.shed), 3000 - 100);
	limit.leave();
	assert.deepEqual([enter(limit, low), enter(limit, normal), enter(limit, high)], [0, 0, 1]);
});

test('the highest priority that occurs has the whole limit', () => {
	const of = (...occurring: Priority[]) => sharesOf(new Set(occurring));
	assert.equal(of(normal)[normal], 1000);
	assert.equal(of(low)[low], 1000);
	assert.deepEqual(of(normal, low), [1000, 1000, 800]);
	assert.deepEqual(of(high, low), [1000, 950, 800]);
	assert.deepEqual(of(high, normal), [1000, 950, 800]);
	assert.equal(enter(limited(10, of(normal)).limit, normal), 10);
});

test('however small the limit, each priority has a place when nothing else is under way', () => {
	for (const priority of [high, normal, low]) assert.equal(enter(limited(1).limit, priority), 1);
});

test('a limit of 0 is none; what enters is counted all the same, for the limit that may come', () => {
	const { limit, cells } = limited(0);
	assert.equal(enter(limit, low), 1000);
	cells.set(ServiceCell.limit, 10);
	assert.equal(limit.enter(high), false);
	for (let i = 0; i < 1000; i++) limit.leave();
	assert.equal(cells.sum(ServiceColumn.inFlight), 0);
});

test('property: over all workers there are never more of a priority and those below than its share', () => {
	const step = fc.record({
		worker: fc.integer({ min: 0, max: 3 }),
		priority: fc.constantFrom(high, normal, low),
		leaves: fc.boolean(),
	});
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 50 }), fc.array(step, { maxLength: 300 }), (most, steps) => {
			const { limits, cells } = limited(most, all, 4);
			const under: { worker: number }[] = [];
			for (const { worker, priority, leaves } of steps) {
				const before = under.length;
				if (leaves && before > 0) limits[(under.pop() as { worker: number }).worker]?.leave();
				else if ((limits[worker] as ServiceLimit).enter(priority)) {
					under.push({ worker });
					assert.ok(before < Math.max(1, Math.floor((most * (all[priority] as number)) / 1000)));
				} else assert.ok(before >= Math.max(1, Math.floor((most * (all[priority] as number)) / 1000)));
				assert.equal(cells.sum(ServiceColumn.inFlight), under.length);
			}
		}),
	);
});
