import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LEAST_PART, weightAt } from './slow-start.ts';

test('from a tenth to all of the weight', () => {
	assert.deepEqual(
		[0, 500, 1000, 5000, 9999, 10_000, 99_999].map((age) => weightAt(age, 10_000)),
		[0.1, 0.1, 0.1, 0.5, 0.9999, 1, 1],
	);
	assert.equal(weightAt(0, 0), 1);
});

test('property: it only rises, from a tenth to one', () => {
	const ms = fc.integer({ min: 0, max: 4_000_000 });
	fc.assert(
		fc.property(ms, ms, ms, (one, other, slowStartMs) => {
			const [earlier, later] = [
				weightAt(Math.min(one, other), slowStartMs),
				weightAt(Math.max(one, other), slowStartMs),
			];
			assert.ok(LEAST_PART <= earlier && earlier <= later && later <= 1);
		}),
		{ seed: 7 },
	);
});
