import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Random } from '../wire/testing/random.ts';
import type { Tally } from './evidence.ts';
import { rateOutliers } from './success-rate.ts';

const config = { deviations: 1.9, requests: 50 };
const tally = (ok: number, failed: number): Tally => ({ ok, failed, heads: 0, headUs: 0, slow: 0 });
const found = (...tallies: Tally[]) => rateOutliers(tallies, config).map((one) => one !== null);

test('one of three that fails a third of its requests', () => {
	assert.deepEqual(found(tally(100, 0), tally(66, 34), tally(100, 0)), [false, true, false]);
	const [, one] = rateOutliers([tally(100, 0), tally(66, 34), tally(98, 2)], config);
	assert.deepEqual(one, { rate: 0.66, others: 0.99, requests: 100 });
});

test('two instances, few requests, a small difference, or a pool that fails as a whole are no ground', () => {
	assert.deepEqual(found(tally(100, 0), tally(0, 100)), [false, false]);
	assert.deepEqual(found(tally(100, 0), tally(20, 29), tally(100, 0)), [false, false, false]);
	assert.deepEqual(found(tally(100, 0), tally(96, 4), tally(100, 0)), [false, false, false]);
	assert.deepEqual(found(tally(50, 50), tally(45, 55), tally(55, 45)), [false, false, false]);
	// The others differ so much among themselves that this one is none of its kind.
	assert.deepEqual(found(tally(100, 0), tally(50, 50), tally(40, 60)), [false, false, false]);
});

test('property: instances that fail equally often are hardly ever told apart, one far below always is', () => {
	const draw = (random: () => number, share: number, requests: number): Tally => {
		let ok = 0;
		for (let i = 0; i < requests; i++) if (random() < share) ok++;
		return tally(ok, requests - ok);
	};
	let wrong = 0;
	let judged = 0;
	fc.assert(
		fc.property(
			fc.double({ min: 0.5, max: 1, noNaN: true }),
			fc.integer({ min: 3, max: 12 }),
			fc.integer(),
			(share, count, seed) => {
				const numbers = new Random(seed);
				const random = () => numbers.next();
				const alike = Array.from({ length: count }, () => draw(random, share, 80));
				wrong += found(...alike).filter(Boolean).length;
				judged += count;
				const bad = draw(random, Math.max(0, share - 0.45), 200);
				const tight = Array.from({ length: count }, () =>
					tally(Math.round(200 * share), 200 - Math.round(200 * share)),
				);
				assert.equal(found(...tight, bad).at(-1), true);
			},
		),
		{ seed: 7, numRuns: 60 },
	);
	assert.ok(wrong <= judged / 50, `${wrong} of ${judged}`);
});
