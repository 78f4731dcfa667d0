import assert from 'node:assert/strict';
import test from 'node:test';
import { DEFAULT_SCALE } from '../../scaling/default-policy.ts';
import type { ScalePolicy } from '../../scaling/policy.ts';
import { mayAct, resizeAnew, scalesItself, whyOutside } from './policy-facts.ts';

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

test('by hand within the bounds, those of a schedule too; none at all is always allowed, a bare number bounds nothing', () => {
	const facts = (changes: Partial<ScalePolicy>, counts: number[]) =>
		counts.map((count) => whyOutside(count, policy(changes), 0)?.split(';')[0] ?? null);
	assert.deepEqual(facts({}, [0, 1, 100]), [null, null, null]);
	const kept = '`scale` keeps it from 2 to 4';
	assert.deepEqual(facts({ min: 2, max: 4 }, [0, 1, 2, 4, 5]), [null, kept, null, null, kept]);
	assert.deepEqual(facts({ signals: [SIGNAL] }, [2, 3]), [null, '`scale` keeps it from 2 to 2']);
	const always = { cron: '* * * * *', timeZone: 'UTC', forMs: 3_600_000, min: 3, max: 9 };
	const scheduled = (key: string) => `\`scale\` keeps it from 3 to 9 (\`${key}\` by schedule)`;
	assert.deepEqual(facts({ min: 1, max: 4, schedules: [always] }, [2, 9, 10]), [
		scheduled('min'),
		null,
		scheduled('max'),
	]);
});
