import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SlotState } from '../core/board.ts';
import { RoundRobin } from './round-robin.ts';
import { type Pool, poolOf, tally, times } from './testing-pool.ts';

function roundRobinOf(pool: Pool, id = 0, count = 1): RoundRobin {
	const balancer = new RoundRobin(pool.board, { id, count });
	balancer.set(pool.members);
	return balancer;
}

test('each worker starts elsewhere in the round', () => {
	const pool = poolOf(8, 4);
	const first = times(4, (id) => roundRobinOf(pool, id, 4).pick(0, [], 0));
	assert.deepEqual(
		first,
		[0, 2, 4, 6].map((index) => pool.members[index]?.slot),
	);
});

test('workers start elsewhere also when the instances come one by one', () => {
	const pool = poolOf(8, 4);
	const first = times(4, (id) => {
		const balancer = new RoundRobin(pool.board, { id, count: 4 });
		for (let size = 1; size <= 8; size++) balancer.set(pool.members.slice(0, size));
		return balancer.pick(0, [], 0);
	});
	assert.equal(new Set(first).size, 4);
});

test('each open instance has one turn a round, whoever else is closed', () => {
	fc.assert(
		fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), fc.nat(3), (open, id) => {
			const pool = poolOf(open.length, 4);
			const balancer = roundRobinOf(pool, id, 4);
			open.forEach((isOpen, index) => {
				if (!isOpen) pool.board.setState(pool.members[index]?.slot as number, SlotState.down);
			});
			const ready = open.filter(Boolean).length;
			times(ready, () => balancer.pick(0, [], 0));
			const counts = tally(
				pool,
				times(ready * 10, () => balancer.pick(0, [], 0)),
			);
			assert.deepEqual(
				counts,
				open.map((isOpen) => (ready === 0 || !isOpen ? 0 : 10)),
			);
		}),
		{ seed: 11, numRuns: 200 },
	);
});

test('an instance that opens is in the round at once in a small pool, soon in a large one', () => {
	for (const [size, within] of [
		[4, 4],
		[500, 700],
	] as const) {
		const pool = poolOf(size);
		const balancer = roundRobinOf(pool);
		for (const { slot } of pool.members.slice(1)) pool.board.setState(slot, SlotState.starting);
		times(size, () => balancer.pick(0, [], 0));
		for (const { slot } of pool.members) pool.board.setState(slot, SlotState.ready);
		const counts = tally(
			pool,
			times(within, () => balancer.pick(0, [], 0)),
		);
		assert.ok(Math.min(...counts) >= 1, `${counts}`);
	}
});

test('the round goes on over a change of the pool', () => {
	const pool = poolOf(6);
	const balancer = roundRobinOf(pool);
	const [a, b, c, d, e, f] = pool.members as [Pool['members'][0], ...Pool['members']];
	balancer.set([a, b, c, d, e] as Pool['members']);
	const before = times(2, () => balancer.pick(0, [], 0));
	balancer.set([f, e, d, c, b] as Pool['members']);
	const after = times(5, () => balancer.pick(0, [], 0));
	assert.deepEqual(before, [a.slot, b?.slot]);
	assert.deepEqual(
		after,
		[c, d, e, f, b].map((member) => member?.slot),
	);
});
