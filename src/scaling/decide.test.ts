import assert from 'node:assert/strict';
import test from 'node:test';
import { decide, EMPTY_STATE } from './decide.ts';
import type { Decision, ScalingState } from './decision.ts';
import type { Direction, ScalePolicy } from './policy.ts';
import type { ScalingSamples } from './samples.ts';
import { CPU, each, P95, policyOf, REQUESTS, samplesOf } from './testing-policy.ts';

const FREE: Direction = policyOf().in;

/** A pool whose decisions are carried out at once. */
class Pool {
	size: number;
	state: ScalingState = EMPTY_STATE;
	readonly policy: ScalePolicy;

	constructor(size: number, policy: Partial<ScalePolicy>) {
		this.size = size;
		this.policy = policyOf(policy);
	}

	/** At a second, with a load in instances' worth of CPU. */
	at(second: number, load: number, extra: Partial<ScalingSamples> = {}): Decision {
		const cpu = each(this.size === 0 ? 0 : load / this.size, this.size);
		const decision = decide(this.state, samplesOf(this.size, { cpu }, extra), this.policy, second * 1000);
		this.size = decision.desired;
		this.state = decision.state;
		return decision;
	}
}

/** Of a pool with requests as its signal. */
function byRequests(
	size: number,
	rate: number,
	policy: Partial<ScalePolicy>,
	extra: Partial<ScalingSamples> = {},
): Decision {
	const all = policyOf({ min: 0, signals: [REQUESTS], ...policy });
	return decide(EMPTY_STATE, samplesOf(size, { requestsPerSecond: { value: rate } }, extra), all, 0);
}

const limits = ({ clamps }: Decision) => clamps.map(({ by }) => by);

test('a target: 4 instances at 90 % of a target of 60 % are to be 6', () => {
	const decision = new Pool(4, {}).at(0, 3.6);
	assert.equal(decision.desired, 6);
	assert.equal(decision.raw, 6);
	assert.deepEqual(decision.clamps, []);
	assert.deepEqual(decision.recommendations, [{ by: 'cpu', size: 6, value: 0.9, target: 0.6, note: '' }]);
});

test('of several signals the largest wins, and all have to agree before anything goes in', () => {
	const policy = policyOf({ signals: [CPU, REQUESTS, P95] });
	const size = (cpu: number, rate: number, p95: number) =>
		decide(
			EMPTY_STATE,
			samplesOf(4, { cpu: each(cpu, 4), requestsPerSecond: { value: rate }, p95: { value: p95 } }),
			policy,
			0,
		).desired;
	assert.equal(size(0.9, 700, 0.1), 7);
	assert.equal(size(0.9, 100, 0.1), 6);
	assert.equal(size(0.1, 100, 0.3), 4);
	assert.equal(size(0.1, 100, 0.1), 2);
});

test('a signal that fails: the others may still go out, but nothing goes in', () => {
	const policy = policyOf({ signals: [CPU, REQUESTS] });
	const at = (readings: Parameters<typeof samplesOf>[1]) => decide(EMPTY_STATE, samplesOf(4, readings), policy, 0);
	assert.equal(at({ requestsPerSecond: { value: 700 } }).desired, 7);
	const held = at({ requestsPerSecond: { value: 100 } });
	assert.deepEqual([held.raw, held.desired, held.limitedBy], [1, 4, 'missing']);
	assert.equal(held.clamps[0]?.why, 'cpu could not be read, so nothing goes in');
	const none = at({ cpu: null });
	assert.deepEqual([none.raw, none.desired, none.clamps], [null, 4, []]);
});

test('missing values: nothing goes in, which is stricter than the HPA', () => {
	const decision = decide(EMPTY_STATE, samplesOf(6, { cpu: each(0.1, 5, { missing: 1 }) }), policyOf(), 0);
	assert.deepEqual([decision.raw, decision.desired, decision.limitedBy], [3, 6, 'missing']);
});

test('the window of scale-in: the largest of it, and the first size is part of it', () => {
	const pool = new Pool(10, { in: { ...FREE, windowMs: 300_000 } });
	for (let second = 0; second < 300; second += 15) assert.equal(pool.at(second, 3).desired, 10);
	// The first size is over; 5 was asked for ever since.
	assert.equal(pool.at(300, 3).desired, 5);
	assert.equal(pool.at(315, 4.2).desired, 7);
	assert.equal(pool.at(330, 1.8).desired, 7);
	assert.equal(pool.at(614, 1.8).desired, 7);
	assert.equal(pool.at(616, 1.8).desired, 3);
});

test('the window of scale-out: the least of it', () => {
	const pool = new Pool(2, { out: { ...FREE, windowMs: 60_000 } });
	assert.deepEqual(
		[0, 30, 59].map((second) => pool.at(second, 6).desired),
		[2, 2, 2],
	);
	assert.equal(pool.at(60, 4.2).desired, 7);
	const dip = new Pool(2, { out: { ...FREE, windowMs: 60_000 } });
	for (const [second, load] of [
		[0, 6],
		[30, 1.2],
		[61, 6],
		[89, 6],
	] as const)
		dip.at(second, load);
	assert.equal(dip.size, 2);
	assert.equal(dip.at(90, 6).desired, 10);
});

test('rates: the HPA allows 4 or as many again within 15 s', () => {
	const rates = [
		{ instances: 4, periodMs: 15_000 },
		{ share: 1, periodMs: 15_000 },
	];
	const sizes = (direction: Direction) => {
		const pool = new Pool(2, { max: 1000, out: direction });
		return [0, 1, 14, 15, 30, 45].map((second) => pool.at(second, 600).desired);
	};
	assert.deepEqual(sizes({ ...FREE, rates }), [6, 6, 6, 12, 24, 48]);
	assert.deepEqual(sizes({ ...FREE, rates, select: 'min' }), [4, 4, 4, 8, 12, 16]);
	assert.deepEqual(sizes({ ...FREE, rates, select: 'none' }), [2, 2, 2, 2, 2, 2]);
	assert.deepEqual(sizes(FREE), [1000, 1000, 1000, 1000, 1000, 1000]);
});

test('rates: how much may go in', () => {
	const sizes = (direction: Direction) => {
		const pool = new Pool(20, { in: direction });
		return [0, 30, 60, 120].map((second) => pool.at(second, 0.5).desired);
	};
	assert.deepEqual(sizes({ ...FREE, rates: [{ share: 0.1, periodMs: 60_000 }] }), [18, 18, 16, 14]);
	assert.deepEqual(sizes({ ...FREE, rates: [{ instances: 5, periodMs: 60_000 }] }), [15, 15, 10, 5]);
	assert.deepEqual(sizes({ ...FREE, select: 'none' }), [20, 20, 20, 20]);
});

test('cooldown: for its direction, after a change in any', () => {
	const pool = new Pool(4, { in: { ...FREE, cooldownMs: 60_000 } });
	assert.equal(pool.at(0, 3.6).desired, 6);
	assert.equal(pool.at(30, 1.2).limitedBy, 'cooldown');
	assert.equal(pool.at(40, 4.8).desired, 8);
	assert.equal(pool.at(99, 1.2).desired, 8);
	assert.equal(pool.at(100, 1.2).desired, 2);
	const slow = new Pool(4, { out: { ...FREE, cooldownMs: 60_000 } });
	assert.deepEqual(
		[
			[0, 3.6],
			[59, 6],
			[60, 6],
		].map(([second = 0, load = 0]) => slow.at(second, load).desired),
		[6, 6, 10],
	);
});

test('flap budget: after so many turns a further one waits', () => {
	const pool = new Pool(4, { flaps: { most: 2, overMs: 600_000 } });
	const sizes = [3.6, 1.2, 3.6, 1.2, 3.6, 1.2].map((load, at) => pool.at(at * 60, load).desired);
	assert.deepEqual(sizes, [6, 2, 6, 2, 6, 6]);
	assert.equal(pool.at(659, 1.2).limitedBy, 'flaps');
	// The first turn, of second 60, is over.
	assert.equal(pool.at(660, 2.4).desired, 4);
	// Going on in the same direction is no turn.
	assert.equal(pool.at(661, 1.2).desired, 2);
});

test('what keeps anything from going in lets everything out', () => {
	const brakes: [Partial<ScalingSamples>, string][] = [
		[{ errorRate: 0.2 }, 'brake'],
		[{ rollout: true }, 'rollout'],
		[{ warming: 1 }, 'warm-up'],
	];
	for (const [extra, by] of brakes) {
		const held = new Pool(6, { brakeErrorRate: 0.2 }).at(0, 1.2, extra);
		assert.deepEqual([held.desired, held.limitedBy], [6, by]);
		assert.equal(new Pool(6, { brakeErrorRate: 0.2 }).at(0, 5.4, extra).desired, 9, by);
	}
	assert.equal(new Pool(6, { brakeErrorRate: 0.2 }).at(0, 1.2, { errorRate: 0.19 }).desired, 2);
});

test('what starts holds back a scale-in after a scale-out, but not for ever', () => {
	const pool = new Pool(4, {});
	pool.at(0, 3.6);
	assert.equal(pool.at(10, 1.2, { starting: 2 }).limitedBy, 'warm-up');
	// An instance that never becomes ready.
	assert.equal(pool.at(601, 1.2, { starting: 2 }).desired, 2);
	assert.equal(new Pool(4, {}).at(0, 1.2, { starting: 1 }).desired, 2);
});

test('peak: sized for the largest of the time, also while it goes out', () => {
	const pool = new Pool(4, { peakOverMs: 600_000, out: { ...FREE, rates: [{ instances: 1, periodMs: 1000 }] } });
	pool.at(0, 4.8);
	const second = pool.at(10, 1.2);
	assert.deepEqual([second.raw, second.desired, second.clamps[0]?.by, second.clamps[0]?.to], [2, 6, 'peak', 8]);
	assert.equal(pool.at(20, 1.2).desired, 7);
	assert.equal(pool.at(601, 1.2).desired, 2);
});

test('projection: no smaller than the values would bear', () => {
	const load = { name: 'load', source: { from: 'cpu' }, unit: 'ratio' } as const;
	const steps: ScalePolicy['steps'] = [
		{ ...load, when: 'above', bands: [{ from: 0.7, to: null, change: { by: 1 } }] },
		{ ...load, name: 'slack', when: 'below', bands: [{ from: 0.6, to: null, change: { by: -4 } }] },
	];
	const policy = policyOf({ signals: [], steps });
	const size = (mean: number, of: number) =>
		decide(EMPTY_STATE, samplesOf(of, { load: each(mean, of), slack: each(mean, of) }), policy, 0);
	// 10 at 50 % would be 6 at 83 %, 7 at 71 %, 8 at 63 %.
	assert.deepEqual([size(0.5, 10).desired, size(0.5, 10).limitedBy], [8, 'projection']);
	assert.equal(size(0.5, 10).clamps[0]?.why, 'with fewer than 8 it would at once go out again');
	assert.equal(size(0.3, 10).desired, 6);
	assert.equal(size(0.5, 2).desired, 2);
});

test('min 0: to none only after a time without a request', () => {
	const idle = (idleForMs: number | null, held = 0) => byRequests(1, 0, {}, { idleForMs, held }).desired;
	assert.deepEqual([idle(0), idle(299_999), idle(null), idle(300_000, 1), idle(300_000)], [1, 1, 1, 1, 0]);
	assert.equal(byRequests(3, 0, {}, { idleForMs: 1000 }).desired, 1);
	assert.equal(byRequests(3, 0, { min: 1 }, { idleForMs: 300_000 }).desired, 1);
});

test('min 0: memory of an instance that nobody asks for is no work, a queue is', () => {
	const memory = { ...CPU, name: 'memory', source: { from: 'memory' } } as const;
	const policy = policyOf({
		min: 0,
		signals: [memory, { ...REQUESTS, name: 'queue' }],
		in: { ...FREE, windowMs: 300_000 },
	});
	const size = (queue: number) =>
		decide(
			EMPTY_STATE,
			samplesOf(1, { memory: each(0.5, 1), queue: { value: queue } }, { idleForMs: 300_000 }),
			policy,
			0,
		).desired;
	assert.deepEqual([size(0), size(1)], [0, 1]);
	const never = policyOf({ ...policy, in: { ...FREE, select: 'none' } });
	const samples = samplesOf(1, { memory: each(0.5, 1), queue: { value: 0 } }, { idleForMs: 300_000 });
	assert.equal(decide(EMPTY_STATE, samples, never, 0).desired, 1);
});

test('size 0 with requests that wait: one at once, whatever the rates', () => {
	const slow: Direction = { ...FREE, rates: [{ share: 1, periodMs: 1000 }], cooldownMs: 60_000, windowMs: 60_000 };
	assert.equal(byRequests(0, 0, { out: slow }, { held: 1 }).desired, 1);
	assert.equal(byRequests(0, 0, { signals: [] }, { held: 1 }).limitedBy, 'held');
	assert.equal(byRequests(0, 0, {}).desired, 0);
	assert.equal(byRequests(0, 450, {}, { held: 1 }).desired, 5);
});

test('size 0 with min above 0: switched off by hand, but not where the last decision was none', () => {
	const off = new Pool(0, { min: 2 });
	assert.deepEqual([off.at(0, 0, { held: 3 }).limitedBy, off.size], ['by-hand', 0]);
	const asleep = byRequests(1, 0, {}, { idleForMs: 300_000 });
	const woken = decide(asleep.state, samplesOf(0, {}), policyOf({ min: 2 }), 1000);
	assert.deepEqual([asleep.desired, woken.desired], [0, 2]);
});

test('bounds hold whatever else there is, but not against a provider in trouble', () => {
	const max = new Pool(4, { max: 5 }).at(0, 3.6);
	assert.deepEqual(max.clamps, [{ by: 'max', from: 6, to: 5, why: 'max 5' }]);
	assert.equal(new Pool(1, { min: 3, out: { ...FREE, select: 'none' } }).at(0, 0.6).desired, 3);
	assert.equal(new Pool(9, { max: 5 }).at(0, 5.4, { errorRate: 1, rollout: true, warming: 1 }).desired, 5);
	const trouble = new Pool(9, { max: 5 }).at(0, 5.4, {
		providerTrouble: { out: 'no answer for 30 s', in: 'no answer for 30 s' },
	});
	assert.deepEqual([trouble.desired, trouble.clamps.at(-1)?.why], [9, 'no answer for 30 s']);
	const full = { out: 'no room', in: null };
	const more = new Pool(9, { max: 20 }).at(0, 9, { providerTrouble: full });
	assert.deepEqual([more.desired, more.clamps.at(-1)?.why], [9, 'nothing goes out: no room']);
	// Those that wait for a place are not waited for: fewer may be the cure.
	assert.equal(new Pool(9, {}).at(0, 3, { providerTrouble: full, ready: 6, starting: 3 }).desired, 5);
	const kept = new Pool(9, {}).at(0, 3, { providerTrouble: { out: null, in: 'no removal' } });
	assert.deepEqual([kept.desired, kept.clamps.at(-1)?.why], [9, 'nothing goes in: no removal']);
});

test('no signal: the size is what a person set, within bounds', () => {
	const size = (of: number) => decide(EMPTY_STATE, samplesOf(of, {}), policyOf({ signals: [], min: 2, max: 5 }), 0);
	assert.deepEqual(
		[size(1), size(3), size(9)].map(({ desired }) => desired),
		[2, 3, 5],
	);
	assert.equal(size(3).raw, null);
});

test('modes: shadow and off change nothing, scale-out-only nothing in', () => {
	const shadow = new Pool(4, { mode: 'shadow' }).at(0, 3.6);
	assert.deepEqual([shadow.desired, shadow.wanted, shadow.limitedBy], [4, 6, 'mode']);
	assert.deepEqual(shadow.state.changes, []);
	const inward = new Pool(4, { mode: 'scale-out-only' }).at(0, 1.2);
	assert.deepEqual([inward.desired, inward.wanted, inward.limitedBy], [4, 2, 'mode']);
	assert.equal(new Pool(4, { mode: 'scale-out-only' }).at(0, 3.6).desired, 6);
	const off = new Pool(4, { mode: 'off' }).at(0, 3.6);
	assert.deepEqual([off.desired, off.recommendations, off.state], [4, [], EMPTY_STATE]);
});

test('the clamps stand in the order of their list', () => {
	const pool = new Pool(4, { max: 5, out: { ...FREE, rates: [{ instances: 2, periodMs: 15_000 }] }, mode: 'shadow' });
	const decision = pool.at(0, 24);
	assert.deepEqual(limits(decision), ['rate', 'max', 'mode']);
	assert.deepEqual(
		decision.clamps.map(({ from, to }) => [from, to]),
		[
			[40, 6],
			[6, 5],
			[5, 4],
		],
	);
});
