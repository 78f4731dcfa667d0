/** What holds for every algorithm. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { type Board, SlotState } from '../core/board.ts';
import { mixBits } from '../core/hash.ts';
import { type Balancer, createBalancer, type Member, type WorkerPlace } from './balancer.ts';
import type { BalanceBy } from './config.ts';
import { type Pool, poolOf, tally, times } from './testing-pool.ts';

const ALL: BalanceBy[] = [
	'round-robin',
	'weighted-round-robin',
	'least-connections',
	'random-two',
	'peak-ewma',
	'ip-hash',
	'consistent-hash',
	'cookie',
];

function balancerOf(by: BalanceBy, board: Board, worker: WorkerPlace = { id: 0, count: board.workers }): Balancer {
	return createBalancer({ by, key: null, loadFactor: 1.25, cookie: null }, board, worker);
}

/** What changes between picks. */
const step = fc.oneof(
	{
		weight: 6,
		arbitrary: fc.record({ kind: fc.constant('pick' as const), key: fc.integer(), tried: fc.nat(), worker: fc.nat(1) }),
	},
	{
		weight: 2,
		arbitrary: fc.record({ kind: fc.constant('state' as const), at: fc.nat(), state: fc.integer({ min: 1, max: 4 }) }),
	},
	{
		weight: 1,
		arbitrary: fc.record({
			kind: fc.constant('weight' as const),
			at: fc.nat(),
			weight: fc.constantFrom(0, 1, 500, 1000, 3000),
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({ kind: fc.constant('load' as const), at: fc.nat(), worker: fc.nat(1), load: fc.nat(5) }),
	},
	{
		weight: 1,
		arbitrary: fc.record({
			kind: fc.constant('settle' as const),
			at: fc.nat(),
			worker: fc.nat(1),
			us: fc.integer({ min: -1, max: 10_000 }),
		}),
	},
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('set' as const), mask: fc.integer() }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A pool, two workers' balancers over its board, and who is in it at present. */
class Model {
	readonly pool: Pool;
	readonly balancers: Balancer[];
	present: Pool['members'];
	now = 0;

	constructor(by: BalanceBy, size: number) {
		this.pool = poolOf(size, 2);
		// Some come back under their id while the old one is still there.
		for (let index = 4; index < size; index += 5) {
			const { slot } = this.pool.members[index] as Member;
			this.pool.members[index] = { slot, id: (this.pool.members[index - 2] as Member).id };
		}
		this.present = this.pool.members;
		this.balancers = [0, 1].map((id) => balancerOf(by, this.pool.board, { id, count: 2 }));
		for (const balancer of this.balancers) balancer.set(this.present);
	}

	run(change: Step): void {
		const { board, members } = this.pool;
		this.now += 10;
		if (change.kind === 'pick') this.pick(change.worker, change.key, change.tried);
		else if (change.kind === 'set') {
			this.present = members.filter((_, index) => (change.mask >> (index % 31)) & 1);
			for (const balancer of this.balancers) balancer.set(this.present);
		} else if (members.length > 0) {
			const slot = (members[change.at % members.length] as (typeof members)[0]).slot;
			if (change.kind === 'state') board.setState(slot, change.state as SlotState);
			if (change.kind === 'weight') board.setWeight(slot, change.weight);
			if (change.kind === 'load') board.addInFlight(slot, change.worker, change.load);
			if (change.kind === 'settle') (this.balancers[change.worker] as Balancer).settle(slot, change.us, this.now);
		}
	}

	pick(worker: number, key: number, seed: number): void {
		const { board } = this.pool;
		const open = this.present
			.map(({ slot }) => slot)
			.filter((slot) => board.state(slot) === SlotState.ready && board.weight(slot) > 0);
		// From none to all of the open ones, and some that are not.
		const tried = this.present
			.map(({ slot }) => slot)
			.filter((slot) => seed % 3 > 0 && mixBits(slot + seed) % (seed % 7) !== 0);
		const picked = (this.balancers[worker] as Balancer).pick(key, tried, this.now);
		const untried = open.filter((slot) => !tried.includes(slot));
		const allowed = untried.length > 0 ? untried : open.length > 0 ? open : [-1];
		assert.ok(allowed.includes(picked), `picked ${picked}, allowed ${allowed}, open ${open}, tried ${tried}`);
	}
}

for (const by of ALL) {
	suite(by, () => {
		test('only what is ready and has a weight is picked, and nothing that was tried while there is another', () => {
			fc.assert(
				fc.property(
					fc.constantFrom(0, 1, 2, 3, 7, 30, 90),
					fc.array(step, { minLength: 30, maxLength: 120 }),
					(size, steps) => {
						const model = new Model(by, size);
						for (const change of steps) model.run(change);
					},
				),
				{ seed: 7, numRuns: 60 },
			);
		});

		for (const size of [5, 100]) {
			test(`a drained instance is left at once, and taken up again: ${size}`, () => {
				const pool = poolOf(size);
				const balancer = balancerOf(by, pool.board);
				balancer.set(pool.members);
				const pick = (index: number) => balancer.pick(mixBits(index + 1), [], index);
				times(size * 40, pick);
				const { slot } = pool.members[2] as Member;
				// Not always at the same place of the round.
				for (let round = 0; round < 20; round++) {
					times(round, pick);
					pool.board.setState(slot, SlotState.draining);
					assert.ok(!times(size * 2, pick).includes(slot));
					pool.board.setState(slot, SlotState.ready);
					assert.ok(times(size * 40, pick).includes(slot));
				}
			});
		}

		for (const [size, workers] of [
			[1, 1],
			[3, 1],
			[10, 2],
			[50, 4],
			[100, 2],
			[300, 2],
		] as const) {
			test(`equal instances share evenly: ${size} over ${workers} workers`, () => {
				const pool = poolOf(size, workers);
				const balancers = times(workers, (id) => balancerOf(by, pool.board, { id, count: workers }));
				for (const balancer of balancers) balancer.set(pool.members);
				const held: [number, number][] = [];
				const picks = times(size * 400, (index) => {
					const worker = (mixBits(index) >>> 1) % workers;
					const slot = (balancers[worker] as Balancer).pick(mixBits(index + 1), [], index);
					pool.board.addInFlight(slot, worker, 1);
					held.push([slot, worker]);
					if (held.length > size * 2) {
						const [ended, by] = held.shift() as [number, number];
						pool.board.addInFlight(ended, by, -1);
						(balancers[by] as Balancer).settle(ended, 20_000, index);
					}
					return slot;
				});
				// Hashing to buckets spreads by chance: about 65536/size buckets each.
				const hashed = by === 'ip-hash' || by === 'consistent-hash';
				const exact = by === 'round-robin' || by === 'weighted-round-robin';
				const tolerance = exact ? workers : 400 * (0.2 + (hashed ? 4 * Math.sqrt(size / 65536) : 0));
				for (const count of tally(pool, picks)) {
					assert.ok(Math.abs(count - 400) <= tolerance, `${count} picks instead of 400 ± ${tolerance}`);
				}
			});
		}

		test('what is known of members that stay is kept when the pool changes', () => {
			const pool = poolOf(4);
			const balancer = balancerOf(by, pool.board);
			balancer.set(pool.members);
			const picks: number[] = [];
			for (let index = 0; index < 4000; index++) {
				// The same members, in another order: nothing may start over.
				if (index % 3 === 0) balancer.set(times(4, (at) => pool.members[(at + index) % 4] as Member));
				picks.push(balancer.pick(mixBits(index + 1), [], index));
			}
			for (const count of tally(pool, picks)) assert.ok(Math.abs(count - 1000) < 100, `${count} of 4000`);
		});
	});
}
