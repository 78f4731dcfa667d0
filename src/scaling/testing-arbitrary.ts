/** Any policy and any samples, for properties. */
import fc from 'fast-check';
import type { Direction, ScalePolicy, StepPolicy } from './policy.ts';
import type { ScalingSamples, SignalValue } from './samples.ts';
import { CPU, P95, policyOf, REQUESTS, samplesOf } from './testing-policy.ts';

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

export const anyPolicy: fc.Arbitrary<ScalePolicy> = fc
	.record({
		min: fc.integer({ min: 0, max: 5 }),
		more: fc.integer({ min: 0, max: 60 }),
		mode: fc.constantFrom('on', 'on', 'on', 'on', 'on', 'on', 'scale-out-only', 'shadow', 'off'),
		signals: fc.subarray([CPU, REQUESTS, P95]),
		steps: fc.subarray([ABOVE, BELOW]),
		panic: fc.option(fc.record({ windowMs: fc.constant(6000), threshold: fc.constantFrom(1.5, 2, 5) })),
		peakOverMs: fc.constantFrom(0, 0, 60_000),
		out: direction,
		in: direction,
		flaps: fc.option(fc.record({ most: fc.integer({ min: 0, max: 3 }), overMs: fc.constant(600_000) })),
		brakeErrorRate: fc.option(share(1)),
	})
	.map(({ more, ...rest }) => policyOf({ ...rest, max: Math.max(1, rest.min + more) }));

/** What happens at a moment, as seen from outside of the pool. */
export interface Moment {
	/** In instances' worth of CPU. */
	load: number;
	latency: number;
	missing: number;
	ignored: number;
	unread: boolean;
	warming: number;
	starting: number;
	held: number;
	idleForMs: number | null;
	errorRate: number | null;
	rollout: boolean;
	providerTrouble: string | null;
	stepMs: number;
}

const rarely = <T>(usual: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
	fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

export const anyMoment: fc.Arbitrary<Moment> = fc.record({
	load: fc.oneof(share(3), share(40)),
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
	providerTrouble: rarely<string | null>(null, fc.constant('no answer')),
	stepMs: fc.constantFrom(1000, 2000, 15_000, 120_000),
});

/** What a pool of this size would show of a moment. */
export function showsOf(moment: Moment, desired: number): ScalingSamples {
	const { load, latency, missing, ignored, unread, warming, starting, stepMs: _, ...rest } = moment;
	const silent = Math.min(desired, missing + ignored);
	const counted = desired - silent;
	const cpu: SignalValue = {
		sum: desired === 0 ? 0 : (load * counted) / desired,
		...{ counted, missing: Math.min(missing, silent), ignored: Math.max(0, silent - missing) },
	};
	return samplesOf(
		desired,
		{
			...{ cpu, load: cpu, slack: cpu, requestsPerSecond: { value: load * 150 } },
			p95: unread ? null : { value: latency },
		},
		{ ...rest, warming: Math.min(warming, desired), starting: Math.min(starting, desired) },
	);
}
