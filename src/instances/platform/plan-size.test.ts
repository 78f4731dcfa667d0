import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planSize } from './plan-size.ts';
import { SizeMemory } from './size-memory.ts';

test('a plan sets what is missing, and chooses what is too much', () => {
	const now = { size: 3, live: 3, chosen: 0, ending: 0 };
	assert.deepEqual(planSize(5, now), { keep: 0, choose: 0, set: 5 });
	assert.deepEqual(planSize(3, now), { keep: 0, choose: 0, set: null });
	assert.deepEqual(planSize(1, now), { keep: 0, choose: 2, set: null });
});

test('those that were chosen stay before others are made; those that end do not', () => {
	assert.deepEqual(planSize(4, { size: 5, live: 5, chosen: 2, ending: 0 }), { keep: 1, choose: 0, set: null });
	assert.deepEqual(planSize(6, { size: 5, live: 5, chosen: 2, ending: 1 }), { keep: 1, choose: 0, set: 7 });
	assert.deepEqual(planSize(2, { size: 5, live: 5, chosen: 2, ending: 0 }), { keep: 0, choose: 1, set: null });
});

test('nobody is drained for what is not made yet', () => {
	assert.deepEqual(planSize(4, { size: 6, live: 3, chosen: 0, ending: 0 }), { keep: 0, choose: 0, set: 4 });
	assert.deepEqual(planSize(2, { size: 6, live: 3, chosen: 0, ending: 0 }), { keep: 0, choose: 1, set: 3 });
});

test('every plan leads to the goal, whatever there is', () => {
	for (let size = 0; size < 6; size++)
		for (let live = 0; live < 6; live++)
			for (let chosen = 0; chosen <= Math.min(live, size); chosen++)
				for (let ending = 0; ending <= chosen; ending++)
					for (let goal = 0; goal < 8; goal++) {
						const plan = planSize(goal, { size, live, chosen, ending });
						const after = (plan.set ?? size) - (chosen - plan.keep + plan.choose);
						// Members that are there beyond the size are the platform's to end.
						const reachable = live >= size || after === goal || plan.set !== null;
						assert.ok(reachable && after >= goal, JSON.stringify({ goal, size, live, chosen, ending, plan }));
						assert.ok(plan.choose + chosen - plan.keep <= live && plan.keep <= chosen - ending);
						if (live === size) assert.equal(after, goal, JSON.stringify({ goal, size, live, chosen, ending, plan }));
					}
});

test('a late answer is no news, what somebody else set is', () => {
	const sizes = new SizeMemory();
	assert.equal(sizes.seen(3, 0), 'first');
	sizes.set(6, 100, 1000);
	assert.equal(sizes.seen(3, 200), 'late');
	assert.equal(sizes.seen(6, 300), 'same');
	assert.equal(sizes.seen(3, 400), 'late');
	assert.equal(sizes.seen(7, 500), 'changed');
	assert.equal(sizes.size, 7);
});

test('what never shows is taken for what it is once it cannot be late any more', () => {
	const sizes = new SizeMemory();
	sizes.seen(3, 0);
	sizes.set(6, 0, 1000);
	assert.equal(sizes.seen(3, 1001), 'changed');
	assert.equal(sizes.size, 3);
});

test('a change in doubt is neither missed nor taken for somebody else’s', () => {
	const sizes = new SizeMemory();
	sizes.seen(5, 0);
	sizes.doubt(3, 0, { forMs: 1000, lags: true });
	assert.equal(sizes.seen(5, 1), 'same');
	assert.equal(sizes.seen(4, 2), 'late');
	assert.equal(sizes.seen(3, 3), 'same');
	assert.equal(sizes.size, 3);
	sizes.doubt(1, 4, { forMs: 1000, lags: false });
	assert.equal(sizes.seen(2, 5), 'same');
	assert.equal(sizes.size, 2);
});
