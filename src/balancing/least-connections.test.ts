import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SlotState } from '../core/board.ts';
import { LeastConnections } from './least-connections.ts';
import { Random } from './random.ts';
import { type Pool, poolOf, tally, times } from './testing-pool.ts';

function leastOf(pool: Pool, id = 0, count = 1): LeastConnections {
	const balancer = new LeastConnections(pool.board, { id, count });
	balancer.set(pool.members);
	return balancer;
}

test('up to 64 members: the least in flight for its weight, over all workers', () => {
	const member = fc.record({
		loads: fc.array(fc.nat(6), { minLength: 3, maxLength: 3 }),
		weight: fc.constantFrom(0, 500, 1000, 2000),
		state: fc.constantFrom(SlotState.ready, SlotState.ready, SlotState.draining),
	});
	fc.assert(
		fc.property(fc.array(member, { minLength: 1, maxLength: 64 }), (given) => {
			const pool = poolOf(
				given.length,
				3,
				given.map(({ weight }) => weight),
			);
			const balancer = leastOf(pool, 1, 3);
			given.forEach(({ loads, state }, index) => {
				const slot = pool.members[index]?.slot as number;
				pool.board.setState(slot, state);
				loads.forEach((load, worker) => {
					pool.board.addInFlight(slot, worker, load);
				});
			});
			const scores = given.map(({ loads, weight, state }) =>
				state === SlotState.ready && weight > 0 ? loads.reduce((sum, load) => sum + load) / weight : Infinity,
			);
			const least = Math.min(...scores);
			for (let picks = 0; picks < 5; picks++) {
				const picked = balancer.pick(0, [], 0);
				const index = pool.members.findIndex(({ slot }) => slot === picked);
				assert.equal(index < 0 ? Infinity : scores[index], least);
			}
		}),
		{ seed: 17, numRuns: 300 },
	);
});

test('without load equal instances take turns, and weights hold', () => {
	const pool = poolOf(3, 1, [3000, 2000, 1000]);
	const balancer = leastOf(pool);
	assert.deepEqual(
		tally(
			pool,
			times(600, () => balancer.pick(0, [], 0)),
		),
		[300, 200, 100],
	);
	const equal = poolOf(5);
	const turns = leastOf(equal);
	times(3, () => turns.pick(0, [], 0));
	assert.deepEqual(
		tally(
			equal,
			times(50, () => turns.pick(0, [], 0)),
		),
		[10, 10, 10, 10, 10],
	);
});

test('one that was busy or away has no arrears to catch up', () => {
	const pool = poolOf(4);
	const balancer = leastOf(pool);
	const { slot } = pool.members[3] as Pool['members'][0];
	pool.board.setState(slot, SlotState.down);
	times(10_000, () => balancer.pick(0, [], 0));
	pool.board.setState(slot, SlotState.ready);
	const counts = tally(
		pool,
		times(40, () => balancer.pick(0, [], 0)),
	);
	for (const count of counts) assert.ok(Math.abs(count - 10) <= 1, `${counts}`);
});

test('each worker begins with another instance', () => {
	const pool = poolOf(8, 4);
	const first = times(4, (id) => leastOf(pool, id, 4).pick(0, [], 0));
	assert.equal(new Set(first).size, 4);
});

test('two workers over one board avoid what the other one loads', () => {
	const pool = poolOf(4, 2);
	const [one, two] = [leastOf(pool, 0, 2), leastOf(pool, 1, 2)];
	for (let index = 0; index < 400; index++) {
		const worker = index % 2;
		pool.board.addInFlight((worker === 0 ? one : two).pick(0, [], 0), worker, 1);
	}
	assert.deepEqual(
		pool.members.map(({ slot }) => pool.board.inFlight(slot)),
		[100, 100, 100, 100],
	);
});

test('a thousand members, sixteen workers, requests of very different length: no instance stands out', () => {
	const pool = poolOf(1000, 16);
	const workers = times(16, (id) => leastOf(pool, id, 16));
	const random = new Random(3);
	const held: [number, number][] = [];
	let worst = 0;
	for (let index = 0; index < 60_000; index++) {
		const worker = random.below(16);
		const slot = (workers[worker] as LeastConnections).pick(0, [], 0);
		pool.board.addInFlight(slot, worker, 1);
		held.push([slot, worker]);
		if (held.length > 3000) {
			const at = random.below(held.length);
			const [ended, by] = held[at] as [number, number];
			held[at] = held.at(-1) as [number, number];
			held.pop();
			pool.board.addInFlight(ended, by, -1);
		}
		if (index > 10_000 && index % 1000 === 0) {
			worst = Math.max(worst, ...pool.members.map((member) => pool.board.inFlight(member.slot)));
		}
	}
	// The mean is 3; chance alone gives 13.
	assert.ok(worst <= 6, `${worst} in flight`);
});
