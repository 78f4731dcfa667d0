import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { binomialTail, dealtTail } from './tails.ts';

/** Products of small integers: slow, and beyond doubt. */
function choose(n: number, k: number): bigint {
	if (k < 0 || k > n) return 0n;
	let product = 1n;
	for (let i = 1; i <= k; i++) product = (product * BigInt(n - k + i)) / BigInt(i);
	return product;
}

const near = (actual: number, expected: number) =>
	assert.ok(Math.abs(actual - expected) <= 1e-9 + expected * 1e-6, `${actual} is not ${expected}`);

test('how hits are dealt out: the same as by counting all the ways', () => {
	fc.assert(
		fc.property(fc.nat(60), fc.nat(60), fc.nat(60), fc.nat(60), (oldOf, oldHit, freshOf, freshHit) => {
			fc.pre(oldHit <= oldOf && freshHit <= freshOf);
			const hits = oldHit + freshHit;
			let ways = 0n;
			for (let hit = freshHit; hit <= Math.min(hits, freshOf); hit++)
				ways += choose(freshOf, hit) * choose(oldOf, hits - hit);
			const all = choose(oldOf + freshOf, hits);
			const exact = Number((ways * 10n ** 15n) / all) / 1e15;
			const tail = dealtTail({ hit: oldHit, of: oldOf }, { hit: freshHit, of: freshOf });
			// Fewer than its share: nobody asks how likely that is.
			if (freshHit * (oldOf + freshOf) <= hits * freshOf) assert.equal(tail, 1);
			else near(tail, exact);
		}),
		{ numRuns: 300 },
	);
});

test('3 failures of 60 where 6000 others had none are no chance, 1 of 60 may be', () => {
	assert.ok(dealtTail({ hit: 0, of: 6000 }, { hit: 3, of: 60 }) < 1.1e-6);
	assert.ok(dealtTail({ hit: 0, of: 6000 }, { hit: 1, of: 60 }) > 0.009);
	assert.equal(dealtTail({ hit: 60, of: 6000 }, { hit: 0, of: 60 }), 1);
});

test('large counts stay exact: against the sum over all outcomes', () => {
	const tail = dealtTail({ hit: 2_000, of: 1_000_000 }, { hit: 60, of: 20_000 });
	// 40.4 expected, deviation 6.3: about 3.1 deviations.
	assert.ok(tail > 0.0005 && tail < 0.005, String(tail));
});

test('the binomial tail: the same as by adding up', () => {
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 80 }), fc.nat(80), fc.integer({ min: 1, max: 99 }), (of, hit, hundredths) => {
			fc.pre(hit <= of);
			const p = hundredths / 100;
			let sum = 0;
			for (let at = hit; at <= of; at++) sum += Number(choose(of, at)) * p ** at * (1 - p) ** (of - at);
			const tail = binomialTail({ hit, of }, p);
			if (hit <= of * p) assert.equal(tail, 1);
			else near(tail, sum);
		}),
		{ numRuns: 300 },
	);
});
