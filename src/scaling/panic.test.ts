import assert from 'node:assert/strict';
import test from 'node:test';
import { decide, EMPTY_STATE } from './decide.ts';
import type { Decision, ScalingState } from './decision.ts';
import type { ScalePolicy } from './policy.ts';
import type { SignalValue } from './samples.ts';
import { CPU, each, P95, policyOf, REQUESTS, samplesOf } from './testing-policy.ts';

/** Knative's: 60 s, of which 10 % are the panic window, 200 %. */
const POLICY = policyOf({ signals: [REQUESTS], windowMs: 60_000, panic: { windowMs: 6000, threshold: 2 } });

interface Seen {
	stable: SignalValue;
	panic: SignalValue;
}

function at(second: number, from: { size: number; state?: ScalingState; policy?: ScalePolicy }, seen: Seen): Decision {
	const { size, state = EMPTY_STATE, policy = POLICY } = from;
	const name = policy.signals[0]?.name ?? '';
	return decide(state, samplesOf(size, {}, { readings: { [name]: seen } }), policy, second * 1000);
}
const rates = (stable: number, panic: number): Seen => ({ stable: { value: stable }, panic: { value: panic } });

test('a rush that needs twice of what is ready is answered from the short window', () => {
	assert.deepEqual([at(0, { size: 2 }, rates(210, 301)).desired, at(0, { size: 2 }, rates(210, 301)).panic], [4, true]);
	const calm = at(0, { size: 2 }, rates(210, 300));
	assert.deepEqual([calm.desired, calm.panic], [2, false]);
});

test('in a panic it never shrinks, and leaves after a whole window below', () => {
	let { state, desired } = at(0, { size: 2 }, rates(210, 900));
	assert.equal(desired, 9);
	for (const second of [1, 30, 59]) {
		const decision = at(second, { size: desired, state }, rates(200, 100));
		assert.deepEqual([decision.desired, decision.panic], [9, true], `${second}`);
		({ state, desired } = decision);
	}
	const after = at(60, { size: desired, state }, rates(200, 100));
	assert.deepEqual([after.desired, after.panic], [2, false]);
});

test('in a panic the larger of both windows counts, and a growing rush is followed', () => {
	const first = at(0, { size: 2 }, rates(210, 900));
	assert.equal(at(2, { size: 9, state: first.state }, rates(900, 1100)).desired, 11);
	assert.equal(at(2, { size: 9, state: first.state }, rates(1300, 400)).desired, 13);
});

test('neither window nor cooldown of scale-out keep a rush waiting; rates and max do', () => {
	const out = { ...policyOf().out, windowMs: 60_000, cooldownMs: 60_000 };
	assert.equal(at(0, { size: 2, policy: { ...POLICY, out } }, rates(210, 900)).desired, 9);
	const rated = { ...out, rates: [{ instances: 4, periodMs: 15_000 }] };
	assert.equal(at(0, { size: 2, policy: { ...POLICY, out: rated } }, rates(210, 900)).desired, 6);
	assert.equal(at(0, { size: 2, policy: { ...POLICY, max: 5 } }, rates(210, 900)).desired, 5);
});

test('a hair over the target is no rush, also where there is only one', () => {
	const policy = { ...POLICY, signals: [CPU] };
	const cpu = (mean: number): Seen => ({ stable: each(mean, 1), panic: each(mean, 1) });
	assert.equal(at(0, { size: 1, policy }, cpu(0.65)).desired, 1);
	assert.deepEqual(
		[at(0, { size: 1, policy }, cpu(0.7)).desired, at(0, { size: 1, policy }, cpu(0.7)).panic],
		[2, true],
	);
});

test('a level is no rush, and no panic window is none', () => {
	const level = { ...POLICY, signals: [P95] };
	assert.equal(at(0, { size: 2, policy: level }, { stable: { value: 0.3 }, panic: { value: 3 } }).desired, 2);
	assert.equal(at(0, { size: 2, policy: { ...POLICY, panic: null } }, rates(210, 900)).desired, 2);
});

test('from none: what waits is a rush', () => {
	const policy = { ...POLICY, min: 0 };
	assert.equal(at(0, { size: 0, policy }, rates(0, 350)).desired, 4);
});

test('nothing goes in so far that the short window would be a rush', () => {
	// 8 → 2 would be right for the long window; 700 in the short one needs 7, twice of 3.
	const decision = at(0, { size: 8 }, rates(200, 700));
	assert.deepEqual([decision.desired, decision.limitedBy], [4, 'projection']);
});
