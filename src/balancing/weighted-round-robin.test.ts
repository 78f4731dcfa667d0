import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SlotState } from '../core/board.ts';
import { type Pool, poolOf, tally, times } from './testing-pool.ts';
import { WeightedRoundRobin } from './weighted-round-robin.ts';

function weightedOf(pool: Pool, id = 0, count = 1): WeightedRoundRobin {
	const balancer = new WeightedRoundRobin(pool.board, { id, count });
	balancer.set(pool.members);
	return balancer;
}

test("5, 1, 1 gives nginx's sequence", () => {
	const pool = poolOf(3, 1, [5000, 1000, 1000]);
	const balancer = weightedOf(pool);
	const names = times(14, () => {
		const picked = balancer.pick(0, [], 0);
		return 'abc'[pool.members.findIndex(({ slot }) => slot === picked)];
	});
	assert.equal(names.join(''), 'aabacaaaabacaa');
});

test('over a whole round each has exactly its weight', () => {
	fc.assert(
		fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 }), fc.nat(3), (weights, id) => {
			const pool = poolOf(
				weights.length,
				4,
				weights.map((weight) => weight * 1000),
			);
			const balancer = weightedOf(pool, id, 4);
			const sum = weights.reduce((total, weight) => total + weight, 0);
			for (let round = 0; round < 3; round++) {
				assert.deepEqual(
					tally(
						pool,
						times(sum, () => balancer.pick(0, [], 0)),
					),
					weights,
				);
			}
		}),
		{ seed: 13, numRuns: 200 },
	);
});

test('each worker starts elsewhere in the round', () => {
	const pool = poolOf(8, 4);
	const first = times(4, (id) => weightedOf(pool, id, 4).pick(0, [], 0));
	assert.equal(new Set(first).size, 4);
});

test('a weight that changes holds from the next pick on', () => {
	const pool = poolOf(3);
	const balancer = weightedOf(pool);
	const [a, b] = pool.members.map(({ slot }) => slot) as [number, number];
	times(100, () => balancer.pick(0, [], 0));
	pool.board.setWeight(a, 8000);
	const heavy = tally(
		pool,
		times(1000, () => balancer.pick(0, [], 0)),
	);
	[800, 100, 100].forEach((share, index) => {
		assert.ok(Math.abs((heavy[index] as number) - share) <= 1, `${heavy}`);
	});
	pool.board.setWeight(a, 1);
	pool.board.setWeight(b, 0);
	const counts = tally(
		pool,
		times(1001, () => balancer.pick(0, [], 0)),
	);
	assert.ok((counts[0] as number) <= 2 && counts[1] === 0, `${counts}`);
	pool.board.setWeight(a, 1000);
	pool.board.setWeight(b, 1000);
	const even = tally(
		pool,
		times(999, () => balancer.pick(0, [], 0)),
	);
	for (const count of even) assert.ok(Math.abs(count - 333) <= 2, `${even}`);
});

test('one that was away comes back into its share without a rush', () => {
	const pool = poolOf(4);
	const balancer = weightedOf(pool);
	const { slot } = pool.members[1] as Pool['members'][0];
	pool.board.setState(slot, SlotState.down);
	times(100_000, () => balancer.pick(0, [], 0));
	pool.board.setState(slot, SlotState.ready);
	const counts = tally(
		pool,
		times(40, () => balancer.pick(0, [], 0)),
	);
	for (const count of counts) assert.ok(Math.abs(count - 10) <= 1, `${counts}`);
});

test('in a pool of hundreds weights hold, and a change is soon seen', () => {
	const weights = times(400, (index) => 1000 * (1 + (index % 3)));
	const pool = poolOf(400, 1, weights);
	const balancer = weightedOf(pool);
	assert.deepEqual(
		tally(
			pool,
			times(799, () => balancer.pick(0, [], 0)),
		),
		weights.map((weight) => weight / 1000),
	);
	for (const { slot } of pool.members) pool.board.setWeight(slot, 1000);
	times(400, () => balancer.pick(0, [], 0));
	const counts = tally(
		pool,
		times(4000, () => balancer.pick(0, [], 0)),
	);
	for (const count of counts) assert.ok(Math.abs(count - 10) <= 2, `${counts}`);
});

test('what an instance owes is kept in the measure of its weight', () => {
	const pool = poolOf(3, 1, [9000, 9000, 9000]);
	const balancer = weightedOf(pool);
	balancer.pick(0, [], 0);
	for (const { slot } of pool.members) pool.board.setWeight(slot, 1);
	const counts = tally(
		pool,
		times(30, () => balancer.pick(0, [], 0)),
	);
	for (const count of counts) assert.ok(Math.abs(count - 10) <= 1, `${counts}`);
});

test('in a large pool, whose turn it is next is not picked once it drains', () => {
	const pool = poolOf(100);
	const balancer = weightedOf(pool);
	for (const { slot } of pool.members) {
		pool.board.setState(slot, SlotState.draining);
		assert.notEqual(balancer.pick(0, [], 0), slot);
		pool.board.setState(slot, SlotState.ready);
	}
});
