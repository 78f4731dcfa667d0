import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { SlotState } from '../core/board.ts';
import { hashText } from '../core/hash.ts';
import { createBalancer, type Member } from './balancer.ts';
import type { BalanceBy } from './config.ts';
import { PoolPicker } from './pool-picker.ts';
import { NONE_TRIED } from './port.ts';
import { poolOf, times } from './testing-pool.ts';

/** Pools of these sizes over one board, with these shares; `pool(slot)`: which one it is in. */
function poolsOf(sizes: readonly number[], shares: readonly number[], by: BalanceBy = 'least-connections', trial = -1) {
	const all = poolOf(sizes.reduce((sum, size) => sum + size, 0));
	const cells = new Int32Array(sizes.length);
	const groups: Member[][] = [];
	let from = 0;
	for (const size of sizes) groups.push(all.members.slice(from, (from += size)));
	const pools = groups.map((members, share) => {
		const balancer = createBalancer({ by, key: null, loadFactor: 0, cookie: null }, all.board, { id: 0, count: 1 });
		balancer.set(members);
		return { balancer, members, share: shares[share] === undefined ? -1 : share, trial: share === trial };
	});
	cells.set(shares);
	const pool = (slot: number) => groups.findIndex((members) => members.some((member) => member.slot === slot));
	return { board: all.board, cells, groups, pool, picker: new PoolPicker({ cells }, pools, 0) };
}

const close = ({ board, groups }: ReturnType<typeof poolsOf>, at: number) => {
	for (const { slot } of groups[at] as Member[]) board.setState(slot, SlotState.down);
};

test('property: of a thousand requests each pool gets exactly its thousandths, evenly spread', () => {
	fc.assert(
		fc.property(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 1000 }), (a, b) => {
			const shares = [Math.min(a, b), Math.abs(a - b), 1000 - Math.max(a, b)];
			const it = poolsOf([2, 1, 3], shares);
			const picks = times(1000, () => it.pool(it.picker.pick(0, NONE_TRIED, 0)));
			assert.deepEqual(
				shares.map((_, at) => picks.filter((pool) => pool === at).length),
				shares,
			);
			const hundred = picks.slice(0, 100).filter((pool) => pool === 0).length;
			assert.ok(Math.abs(hundred - (shares[0] as number) / 10) < 5, `${hundred} of 100 for ${shares}`);
		}),
	);
});

test('a pool without an open instance: the others take over at once, those with a share first, then by priority', () => {
	const it = poolsOf([1, 1, 1, 1], [1000, 0, 0]);
	const next = () => it.pool(it.picker.pick(0, NONE_TRIED, 0));
	assert.equal(next(), 0);
	close(it, 0);
	assert.equal(next(), 1);
	it.cells.set([900, 0, 100]);
	assert.deepEqual(new Set(times(50, next)), new Set([2]));
	close(it, 2);
	assert.equal(next(), 1);
	close(it, 1);
	assert.equal(next(), 3, 'one without a cell comes last');
	close(it, 3);
	assert.equal(next(), -1);
});

test('an instance that was tried is picked again only when all pools were tried', () => {
	const it = poolsOf([2, 1], [1000, 0]);
	const tried: number[] = [];
	for (const expected of [0, 0, 1]) {
		const slot = it.picker.pick(0, tried, 0);
		assert.equal(it.pool(slot), expected);
		assert.ok(!tried.includes(slot));
		tried.push(slot);
	}
	assert.ok(tried.includes(it.picker.pick(0, tried, 0)));
});

test('elsewhere: a pool of which none was tried, if there is one', () => {
	const it = poolsOf([3, 1, 1], [1000, 0, 0]);
	const [first, second] = it.groups[0] as [Member, Member];
	const pick = (...tried: number[]) => it.pool(it.picker.pick(0, tried, 0, true));
	assert.equal(pick(), 0);
	assert.equal(pick(first.slot, second.slot), 1);
	it.cells.set([500, 0, 500]);
	assert.equal(pick(first.slot, second.slot), 2, 'one with a share before one without');
	const others = [1, 2].map((at) => (it.groups[at] as Member[])[0]?.slot as number);
	assert.equal(pick(first.slot, ...others), 0, 'all were tried: an instance that was not');
});

test('a version on trial gets its share, and nothing that others tried or are too full for, but for want of any of them', () => {
	const it = poolsOf([2, 1], [900, 100], 'least-connections', 1);
	const tried = (it.groups[0] as Member[]).map(({ slot }) => slot);
	const picks = (slots: readonly number[], elsewhere = false) =>
		times(1000, () => it.picker.pick(0, slots, 0, elsewhere)).filter((slot) => it.pool(slot) === 1).length;
	assert.equal(picks(NONE_TRIED), 100);
	assert.equal(picks(tried), 100, 'its share of those as well, and no more');
	assert.equal(picks(tried.slice(0, 1), true), 100);
	close(it, 0);
	assert.equal(picks(NONE_TRIED), 1000);
	assert.equal(picks(tried), 1000);
});

test('without shares, as before the first decision, the first pool has all', () => {
	const it = poolsOf([1, 1], [0, 0]);
	assert.deepEqual(new Set(times(1000, () => it.pool(it.picker.pick(0, NONE_TRIED, 0)))), new Set([0]));
});

test('a key means one pool; as shares move only the keys between move, to the pool that gains', () => {
	const it = poolsOf([3, 3], [1000, 0], 'consistent-hash');
	const keys = times(4000, (at) => hashText(`client ${at}`));
	const pools = () => keys.map((key) => it.pool(it.picker.pick(key, NONE_TRIED, 0)));
	assert.ok(pools().every((pool) => pool === 0));
	it.cells.set([700, 300]);
	const some = pools();
	assert.deepEqual(pools(), some);
	const part = some.filter((pool) => pool === 1).length / keys.length;
	assert.ok(part > 0.27 && part < 0.33, `${part}`);
	it.cells.set([400, 600]);
	assert.ok(pools().every((pool, at) => pool >= (some[at] as number)));
});

test('a cookie keeps its client at its instance in whichever pool, while that one has a share', () => {
	const it = poolsOf([2, 2], [500, 500], 'cookie');
	for (const { slot } of it.groups.flat()) {
		const token = it.picker.token(slot);
		assert.notEqual(token, 0);
		for (let turn = 0; turn < 20; turn++) assert.equal(it.picker.pick(token, NONE_TRIED, 0), slot);
	}
	const second = (it.groups[1] as Member[])[0]?.slot as number;
	it.cells.set([1000, 0]);
	assert.equal(it.pool(it.picker.pick(it.picker.token(second), NONE_TRIED, 0)), 0);
});

test('what is measured of an instance counts whichever pool it is in', () => {
	const it = poolsOf([1, 2], [0, 1000], 'peak-ewma');
	const [slow, fast] = (it.groups[1] as Member[]).map(({ slot }) => slot);
	it.picker.settle(slow as number, 900_000, 0);
	it.picker.settle(fast as number, 1000, 0);
	assert.deepEqual(new Set(times(50, () => it.picker.pick(0, NONE_TRIED, 0))), new Set([fast]));
});

test('workers begin at different points', () => {
	const points = times(8, (worker) => {
		const picked: number[] = [];
		const pools = times(10, (at) => ({
			share: at,
			trial: false,
			members: [],
			balancer: {
				set: () => {},
				pick: () => picked.push(at),
				settle: () => {},
				token: () => 0,
			},
		}));
		const shares = new Int32Array(10).fill(100);
		new PoolPicker({ cells: shares }, pools, worker).pick(0, NONE_TRIED, 0);
		return picked[0];
	});
	assert.ok(new Set(points).size >= 7, `${points}`);
});
