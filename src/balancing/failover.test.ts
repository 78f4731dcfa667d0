import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { decide, type FailoverDecision, type FailoverState, NO_DECISION } from './failover.ts';
import { DEFAULT_FAILOVER, type FailoverConfig } from './failover-config.ts';
import type { PoolFacts } from './pool-facts.ts';

const pool = (name: string, ready: number, wanted: number, more: Partial<PoolFacts> = {}): PoolFacts => ({
	name,
	priority: 1,
	wanted,
	ready,
	capacity: ready,
	drained: false,
	...more,
});
const primary = (ready: number, wanted = 5) => pool('primary', ready, wanted);
const standby = (ready: number, wanted = 2) => pool('standby', ready, wanted, { priority: 2 });

/** Decides again and again, with what it remembers. */
class Course {
	readonly config: FailoverConfig;
	state: FailoverState = NO_DECISION;
	nowMs = 1000;

	constructor(config: Partial<FailoverConfig> = {}) {
		this.config = { ...DEFAULT_FAILOVER, ...config };
	}

	next(pools: readonly PoolFacts[], afterMs = 100): FailoverDecision {
		this.nowMs += afterMs;
		const decision = decide({ config: this.config, pools }, this.state, this.nowMs);
		this.state = decision.state;
		return decision;
	}
}

// Any pools, as they may be seen.
const facts = fc
	.record({
		priority: fc.integer({ min: 1, max: 3 }),
		wanted: fc.integer({ min: 0, max: 6 }),
		ready: fc.integer({ min: 0, max: 7 }),
		weight: fc.constantFrom(0.5, 1, 1000),
		drained: fc.boolean(),
	})
	.map(({ weight, ...rest }) => ({ ...rest, capacity: rest.ready * weight }));
const pools = fc
	.array(facts, { minLength: 1, maxLength: 5 })
	.map((all) => all.map((each, at) => ({ ...each, name: `p${at}` })).sort((a, b) => a.priority - b.priority));
const config = fc
	.record({
		threshold: fc.integer({ min: 1, max: 100 }),
		more: fc.integer({ min: 0, max: 30 }),
		holdMs: fc.constantFrom(0, 1000, 10_000),
		warmUp: fc.constantFrom(0, 0.05, 0.5),
	})
	.map(({ threshold, more, ...rest }) => ({
		...rest,
		threshold: threshold / 100,
		back: Math.min(1, (threshold + more) / 100),
	}));
/** Looks at the same pools, as instances come and go. */
const course = fc.tuple(pools, fc.array(fc.tuple(fc.array(fc.nat(7), { maxLength: 5 }), fc.nat(12_000))), config);
const changed = (all: readonly PoolFacts[], ready: readonly number[]) =>
	all.map((each, at) => ({ ...each, ready: ready[at] ?? each.ready, capacity: ready[at] ?? each.capacity }));

const isServing = ({ ready, drained }: PoolFacts) => ready > 0 && !drained;

test('property: shares are whole thousandths, together 1000, and nobody without ready instances has one', () => {
	fc.assert(
		fc.property(course, ([start, steps, settings]) => {
			const it = new Course(settings);
			for (const [ready, afterMs] of [[[], 0], ...steps] as typeof steps) {
				const now = changed(start, ready);
				const { shares } = it.next(now, afterMs);
				assert.equal(shares.length, now.length);
				assert.equal(
					shares.reduce((sum, share) => sum + share, 0),
					1000,
				);
				assert.ok(shares.every((share) => Number.isInteger(share) && share >= 0));
				if (!now.some((each) => isServing(each) && each.wanted > 0)) continue;
				for (const [at, share] of shares.entries())
					if (!isServing(now[at] as PoolFacts)) assert.equal(share, 0, `${at} of ${JSON.stringify(now)}`);
			}
		}),
		{ numRuns: 500 },
	);
});

test('property: a pool that has more ready instances never gets less, the others then never more', () => {
	fc.assert(
		fc.property(pools, config, fc.nat(4), (all, settings, which) => {
			const at = which % all.length;
			const asked = all[at] as PoolFacts;
			const more = all.map((each, i) =>
				i === at ? { ...each, ready: each.ready + 1, capacity: each.ready + 1 } : each,
			);
			const less = all.map((each, i) => (i === at ? { ...each, capacity: each.ready } : each));
			// Within a priority the others gain too, when all of it becomes better.
			if (all.some((each, i) => i !== at && each.priority === asked.priority)) return;
			const [before, after] = [new Course(settings).next(less), new Course(settings).next(more)];
			// A thousandth may go to another by rounding, and warming up takes from the first whatever it has.
			if (settings.warmUp > 0) return;
			assert.ok((after.shares[at] as number) >= (before.shares[at] as number) - 1);
			for (const [i, share] of after.shares.entries())
				if (i !== at && (all[i] as PoolFacts).priority > asked.priority)
					assert.ok(share <= (before.shares[i] as number) + 1, JSON.stringify([before.shares, after.shares]));
		}),
		{ numRuns: 500 },
	);
});

test('property: while nothing changes, nothing flaps: traffic only moves to better priorities, and comes to rest', () => {
	fc.assert(
		fc.property(course, fc.integer({ min: 1, max: 50 }), ([start, steps, settings], looks) => {
			const stepMs = 1 + Math.ceil(settings.holdMs / looks);
			const it = new Course(settings);
			let now = start;
			for (const [ready, afterMs] of steps) it.next((now = changed(start, ready)), afterMs);
			const seen: (readonly number[])[] = [];
			for (let passed = 0; passed <= 3 * settings.holdMs + 3 * stepMs; passed += stepMs)
				seen.push(it.next(now, stepMs).shares);
			const upTo = (shares: readonly number[], priority: number) =>
				shares.reduce((sum, share, at) => sum + ((now[at] as PoolFacts).priority <= priority ? share : 0), 0);
			for (const [at, shares] of seen.entries()) {
				// A thousandth less may be the rounding of what pools of one priority share.
				for (const priority of [1, 2])
					assert.ok(
						upTo(shares, priority) >= upTo(seen[Math.max(0, at - 1)] as number[], priority) - 1,
						JSON.stringify(seen),
					);
			}
			const last = seen.at(-1);
			assert.deepEqual(it.next(now, 10 * settings.holdMs + 1).shares, last);
		}),
		{ numRuns: 300 },
	);
});

test('property: the first priority has all of it while its healthy share stays at the threshold or above', () => {
	fc.assert(
		fc.property(
			fc.integer({ min: 1, max: 20 }),
			config,
			fc.array(fc.nat(20), { maxLength: 20 }),
			(wanted, settings, steps) => {
				const it = new Course({ ...settings, warmUp: 0 });
				it.next([primary(wanted, wanted), standby(2)]);
				for (const down of steps) {
					const ready = wanted - (down % (wanted + 1));
					if (ready / wanted < settings.threshold) continue;
					assert.deepEqual(it.next([primary(ready, wanted), standby(2)]).shares, [1000, 0]);
				}
			},
		),
	);
});

test('below the threshold the rest goes to the next priority, in proportion', () => {
	const shares = (ready: number) => {
		const it = new Course();
		it.next([primary(5), standby(2)]);
		return it.next([primary(ready), standby(2)]).shares;
	};
	assert.deepEqual([5, 4, 3, 2, 1, 0].map(shares), [
		[1000, 0],
		[1000, 0],
		[857, 143],
		[571, 429],
		[286, 714],
		[0, 1000],
	]);
});

test('a third priority takes what the second cannot; when all together cannot take it, each takes more', () => {
	const third = (ready: number) => pool('third', ready, 4, { priority: 3 });
	const it = new Course();
	it.next([primary(5), standby(2), third(4)]);
	assert.deepEqual(it.next([primary(1), standby(1), third(4)]).shares, [286, 714, 0]);
	assert.deepEqual(it.next([primary(0), standby(1), third(4)]).shares, [0, 714, 286]);
	assert.deepEqual(it.next([primary(1), standby(0), third(1)]).shares, [444, 0, 556]);
	assert.deepEqual(it.next([primary(0), standby(0), third(0)]).shares, [1000, 0, 0]);
});

test('back: by steps, each only once it has lasted, and wholly only above `back`', () => {
	const it = new Course({ holdMs: 1000 });
	it.next([primary(5), standby(2)]);
	assert.deepEqual(it.next([primary(0), standby(2)]).shares, [0, 1000]);
	assert.deepEqual(it.next([primary(2), standby(2)], 1).shares, [0, 1000]);
	assert.deepEqual(it.next([primary(3), standby(2)], 999).shares, [0, 1000]);
	assert.deepEqual(it.next([primary(3), standby(2)], 1).shares, [500, 500], 'what it was in all of the time: 2 of 5');
	assert.deepEqual(it.next([primary(3), standby(2)], 999).shares, [500, 500]);
	assert.deepEqual(it.next([primary(3), standby(2)], 1).shares, [750, 250]);
	assert.deepEqual(it.next([primary(4), standby(2)], 1).shares, [750, 250]);
	assert.deepEqual(it.next([primary(2), standby(2)], 500).shares, [571, 429], 'down at once');
	assert.deepEqual(it.next([primary(4), standby(2)], 500).shares, [571, 429]);
	assert.deepEqual(it.next([primary(4), standby(2)], 1000).shares, [1000, 0]);
});

test('a pool that comes and goes faster than `hold` gets nothing back', () => {
	const it = new Course({ holdMs: 1000 });
	it.next([primary(5), standby(2)]);
	for (let turn = 0; turn < 50; turn++) {
		assert.deepEqual(it.next([primary(turn % 2 === 0 ? 0 : 5), standby(2)], 900).shares, [0, 1000]);
	}
});

test('while it is held back it serves all the same when nobody else can', () => {
	const it = new Course();
	it.next([primary(5), standby(2)]);
	it.next([primary(0), standby(2)]);
	assert.deepEqual(it.next([primary(1), standby(0)]).shares, [1000, 0]);
	assert.deepEqual(it.next([primary(1), standby(1)]).shares, [286, 714]);
});

test('at the start, and after it was drained, it gets what it can take at once', () => {
	const it = new Course();
	assert.deepEqual(it.next([primary(0), standby(2)]).shares, [0, 1000]);
	assert.deepEqual(it.next([primary(2), standby(2)]).shares, [571, 429]);
	assert.deepEqual(it.next([primary(5), standby(2)]).shares, [1000, 0]);
	const drained = { ...primary(5), drained: true };
	assert.deepEqual(it.next([drained, standby(2)]).shares, [0, 1000]);
	assert.deepEqual(it.next([primary(5), standby(2)]).shares, [1000, 0]);
});

test('a pool that grows, or gets another beside it, is not ill for what has not started yet', () => {
	const it = new Course();
	it.next([primary(2, 2), standby(2)]);
	assert.deepEqual(it.next([primary(2, 10), standby(2)]).shares, [1000, 0]);
	assert.deepEqual(it.next([primary(6, 10), standby(2)]).shares, [1000, 0]);
	assert.deepEqual(it.next([primary(3, 10), standby(2)]).shares, [714, 286], '3 of the 6 that were ready');
	const other = new Course();
	other.next([primary(2, 2), standby(2)]);
	assert.deepEqual(other.next([primary(2, 2), pool('second', 0, 2), standby(2)]).shares, [1000, 0, 0]);
	assert.deepEqual(other.next([primary(2, 2), pool('second', 2, 2), standby(2)]).shares, [500, 500, 0]);
	assert.deepEqual(other.next([primary(2, 2), pool('second', 0, 2), standby(2)]).shares, [714, 0, 286]);
});

test('pools of one priority share by what they can take', () => {
	const it = new Course();
	const [a, b] = [pool('a', 2, 2, { capacity: 1 }), pool('b', 2, 2, { capacity: 3 })];
	assert.deepEqual(it.next([a, b]).shares, [250, 750]);
	assert.deepEqual(it.next([{ ...a, drained: true }, b]).shares, [0, 1000]);
	assert.deepEqual(it.next([pool('a', 1, 1), pool('b', 1, 1), pool('c', 1, 1)]).shares, [334, 333, 333]);
});

test('warming up: the next priority always has its share while it is ready, and no other', () => {
	const it = new Course({ warmUp: 0.05 });
	const third = pool('third', 2, 2, { priority: 3 });
	assert.deepEqual(it.next([primary(5), standby(2), third]).shares, [950, 50, 0]);
	assert.deepEqual(it.next([primary(5), standby(0), third]).shares, [950, 0, 50]);
	const other = new Course({ warmUp: 0.05 });
	other.next([primary(5), standby(2), third]);
	assert.deepEqual(other.next([primary(2), standby(2), third]).shares, [571, 429, 0], 'it has more already');
	assert.deepEqual(other.next([primary(0), standby(2), third]).shares, [0, 950, 50]);
});

test('each move is told once, with its reason', () => {
	const it = new Course({ holdMs: 1000 });
	const told = (...args: Parameters<Course['next']>) => {
		const { reason, away } = it.next(...args);
		return reason === null ? null : `${away ? 'away' : 'back'}: ${reason}`;
	};
	assert.equal(told([primary(0), standby(0)]), null);
	assert.equal(told([primary(5), standby(0)]), null);
	assert.equal(told([primary(5), standby(2)]), null);
	assert.equal(
		told([primary(2), standby(2)]),
		'away: 43 % of the traffic goes to standby: 2 of 5 instances of primary are ready',
	);
	assert.equal(told([primary(2), standby(2)]), null);
	assert.equal(
		told([primary(0), standby(2)]),
		'away: all of the traffic goes to standby: 0 of 5 instances of primary are ready',
	);
	assert.equal(told([primary(5), standby(2)]), null);
	assert.equal(
		told([primary(5), standby(2)], 1000),
		'back: all of the traffic goes to primary again: 5 of 5 of its instances are ready',
	);
	assert.equal(
		told([{ ...primary(0), drained: true }, standby(2)]),
		'away: all of the traffic goes to standby: primary is drained',
	);
	assert.equal(
		told([primary(5), standby(0)]),
		'back: all of the traffic goes to primary: 0 of 2 instances of standby are ready',
	);
	const late = new Course();
	assert.equal(
		late.next([primary(0), standby(2)]).reason,
		'all of the traffic goes to standby: 0 of 5 instances of primary are ready',
	);
	assert.equal(
		late.next([primary(5), standby(2)]).reason,
		'all of the traffic goes to primary again: 5 of 5 of its instances are ready',
	);
});

test('pools of one priority: what is told is that one lost all, or has some again', () => {
	const it = new Course();
	const told = (a: number, b: number, of = 2) => it.next([pool('a', a, 2), pool('b', b, of)]).reason;
	assert.equal(told(2, 2), null);
	assert.equal(told(2, 1), null);
	assert.equal(told(2, 0), 'all of the traffic goes to a: 0 of 2 instances of b are ready');
	assert.equal(told(2, 1), '33 % of the traffic goes to b: 1 of 2 of its instances are ready');
	assert.equal(it.next([pool('a', 2, 2), pool('c', 2, 2)]).reason, null, 'a reload tells itself what it changed');
});
