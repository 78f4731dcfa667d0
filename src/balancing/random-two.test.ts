import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlotState } from '../core/board.ts';
import { Random } from './random.ts';
import { RandomTwo } from './random-two.ts';
import { type Pool, poolOf, tally, times } from './testing-pool.ts';

function twoOf(pool: Pool, id = 0, count = 1): RandomTwo {
	const balancer = new RandomTwo(pool.board, { id, count });
	balancer.set(pool.members);
	return balancer;
}

test('of two members always the less loaded for its weight', () => {
	const pool = poolOf(2, 1, [1000, 3000]);
	const balancer = twoOf(pool);
	const [light, heavy] = pool.members.map(({ slot }) => slot) as [number, number];
	pool.board.addInFlight(heavy, 0, 2);
	pool.board.addInFlight(light, 0, 1);
	assert.deepEqual(new Set(times(100, () => balancer.pick(0, [], 0))), new Set([heavy]));
	pool.board.addInFlight(heavy, 0, 2);
	assert.deepEqual(new Set(times(100, () => balancer.pick(0, [], 0))), new Set([light]));
});

test('with equal loads chance decides by weight', () => {
	const pool = poolOf(2, 1, [1000, 3000]);
	const balancer = twoOf(pool);
	const [light] = tally(
		pool,
		times(8000, () => balancer.pick(0, [], 0)),
	);
	assert.ok(Math.abs((light as number) - 2000) < 150, `${light}`);
});

test('the most loaded of all is never picked, and closed members do not crowd the choice', () => {
	const pool = poolOf(200);
	const balancer = twoOf(pool);
	pool.members.forEach(({ slot }, index) => {
		pool.board.addInFlight(slot, 0, index);
		if (index >= 20) pool.board.setState(slot, SlotState.draining);
	});
	const counts = tally(
		pool,
		times(4000, () => balancer.pick(0, [], 0)),
	);
	assert.equal(counts[19], 0);
	// The least loaded is in 2 of 20 draws of two, and then it wins.
	assert.ok(Math.abs((counts[0] as number) - 400) < 80, `${counts[0]}`);
});

test('two draws keep the fullest near the mean', () => {
	const pool = poolOf(100, 4);
	const workers = times(4, (id) => twoOf(pool, id, 4));
	const random = new Random(9);
	for (let index = 0; index < 1000; index++) {
		const worker = random.below(4);
		pool.board.addInFlight((workers[worker] as RandomTwo).pick(0, [], 0), worker, 1);
	}
	const loads = pool.members.map(({ slot }) => pool.board.inFlight(slot));
	assert.ok(Math.max(...loads) <= 13, `${loads}`);
});
