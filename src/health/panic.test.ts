import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decidePanic, NO_PANIC, type Panic, type PanicCounts } from './panic.ts';

const limits = { panic: 0.5, most: 0.5 };
const counts = (ready: number, total: number, usable = total - ready): PanicCounts => ({ ready, total, usable });
const begins = (of: PanicCounts, own = limits) =>
	decidePanic(NO_PANIC, of, { limits: own, now: 0 }).panic.since !== null;

test('below the threshold, with something that can be used', () => {
	assert.equal(begins(counts(1, 4)), true);
	assert.equal(begins(counts(2, 4)), false);
	assert.equal(begins(counts(0, 1)), true);
	assert.equal(begins(counts(0, 2)), true);
	assert.equal(begins(counts(1, 2)), false);
	assert.equal(begins(counts(1, 4, 0)), false);
	assert.equal(begins(counts(0, 4), { ...limits, panic: 0 }), false);
	assert.equal(begins(counts(0, 0)), false);
});

test('what may be ejected is no reason by itself, even where the one that always may be is more than its share', () => {
	assert.equal(begins(counts(2, 3), { panic: 0.9, most: 0.1 }), false);
	assert.equal(begins(counts(1, 3), { panic: 0.9, most: 0.1 }), true);
});

test('it says what and why, and ends after five seconds with enough ready', () => {
	const begun = decidePanic(NO_PANIC, counts(1, 4, 2), { limits, now: 1000 });
	assert.equal(
		begun.text,
		'panic: 1 of 4 instances is ready, less than 50%; used again, although ejected or failing the probe: 2',
	);
	let panic: Panic = begun.panic;
	const look = (now: number, of: PanicCounts) => {
		const decision = decidePanic(panic, of, { limits, now });
		panic = decision.panic;
		return decision.text;
	};
	assert.equal(look(2000, counts(3, 4)), null);
	assert.equal(look(4000, counts(1, 4)), null);
	assert.equal(look(5000, counts(3, 4)), null);
	assert.equal(look(9999, counts(3, 4)), null);
	assert.equal(look(10_000, counts(3, 4)), 'panic ends after 9 s: 3 of 4 instances are ready');
	assert.deepEqual(panic, NO_PANIC);
});

test('it ends at once when nothing can be used any more', () => {
	const { panic } = decidePanic(NO_PANIC, counts(0, 2), { limits, now: 0 });
	const end = decidePanic(panic, counts(0, 2, 0), { limits, now: 3000 });
	assert.equal(end.text, 'panic ends after 3 s: 0 of 2 instances are ready, and no other can be used');
});

test('property: ejections alone never begin one, whatever the configuration', () => {
	const share = fc.double({ min: 0, max: 1, noNaN: true });
	fc.assert(
		fc.property(fc.integer({ min: 0, max: 50 }), share, share, (total, most, panic) => {
			const ejected = total < 2 ? 0 : Math.min(total - 1, Math.max(1, Math.floor(total * most)));
			assert.equal(begins(counts(total - ejected, total), { most, panic }), false);
		}),
		{ seed: 7, numRuns: 500 },
	);
});
