import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlotState } from '../core/board.ts';
import { CookieAffinity } from './cookie-affinity.ts';
import { type Pool, poolOf, tally, times } from './testing-pool.ts';

function cookieOf(pool: Pool, id = 0): CookieAffinity {
	const balancer = new CookieAffinity(pool.board, { id, count: 2 });
	balancer.set(pool.members);
	return balancer;
}

test('a token leads to its instance, however loaded, on each worker and after a restart', () => {
	const pool = poolOf(50, 2);
	const balancer = cookieOf(pool);
	const tokens = pool.members.map(({ slot }) => balancer.token(slot));
	assert.equal(new Set(tokens).size, 50);
	assert.ok(!tokens.includes(0));
	pool.members.reverse();
	const other = cookieOf(pool, 1);
	pool.members.reverse();
	pool.members.forEach(({ slot }, index) => {
		pool.board.addInFlight(slot, 0, index);
		for (const each of [balancer, other]) {
			assert.equal(each.token(slot), tokens[index]);
			assert.equal(each.pick(tokens[index] as number, [], 0), slot);
			assert.equal(each.pick((tokens[index] as number) >>> 0, [], 0), slot, 'read from the cookie without its sign');
		}
	});
});

test('no cookie, or one that means nothing here: the least loaded, and another token', () => {
	const pool = poolOf(4);
	const balancer = cookieOf(pool);
	assert.deepEqual(
		tally(
			pool,
			times(40, () => balancer.pick(0, [], 0)),
		),
		[10, 10, 10, 10],
	);
	assert.deepEqual(
		tally(
			pool,
			times(40, () => balancer.pick(0x7fffffff, [], 0)),
		),
		[10, 10, 10, 10],
	);
	assert.notEqual(balancer.token(balancer.pick(0x7fffffff, [], 0)), 0x7fffffff);
	assert.equal(balancer.token(9999), 0);
});

test('the instance is left when it drains or was tried; without a weight it keeps its clients', () => {
	const pool = poolOf(3);
	const balancer = cookieOf(pool);
	const { slot } = pool.members[0] as Pool['members'][0];
	const token = balancer.token(slot);
	assert.notEqual(balancer.pick(token, [slot], 0), slot);
	pool.board.setWeight(slot, 0);
	assert.equal(balancer.pick(token, [], 0), slot);
	assert.equal(
		tally(
			pool,
			times(30, () => balancer.pick(0, [], 0)),
		)[0],
		0,
	);
	pool.board.setState(slot, SlotState.draining);
	assert.notEqual(balancer.pick(token, [], 0), slot);
});

test('the token says nothing of the address to who only looks at it', () => {
	const pool = poolOf(3);
	const balancer = cookieOf(pool);
	for (const { slot, id } of pool.members) {
		const hex = (balancer.token(slot) >>> 0).toString(16);
		assert.ok(!id.includes(hex) && Number(hex) !== slot);
	}
});

test('an id that comes back while its old instance drains keeps its token', () => {
	const pool = poolOf(3);
	const balancer = cookieOf(pool);
	const { slot, id } = pool.members[1] as Pool['members'][0];
	const token = balancer.token(slot);
	const next = pool.board.take();
	pool.board.setState(next, SlotState.ready);
	balancer.set([...pool.members, { slot: next, id }]);
	assert.equal(balancer.token(next), token);
	pool.board.setState(slot, SlotState.draining);
	assert.equal(balancer.pick(token, [], 0), next);
});
