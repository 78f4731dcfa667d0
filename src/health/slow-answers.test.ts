import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Random } from '../wire/testing/random.ts';
import type { Tally } from './evidence.ts';
import { CERTAIN, slowFrom, suspicions } from './slow-answers.ts';

const config = { factor: 3, leastMs: 100 };
const tally = (heads: number, meanMs: number, slow = 0): Tally => ({
	ok: heads,
	failed: 0,
	heads,
	headUs: heads * meanMs * 1000,
	slow,
});
const limits = (...tallies: Tally[]) => slowFrom(tallies, config).map((us) => us / 1000);

test('slow is three times what the others take, and 100 ms more', () => {
	assert.deepEqual(limits(tally(10, 100), tally(10, 200), tally(10, 300)), [600, 300, 300]);
	assert.deepEqual(limits(tally(10, 5), tally(10, 5), tally(10, 2000)), [105, 105, 105]);
	// Two of four: each is held against a majority that is not slow.
	assert.deepEqual(limits(tally(10, 5), tally(10, 2000), tally(10, 6), tally(10, 2000)), [6000, 106, 6000, 106]);
});

test('of two both are doubled, and each is held against the other', () => {
	assert.deepEqual(limits(tally(10, 100), tally(10, 2000)), [12_000, 600]);
	assert.deepEqual(limits(tally(10, 5), tally(10, 5)), [205, 205]);
});

test('without enough answers of the others it cannot be told', () => {
	assert.deepEqual(limits(tally(10, 5)), [0]);
	assert.deepEqual(limits(tally(10, 5), tally(2, 5)), [0, 205]);
	assert.deepEqual(
		limits(tally(0, 0), tally(10, 5), tally(10, 7)),
		[0, 107, 105].map((ms, at) => (at === 0 ? 105 : ms)),
	);
});

test('property: the limit is that of a median found naively', () => {
	const tallies = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 50 })), {
		minLength: 3,
		maxLength: 30,
	});
	fc.assert(
		fc.property(tallies, (drawn) => {
			const all = drawn.map(([heads, ms]) => tally(heads, ms));
			for (const [at, limit] of slowFrom(all, config).entries()) {
				const others = all.filter((one, other) => other !== at && one.heads >= 3).map((one) => one.headUs / one.heads);
				const usual = others.sort((a, b) => a - b)[(others.length - 1) >> 1];
				assert.equal(limit, usual === undefined ? 0 : Math.round(Math.max(usual * 3, usual + 100_000)));
			}
		}),
		{ seed: 7 },
	);
});

/** A pool over looks: for each instance, the heads and the slow ones of each second. */
class Simulated {
	readonly #seconds: { heads: number; slow: number }[][] = [];
	suspicion: number[] = [];

	second(heads: readonly { heads: number; slow: number }[]): number[] {
		this.#seconds.push([...heads]);
		if (this.#seconds.length > 10) this.#seconds.shift();
		const of = ({ heads: count, slow }: { heads: number; slow: number }) => tally(count, 1, slow);
		this.suspicion = suspicions(
			heads.map((latest, at) => {
				const all = this.#seconds.map((second) => second[at] as { heads: number; slow: number });
				const recent = { heads: sum(all.map((one) => one.heads)), slow: sum(all.map((one) => one.slow)) };
				return { latest: of(latest), recent: of(recent), suspicion: this.suspicion[at] ?? 0 };
			}),
		);
		return this.suspicion;
	}
}

const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0);

test('an instance that answers one request in two seconds, slowly, is certain after three of them', () => {
	const pool = new Simulated();
	for (let second = 0; second < 10; second++) pool.second(Array(3).fill({ heads: 20, slow: 0 }));
	const seen: boolean[] = [];
	for (let second = 0; second < 6; second++) {
		const one = second % 2 === 0 ? { heads: 1, slow: 1 } : { heads: 0, slow: 0 };
		seen.push((pool.second([one, { heads: 30, slow: 0 }, { heads: 30, slow: 0 }])[0] as number) >= CERTAIN);
	}
	assert.deepEqual(seen, [false, false, false, false, true, true]);
	assert.deepEqual(pool.suspicion.slice(1), [0, 0]);
});

test('fast answers speak for it again', () => {
	const pool = new Simulated();
	for (let second = 0; second < 10; second++) pool.second(Array(3).fill({ heads: 20, slow: 0 }));
	pool.second([{ heads: 2, slow: 2 }, ...Array(2).fill({ heads: 20, slow: 0 })]);
	assert.ok((pool.suspicion[0] as number) > 5);
	pool.second([{ heads: 10, slow: 0 }, ...Array(2).fill({ heads: 20, slow: 0 })]);
	assert.equal(pool.suspicion[0], 0);
});

test('when all become slow at once, none is suspect', () => {
	const pool = new Simulated();
	for (let second = 0; second < 10; second++) pool.second(Array(4).fill({ heads: 20, slow: 0 }));
	for (let second = 0; second < 10; second++)
		assert.deepEqual(pool.second(Array(4).fill({ heads: 5, slow: 5 })), [0, 0, 0, 0]);
});

test('heavy requests, one in ten on all instances, are nobody’s fault: none of five instances in two hours', () => {
	const random = new Random(7);
	const pool = new Simulated();
	let certain = 0;
	for (let second = 0; second < 7200; second++) {
		const heads = Array.from({ length: 5 }, () => {
			const count = random.int(9);
			return { heads: count, slow: Array.from({ length: count }, () => random.chance(0.1)).filter(Boolean).length };
		});
		certain += pool.second(heads).filter((suspicion) => suspicion >= CERTAIN).length;
	}
	assert.equal(certain, 0);
});
