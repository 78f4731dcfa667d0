import assert from 'node:assert/strict';
import test from 'node:test';
import { decide, EMPTY_STATE } from './decide.ts';
import type { ScalingState } from './decision.ts';
import type { StepPolicy } from './policy.ts';
import { bandOf, wholeShare } from './steps.ts';
import { policyOf, samplesOf } from './testing-policy.ts';

const HIGH: StepPolicy = {
	...{ name: 'high', source: { from: 'cpu' }, unit: 'number', when: 'above' },
	bands: [
		{ from: 50, to: 60, change: { share: 0 } },
		{ from: 60, to: 70, change: { share: 0.1 } },
		{ from: 70, to: null, change: { share: 0.3 } },
	],
};
const LOW: StepPolicy = {
	...{ name: 'low', source: { from: 'cpu' }, unit: 'number', when: 'below' },
	bands: [
		{ from: 50, to: 40, change: { share: 0 } },
		{ from: 40, to: 30, change: { share: -0.1 } },
		{ from: 30, to: null, change: { share: -0.3 } },
	],
};
const POLICY = policyOf({ signals: [], steps: [HIGH, LOW] });

/** Sizes after one value each minute. */
function follow(from: number, values: readonly number[]): number[] {
	let state: ScalingState = EMPTY_STATE;
	let desired = from;
	return values.map((value, at) => {
		({ desired, state } = decide(state, samplesOf(desired, { high: { value }, low: { value } }), POLICY, at * 60_000));
		return desired;
	});
}

test("AWS' documented example: 10 → 11 → 14 → 13 → 10", () => {
	assert.deepEqual(follow(10, [60, 70, 40, 30]), [11, 14, 13, 10]);
});

test('bounds of a band: above [from, to), below (to, from]', () => {
	const at = (step: StepPolicy, value: number) => bandOf(step, value);
	assert.equal(at(HIGH, 49.9), null);
	assert.deepEqual(at(HIGH, 59.9), { share: 0 });
	assert.deepEqual(
		[60, 69.9].map((value) => at(HIGH, value)),
		[{ share: 0.1 }, { share: 0.1 }],
	);
	assert.deepEqual(
		[70, 1e9].map((value) => at(HIGH, value)),
		[{ share: 0.3 }, { share: 0.3 }],
	);
	assert.equal(at(LOW, 50.1), null);
	assert.deepEqual(
		[40, 30.1].map((value) => at(LOW, value)),
		[{ share: -0.1 }, { share: -0.1 }],
	);
	assert.deepEqual(
		[30, 0].map((value) => at(LOW, value)),
		[{ share: -0.3 }, { share: -0.3 }],
	);
});

test("AWS' rounding of a share", () => {
	const cases = [
		[12.7, 12],
		[0.67, 1],
		[-0.58, -1],
		[-6.67, -6],
		[1, 1],
		[0, 0],
		[10 * 0.3, 3],
		[3 * 1.1, 3],
	] as const;
	for (const [change, whole] of cases) assert.equal(wholeShare(change), whole, `${change}`);
});

test('one breach is answered once: what warms up counts as part of the change', () => {
	const breach = (value: number, warming: number, desired: number) =>
		decide(EMPTY_STATE, samplesOf(desired, { high: { value }, low: { value } }, { warming }), POLICY, 0).desired;
	// 10 + 1 that warms up: 62 asks for 11 of 10, and 70 for 13.
	assert.equal(breach(62, 1, 11), 11);
	assert.equal(breach(70, 1, 11), 13);
	// While something warms up nothing goes in.
	assert.equal(breach(20, 1, 11), 11);
});

test('one breach is answered once: as long as the window shows the size before', () => {
	let state: ScalingState = EMPTY_STATE;
	let desired = 10;
	const sizes = [];
	for (let at = 0; at < 60; at++) {
		({ desired, state } = decide(
			state,
			samplesOf(desired, { high: { value: 65 }, low: { value: 65 } }),
			POLICY,
			at * 1000,
		));
		sizes.push(desired);
	}
	assert.deepEqual([sizes[0], sizes[29], sizes[30], sizes[59]], [11, 11, 12, 12]);
});

test('a step above never makes fewer, one below never more; what is not reached keeps the size', () => {
	const fixed: StepPolicy = { ...HIGH, bands: [{ from: 50, to: null, change: { to: 8 } }] };
	const policy = policyOf({ signals: [], steps: [fixed] });
	const size = (desired: number, value: number) =>
		decide(EMPTY_STATE, samplesOf(desired, { high: { value } }), policy, 0);
	assert.equal(size(4, 50).desired, 8);
	assert.equal(size(10, 50).desired, 10);
	assert.equal(size(4, 49).raw, null);
	assert.equal(size(4, 49).recommendations[0]?.note, 'not reached');
	const both = decide(EMPTY_STATE, samplesOf(10, { high: { value: 55 }, low: { value: 55 } }), POLICY, 0);
	assert.deepEqual(
		both.recommendations.map(({ size: asked }) => asked),
		[10, 10],
	);
});

test('a step that cannot be read keeps anything from going in', () => {
	const decision = decide(
		EMPTY_STATE,
		samplesOf(10, { low: { value: 20 } }, { failures: { high: 'no answer' } }),
		POLICY,
		0,
	);
	assert.equal(decision.desired, 10);
	assert.equal(decision.limitedBy, 'missing');
	assert.equal(decision.recommendations[0]?.note, 'no answer');
});
