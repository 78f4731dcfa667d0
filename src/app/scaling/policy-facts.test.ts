import assert from 'node:assert/strict';
import test from 'node:test';
import { DEFAULT_SCALE } from '../../scaling/default-policy.ts';
import type { ScalePolicy } from '../../scaling/policy.ts';
import { mayAct, resizeAnew, scalesItself } from './policy-facts.ts';

const policy = (changes: Partial<ScalePolicy>): ScalePolicy => ({ ...DEFAULT_SCALE, ...changes });
const SIGNAL = {
	...({
		name: 'requestsPerSecond',
		source: { from: 'requests' },
		kind: 'total',
		target: 10,
		unit: 'per-second',
	} as const),
};
const SCALING = policy({ min: 1, max: 10, signals: [SIGNAL] });

test('what scales itself, and what may act on it', () => {
	const facts = (changes: Partial<ScalePolicy>) => [scalesItself(policy(changes)), mayAct(policy(changes))];
	assert.deepEqual(facts({}), [false, false]);
	assert.deepEqual(facts({ min: 1, max: 9 }), [false, false]);
	assert.deepEqual(facts({ signals: [SIGNAL] }), [true, true]);
	assert.deepEqual(facts({ signals: [SIGNAL], mode: 'scale-out-only' }), [true, true]);
	assert.deepEqual(facts({ signals: [SIGNAL], mode: 'shadow' }), [true, false]);
	assert.deepEqual(facts({ signals: [SIGNAL], mode: 'off' }), [false, false]);
	assert.deepEqual(facts({ min: 0, max: 2 }), [true, true]);
	assert.deepEqual(facts({ min: 0, max: 0 }), [false, false]);
	const night = { cron: '0 0 * * *', timeZone: null, forMs: 60_000, min: 1, max: null };
	assert.deepEqual(facts({ schedules: [night] }), [true, true]);
});

test('a changed policy: a size that was measured is kept within its bounds, one set by hand goes with bounds that change', () => {
	const after = (before: ScalePolicy, now: ScalePolicy, size: number | null): number | undefined => {
		const sizes = new Map(size === null ? [] : [['videos', size]]);
		resizeAnew(sizes, 'videos', before, now);
		return sizes.get('videos');
	};
	assert.equal(after(SCALING, SCALING, 7), 7);
	assert.equal(after(SCALING, { ...SCALING, max: 5 }, 7), 5);
	assert.equal(after(SCALING, { ...SCALING, min: 9 }, 7), 9);
	assert.equal(after(SCALING, { ...SCALING, windowMs: 1000 }, 7), 7);
	assert.equal(after(SCALING, { ...SCALING, max: 5 }, null), undefined);
	assert.equal(after(SCALING, { ...SCALING, mode: 'shadow' }, 7), 7);
	const fixed = policy({ min: 2, max: 2 });
	assert.equal(after(fixed, policy({ min: 3, max: 3 }), 7), undefined);
	assert.equal(after(fixed, { ...fixed, idleMs: 1000 }, 7), 7);
	assert.equal(after(fixed, SCALING, 7), undefined);
});
