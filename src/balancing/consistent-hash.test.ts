import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SlotState } from '../core/board.ts';
import { hashText } from '../core/hash.ts';
import { ConsistentHash } from './consistent-hash.ts';
import { Random } from './random.ts';
import { type Pool, poolOf, tally, times } from './testing-pool.ts';

const KEYS = times(20_000, (index) => hashText(`tenant-${index}`));

function hashOf(pool: Pool, loadFactor = 0, id = 0): ConsistentHash {
	const balancer = new ConsistentHash(pool.board, { id, count: pool.board.workers }, loadFactor);
	balancer.set(pool.members);
	return balancer;
}

function pickAll(balancer: ConsistentHash): number[] {
	return KEYS.map((key) => balancer.pick(key, [], 0));
}

function movedShare(before: number[], after: number[]): number {
	return before.filter((slot, index) => slot !== after[index]).length / before.length;
}

test('a key keeps its instance, on each worker and after a restart, whatever the order', () => {
	const pool = poolOf(9, 2);
	const before = pickAll(hashOf(pool));
	pool.members.reverse();
	assert.deepEqual(pickAll(hashOf(pool, 0, 1)), before);
});

for (const size of [2, 5, 40, 200]) {
	test(`of ${size} instances one leaves: only its keys move, evenly, and they come back`, () => {
		const pool = poolOf(size);
		const balancer = hashOf(pool);
		const before = pickAll(balancer);
		const leaver = pool.members[1] as Pool['members'][0];
		const check = (after: number[], how: string) => {
			before.forEach((slot, index) => {
				if (slot !== leaver.slot) assert.equal(after[index], slot, how);
				else assert.notEqual(after[index], slot, how);
			});
			const share = movedShare(before, after);
			assert.ok(share <= 1 / size + 0.03, `${how}: ${share} moved`);
			const heirs = new Set(after.filter((_, index) => before[index] === leaver.slot));
			assert.ok(heirs.size >= Math.min(size - 1, 10), `${how}: ${heirs.size} heirs`);
		};
		pool.board.setState(leaver.slot, SlotState.down);
		check(pickAll(balancer), 'down');
		pool.board.setState(leaver.slot, SlotState.ready);
		assert.deepEqual(pickAll(balancer), before);
		balancer.set(pool.members.filter((member) => member !== leaver));
		check(pickAll(balancer), 'gone');
		balancer.set(pool.members);
		assert.deepEqual(pickAll(balancer), before);
	});
}

test('most instances down: the keys of those that stay do not move, the others keep an instance', () => {
	const pool = poolOf(100);
	const balancer = hashOf(pool);
	const before = pickAll(balancer);
	for (const { slot } of pool.members.slice(5)) pool.board.setState(slot, SlotState.down);
	const after = pickAll(balancer);
	const staying = new Set(pool.members.slice(0, 5).map(({ slot }) => slot));
	before.forEach((slot, index) => {
		if (staying.has(slot)) assert.equal(after[index], slot);
	});
	assert.deepEqual(pickAll(balancer), after);
	for (const count of tally(pool, after).slice(0, 5)) assert.ok(Math.abs(count - 4000) < 600, `${count}`);
});

test('weights hold, also when they change, and little moves', () => {
	const pool = poolOf(4, 1, [1000, 1000, 2000, 4000]);
	const balancer = hashOf(pool);
	const before = pickAll(balancer);
	const shares = tally(pool, before).map((count) => count / KEYS.length);
	[1 / 8, 1 / 8, 1 / 4, 1 / 2].forEach((share, index) => {
		assert.ok(Math.abs((shares[index] as number) - share) < 0.02, `${shares}`);
	});
	pool.board.setWeight(pool.members[3]?.slot as number, 2000);
	const moved = movedShare(before, pickAll(balancer));
	assert.ok(Math.abs(moved - (1 / 2 - 1 / 3)) < 0.02, `${moved} moved`);
	pool.board.setWeight(pool.members[3]?.slot as number, 0);
	assert.equal(tally(pool, pickAll(balancer))[3], 0);
	pool.board.setWeight(pool.members[3]?.slot as number, 4000);
	assert.deepEqual(pickAll(balancer), before);
});

test('bounded load: nobody takes more than its share times the factor, however hot a key is', () => {
	const weight = fc.constantFrom<number>(1000, 1000, 2000, 500);
	const shape = { factor: fc.constantFrom(1, 1.1, 1.25, 2), keys: fc.integer({ min: 1, max: 6 }), seed: fc.nat() };
	fc.assert(
		fc.property(
			fc.array(weight, { minLength: 1, maxLength: 16 }),
			fc.record(shape),
			(weights, { factor, keys, seed }) => {
				const pool = poolOf(weights.length, 2, weights);
				const balancers = [hashOf(pool, factor, 0), hashOf(pool, factor, 1)];
				const random = new Random(seed);
				const held: [number, number][] = [];
				for (let index = 0; index < 400; index++) {
					const worker = random.below(2);
					const slot = (balancers[worker] as ConsistentHash).pick(KEYS[random.below(keys)] as number, [], 0);
					pool.board.addInFlight(slot, worker, 1);
					held.push([slot, worker]);
					const sum = weights.reduce((total, each) => total + each);
					const bound = Math.ceil((factor * held.length * pool.board.weight(slot)) / sum);
					assert.ok(pool.board.inFlight(slot) <= bound, `${pool.board.inFlight(slot)} in flight, bound ${bound}`);
					while (held.length > 0 && random.below(20) < 9) {
						const [[ended, by]] = held.splice(random.below(held.length), 1) as [[number, number]];
						pool.board.addInFlight(ended, by, -1);
					}
				}
			},
		),
		{ seed: 23, numRuns: 80 },
	);
});

test('bounded load in a large pool: the bound holds nearly, and unloaded keys stay where they are', () => {
	const pool = poolOf(300, 4);
	const balancer = hashOf(pool, 1.25);
	const unbounded = hashOf(pool, 0);
	assert.deepEqual(pickAll(balancer), pickAll(unbounded));
	const random = new Random(4);
	for (let index = 0; index < 6000; index++) {
		// Half of all requests have one key.
		const key = KEYS[random.below(2) === 0 ? 0 : random.below(KEYS.length)] as number;
		pool.board.addInFlight(balancer.pick(key, [], 0), random.below(4), 1);
	}
	const most = Math.max(...pool.members.map(({ slot }) => pool.board.inFlight(slot)));
	assert.ok(most <= 26, `${most} in flight, the mean is 20`);
});

test('without a key the least loaded takes it', () => {
	const pool = poolOf(5);
	const balancer = hashOf(pool, 1.25);
	assert.deepEqual(
		tally(
			pool,
			times(50, () => balancer.pick(0, [], 0)),
		),
		[10, 10, 10, 10, 10],
	);
});

test('what was tried is passed over, along the path of the key', () => {
	const pool = poolOf(6);
	const balancer = hashOf(pool);
	for (const key of KEYS.slice(0, 200)) {
		const tried: number[] = [];
		for (let attempt = 0; attempt < 6; attempt++) {
			const slot = balancer.pick(key, tried, 0);
			assert.ok(!tried.includes(slot));
			assert.equal(balancer.pick(key, tried, 0), slot, 'the same retry path each time');
			tried.push(slot);
		}
	}
});

test('an id that comes back while its old instance drains has its keys at once', () => {
	const pool = poolOf(6);
	const balancer = hashOf(pool);
	const before = pickAll(balancer);
	const old = pool.members[2] as Pool['members'][0];
	const next = pool.board.take();
	pool.board.setState(next, SlotState.ready);
	pool.board.setState(old.slot, SlotState.draining);
	balancer.set([...pool.members, { slot: next, id: old.id }]);
	const expected = before.map((slot) => (slot === old.slot ? next : slot));
	assert.deepEqual(pickAll(balancer), expected);
	balancer.set([...pool.members.filter((member) => member !== old), { slot: next, id: old.id }]);
	assert.deepEqual(pickAll(balancer), expected);
});
