import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { decide, EMPTY_STATE } from './decide.ts';
import type { Decision, ScalingState } from './decision.ts';
import type { Direction, ScalePolicy, StepPolicy } from './policy.ts';
import type { HeldBack, ScalingSamples } from './samples.ts';
import { type Moment, showsOf } from './testing-moment.ts';
import { CPU, P95, policyOf, REQUESTS } from './testing-policy.ts';

const share = (max: number) => fc.integer({ min: 0, max: max * 100 }).map((value) => value / 100);
const time = fc.constantFrom(0, 0, 0, 5000, 15_000, 60_000, 300_000);
const rate = fc.oneof(
	fc.record({ instances: fc.integer({ min: 1, max: 10 }), periodMs: fc.constantFrom(15_000, 60_000) }),
	fc.record({ share: fc.constantFrom(0.1, 0.5, 1, 3), periodMs: fc.constantFrom(15_000, 60_000) }),
);
const direction: fc.Arbitrary<Direction> = fc.record({
	tolerance: share(0.3),
	windowMs: time,
	cooldownMs: time,
	rates: fc.array(rate, { maxLength: 3 }),
	select: fc.constantFrom('max', 'max', 'max', 'min', 'min', 'none'),
});

const ABOVE: StepPolicy = {
	...{ name: 'load', source: { from: 'cpu' }, unit: 'ratio', when: 'above' },
	bands: [
		{ from: 0.7, to: 0.9, change: { by: 1 } },
		{ from: 0.9, to: null, change: { share: 0.5 } },
	],
};
const BELOW: StepPolicy = {
	...{ name: 'slack', source: { from: 'cpu' }, unit: 'ratio', when: 'below' },
	bands: [
		{ from: 0.4, to: 0.1, change: { by: -1 } },
		{ from: 0.1, to: null, change: { share: -0.5 } },
	],
};

const anyPolicy: fc.Arbitrary<ScalePolicy> = fc
	.record({
		min: fc.integer({ min: 0, max: 5 }),
		more: fc.integer({ min: 5, max: 60 }),
		mode: fc.constantFrom('on', 'on', 'on', 'on', 'on', 'on', 'scale-out-only', 'shadow', 'off'),
		signals: fc.oneof({ weight: 6, arbitrary: fc.subarray([CPU, REQUESTS, P95], { minLength: 1 }) }, fc.constant([])),
		steps: fc.subarray([ABOVE, BELOW]),
		panic: fc.option(fc.record({ windowMs: fc.constant(6000), threshold: fc.constantFrom(1.5, 2, 5) })),
		peakOverMs: fc.constantFrom(0, 0, 60_000),
		out: direction,
		in: direction,
		flaps: fc.option(fc.record({ most: fc.integer({ min: 0, max: 3 }), overMs: fc.constant(600_000) })),
		brakeErrorRate: fc.option(share(1)),
	})
	.map(({ more, ...rest }) => policyOf({ ...rest, max: Math.max(1, rest.min + more) }));

const rarely = <T>(usual: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
	fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

const FREE: HeldBack = { out: null, in: null };
const anyHeld: fc.Arbitrary<HeldBack> = fc.constantFrom(
	{ out: 'no answer', in: 'no answer' },
	{ out: 'no room', in: null },
	{ out: null, in: 'no removal' },
	{ out: 'no room', in: 'no removal' },
);

const anyMoment: fc.Arbitrary<Moment> = fc.record({
	load: fc.oneof(share(3), share(20), share(60)),
	latency: share(1),
	missing: rarely(0, fc.nat(3)),
	ignored: rarely(0, fc.nat(3)),
	unread: rarely(false, fc.boolean()),
	warming: rarely(0, fc.nat(3)),
	starting: rarely(0, fc.nat(3)),
	held: rarely(0, fc.nat(5)),
	idleForMs: rarely<number | null>(0, fc.constantFrom(null, 1000, 1_000_000)),
	errorRate: rarely<number | null>(null, share(1)),
	rollout: rarely(false, fc.boolean()),
	providerTrouble: rarely(FREE, anyHeld),
	stepMs: fc.constantFrom(1000, 2000, 15_000, 120_000, 400_000),
});

const RUNS = { numRuns: 1500 };
const START_MS = Date.UTC(2026, 0, 5);
const history = fc.array(anyMoment, { maxLength: 12 });
/** In per cent of `max`. */
const anySize = fc.integer({ min: 0, max: 110 });

/** A pool that has lived through these moments, each decision carried out at once, and was then set to such a size by hand. */
function live(policy: ScalePolicy, moments: readonly Moment[], size: number) {
	let state: ScalingState = EMPTY_STATE;
	let [nowMs, desired] = [START_MS, 10];
	for (const moment of moments) {
		nowMs += moment.stepMs;
		({ state, desired } = decide(state, showsOf(moment, desired), policy, nowMs));
	}
	return { state, desired: Math.round((policy.max * size) / 100), nowMs };
}

interface Now {
	before: ScalingState;
	samples: ScalingSamples;
	policy: ScalePolicy;
	nowMs: number;
	decision: Decision;
}

/** Each decision has to be what `tell` says. `moment`: what the pool is in when it is made. */
function always(tell: (now: Now) => void, moment: fc.Arbitrary<Moment> = anyMoment): void {
	fc.assert(
		fc.property(anyPolicy, history, anySize, moment, (policy, past, size, last) => {
			const { state: before, desired, nowMs: pastMs } = live(policy, past, size);
			const [samples, nowMs] = [showsOf(last, desired), pastMs + last.stepMs];
			tell({ before, samples, policy, nowMs, decision: decide(before, samples, policy, nowMs) });
		}),
		RUNS,
	);
}

test('property: bounds hold', () => {
	let held = 0;
	always(({ samples, policy, decision }) => {
		assert.ok(Number.isSafeInteger(decision.desired) && decision.desired >= 0);
		if (policy.mode !== 'on') return;
		if (samples.desired === 0 && policy.min > 0 && decision.limitedBy === 'by-hand') return;
		held++;
		const { out, in: down } = samples.providerTrouble;
		assert.ok(out !== null || decision.desired >= policy.min, JSON.stringify(decision));
		assert.ok(down !== null || decision.desired <= policy.max, JSON.stringify(decision));
	});
	assert.ok(held > 300);
});

test('property: what the provider holds is held in that direction, and nothing is in the other', () => {
	const seen = { out: 0, in: 0, grown: 0, shrunk: 0 };
	const held = fc.tuple(anyMoment, anyHeld).map(([moment, providerTrouble]) => ({ ...moment, providerTrouble }));
	always(({ before, samples, policy, nowMs, decision }) => {
		const { out, in: down } = samples.providerTrouble;
		// What is not made is not waited for, and so keeps nothing from going in.
		const starting = out === null ? samples.starting : 0;
		const free = decide(before, { ...samples, starting, providerTrouble: FREE }, policy, nowMs).desired;
		const most = out === null ? free : Math.min(free, samples.desired);
		assert.equal(decision.desired, down === null ? most : Math.max(most, samples.desired), JSON.stringify(decision));
		if (decision.desired !== free) seen[free > samples.desired ? 'out' : 'in']++;
		if (decision.desired > samples.desired) seen.grown++;
		if (decision.desired < samples.desired) seen.shrunk++;
	}, held);
	assert.ok(
		Object.values(seen).every((count) => count > 30),
		JSON.stringify(seen),
	);
});

test('property: nothing goes in while values are missing or a signal fails', () => {
	let held = 0;
	const gaps = fc
		.tuple(anyMoment, fc.integer({ min: 0, max: 3 }), fc.boolean())
		.map(([moment, missing, unread]) => ({ ...moment, load: moment.load / 10, missing, unread }));
	always(({ samples, policy, decision }) => {
		const names = [...policy.signals, ...policy.steps].map(({ name }) => name);
		const gap = names.some((name) => {
			const value = samples.readings[name]?.stable ?? null;
			return value === null || ('sum' in value && value.missing > 0);
		});
		if (!gap) return;
		held++;
		assert.ok(decision.desired >= Math.min(samples.desired, policy.max), JSON.stringify(decision));
	}, gaps);
	assert.ok(held > 500);
});

test('property: more load never gives a smaller size', () => {
	let differs = 0;
	fc.assert(
		fc.property(
			...([anyPolicy, history, anySize, anyMoment] as const),
			fc.integer({ min: 1, max: 400 }),
			(policy, past, size, moment, percentMore) => {
				const { state, desired, nowMs } = live(policy, past, size);
				const factor = 1 + percentMore / 100;
				const more = { ...moment, load: moment.load * factor, latency: moment.latency * factor };
				const [less, greater] = [moment, more].map((one) =>
					decide(state, showsOf(one, desired), policy, nowMs + moment.stepMs),
				);
				assert.ok(less !== undefined && greater !== undefined);
				if (greater.desired !== less.desired) differs++;
				assert.ok(greater.desired >= less.desired, `${JSON.stringify(less)}\n${JSON.stringify(greater)}`);
				assert.ok(greater.wanted >= less.wanted);
			},
		),
		{ numRuns: 4000 },
	);
	assert.ok(differs > 150, `${differs}`);
});

test('property: no scale-in at once calls for a scale-out', () => {
	let ins = 0;
	fc.assert(
		fc.property(anyPolicy, history, anySize, anyMoment, (policy, past, size, moment) => {
			const { state, desired, nowMs } = live(policy, past, size);
			const settled = { ...moment, missing: 0, ignored: 0, unread: false, warming: 0, starting: 0, held: 0 };
			const first = decide(state, showsOf(settled, desired), policy, nowMs + moment.stepMs);
			if (first.desired >= desired) return;
			ins++;
			const left = Math.max(1, first.desired);
			const after = { ...settled, latency: (settled.latency * desired) / left };
			const second = decide(first.state, showsOf(after, first.desired), policy, nowMs + moment.stepMs + 1000);
			assert.ok(second.desired <= first.desired, `${JSON.stringify(first)}\n${JSON.stringify(second)}`);
		}),
		{ numRuns: 4000 },
	);
	assert.ok(ins > 300, `${ins}`);
});

test('property: a decision is the same again, also from JSON, and changes none of its arguments', () => {
	always(({ before, samples, policy, nowMs, decision }) => {
		const texts = [before, samples, policy].map((one) => JSON.stringify(one));
		assert.deepEqual(decide(before, samples, policy, nowMs), decision);
		const [state, read, same] = texts.map((text) => JSON.parse(text));
		assert.deepEqual(decide(state, read, same, nowMs), decision);
		assert.deepEqual(JSON.parse(JSON.stringify(decision)), decision);
		assert.deepEqual(
			[before, samples, policy].map((one) => JSON.stringify(one)),
			texts,
		);
	});
});

test('property: clamps lead from the recommendation to the decision without a gap', () => {
	always(({ decision }) => {
		let size = decision.raw ?? decision.before;
		for (const { from, to, why } of decision.clamps) {
			assert.equal(from, size);
			assert.notEqual(to, from);
			assert.notEqual(why, '');
			size = to;
		}
		assert.equal(size, decision.desired);
		assert.equal(decision.limitedBy, decision.clamps.at(-1)?.by ?? null);
	});
});

test('property: in a panic nothing goes in', () => {
	let panics = 0;
	always(({ samples, policy, decision }) => {
		if (!decision.panic) return;
		panics++;
		assert.ok(decision.desired >= Math.min(samples.desired, policy.max));
	});
	assert.ok(panics > 50);
});

test('property: the state stays small over 10,000 ticks', () => {
	const long = fc.record({ seed: fc.integer(), policy: anyPolicy });
	fc.assert(
		fc.property(long, ({ seed, policy }) => {
			const [moment] = fc.sample(anyMoment, { seed, numRuns: 1 });
			const wide: ScalePolicy = {
				...{ ...policy, mode: 'on', min: 1, max: 5000, peakOverMs: 3_600_000 },
				...{ in: { ...policy.in, windowMs: 3_600_000, cooldownMs: 0 }, out: { ...policy.out, windowMs: 600_000 } },
			};
			let state: ScalingState = EMPTY_STATE;
			let [desired, random] = [10, seed >>> 0];
			for (let tick = 0; tick < 10_000; tick++) {
				random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
				const now = { ...(moment as Moment), load: (random / 2 ** 32) * 3000, providerTrouble: FREE, missing: 0 };
				({ state, desired } = decide(state, showsOf(now, desired), wide, START_MS + tick * 1000));
			}
			assert.ok(JSON.stringify(state).length < 8000, `${JSON.stringify(state).length}`);
		}),
		{ numRuns: 10 },
	);
});
