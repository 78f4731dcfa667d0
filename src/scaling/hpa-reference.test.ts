/** The same sizes as Kubernetes' HorizontalPodAutoscaler, whose rules are written down here once more, plainly. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { classify, type InstanceValue, type ScaledInstance } from './classify.ts';
import { decide, EMPTY_STATE } from './decide.ts';
import type { ScalingState } from './decision.ts';
import type { Direction } from './policy.ts';
import { recommend } from './target.ts';
import { CPU, policyOf, REQUESTS, samplesOf } from './testing-policy.ts';

interface Pod {
	phase: 'pending' | 'running' | 'failed' | 'deleted';
	ready: boolean;
	/** Milli-cores of a request of 1000; null: no sample. */
	usage: number | null;
}

/** replica_calculator.go, GetResourceReplicas: `target` in per cent. */
function hpaReplicas(
	pods: readonly Pod[],
	current: number,
	target: number,
	[down, up]: readonly [number, number],
): number | null {
	const metrics = new Map<Pod, number>();
	const [unready, missing] = [new Set<Pod>(), new Set<Pod>()];
	for (const pod of pods) {
		if (pod.phase === 'deleted' || pod.phase === 'failed') continue;
		if (pod.phase === 'pending') unready.add(pod);
		else if (pod.usage === null) missing.add(pod);
		else if (pod.ready) metrics.set(pod, pod.usage);
		else unready.add(pod);
	}
	if (metrics.size === 0) return null;
	const ratioOf = () => {
		const total = [...metrics.values()].reduce((sum, one) => sum + one, 0);
		return Math.trunc((total * 100) / (metrics.size * 1000)) / target;
	};
	const within = (ratio: number) => 1 - down <= ratio && ratio <= 1 + up;
	const ready = metrics.size;
	const ratio = ratioOf();
	const withUnready = unready.size > 0 && ratio > 1;
	if (!withUnready && missing.size === 0) return within(ratio) ? current : Math.ceil(ratio * ready);
	if (ratio < 1) for (const pod of missing) metrics.set(pod, (1000 * Math.max(100, target)) / 100);
	else if (ratio > 1) for (const pod of missing) metrics.set(pod, 0);
	if (withUnready) for (const pod of unready) metrics.set(pod, 0);
	const filled = ratioOf();
	if (within(filled) || (ratio < 1 && filled > 1) || (ratio > 1 && filled < 1)) return current;
	const replicas = Math.ceil(filled * metrics.size);
	return (filled < 1 && replicas > current) || (filled > 1 && replicas < current) ? current : replicas;
}

const pod: fc.Arbitrary<Pod> = fc.record({
	phase: fc.constantFrom('running', 'running', 'running', 'running', 'pending', 'failed', 'deleted'),
	ready: fc.constantFrom(true, true, true, false),
	usage: fc.option(fc.integer({ min: 0, max: 1500 }), { freq: 8 }),
});

test('property: the size that CPU asks for is that of the HPA', () => {
	let changed = 0;
	fc.assert(
		fc.property(
			...([fc.array(pod, { minLength: 1, maxLength: 12 }), fc.constantFrom(25, 50, 75, 125)] as const),
			fc.constantFrom([0.125, 0.125] as const, [0, 0.25] as const),
			(pods, target, [down, up]) => {
				const instances = pods.map(({ phase, ready }, at): ScaledInstance => {
					const life = phase === 'deleted' ? 'leaving' : phase === 'running' ? (ready ? 'ready' : 'unready') : phase;
					return { id: `${at}`, state: life, readySinceMs: life === 'ready' ? 0 : null };
				});
				const values = new Map<string, InstanceValue>();
				for (const [at, { usage }] of pods.entries())
					if (usage !== null) values.set(`${at}`, { value: usage / 1000, atMs: 1000 });
				const value = classify(instances, values, { cpu: true, warmUpMs: 0 });
				const before = pods.filter(({ phase }) => phase !== 'deleted' && phase !== 'failed').length;
				const facts = { before, ready: value.counted, added: 0, removed: 0, surge: false };
				const tolerances = { out: { tolerance: up }, in: { tolerance: down } };
				const { size } = recommend({ ...CPU, target: target / 100 }, value, { ...facts, ...tolerances });
				const expected = hpaReplicas(pods, before, target, [down, up]);
				// Where too much of a few asks for fewer than there are, the HPA goes in; here it stays.
				const over = expected !== null && value.sum / value.counted > target / 100;
				assert.equal(size, over ? Math.max(expected, before) : expected);
				if (size !== null && size !== before) changed++;
			},
		),
		{ numRuns: 3000 },
	);
	assert.ok(changed > 500);
});

/** horizontal.go: stabilizeRecommendationWithBehaviors, then convertDesiredReplicasWithBehaviorRate. */
class HpaBehaviour {
	readonly #history: [number, number][] = [];
	readonly #events: [number, number][] = [];
	readonly #policy: { out: Direction; in: Direction; min: number; max: number };

	constructor(policy: { out: Direction; in: Direction; min: number; max: number }) {
		this.#policy = policy;
	}

	decide(current: number, wanted: number, nowMs: number): number {
		const { out, in: inward, min, max } = this.#policy;
		if (this.#history.length === 0) this.#history.push([nowMs, current]);
		let [up, down] = [wanted, wanted];
		for (const [atMs, size] of this.#history) {
			if (atMs > nowMs - out.windowMs) up = Math.min(up, size);
			if (atMs > nowMs - inward.windowMs) down = Math.max(down, size);
		}
		this.#history.push([nowMs, wanted]);
		let size = current;
		if (size < up) size = up;
		if (size > down) size = down;
		if (size > current) size = Math.min(size, max, Math.max(current, this.#limit(current, nowMs, out, 1)));
		else if (size < current) size = Math.max(size, min, Math.min(current, this.#limit(current, nowMs, inward, -1)));
		size = Math.max(min, Math.min(max, size));
		if (size !== current) this.#events.push([nowMs, size - current]);
		return size;
	}

	#limit(current: number, nowMs: number, { rates, select }: Direction, sign: 1 | -1): number {
		if (select === 'none') return current;
		const limits = rates.map((rate) => {
			const recent = this.#events.filter(([atMs]) => atMs > nowMs - rate.periodMs);
			const start = current - recent.reduce((sum, [, by]) => sum + by, 0);
			if (!('share' in rate)) return start + sign * rate.instances;
			return sign > 0 ? Math.ceil(start * (1 + rate.share)) : Math.trunc(start * (1 - rate.share));
		});
		return (select === 'max') === sign > 0 ? Math.max(...limits) : Math.min(...limits);
	}
}

const rate = fc.oneof(
	fc.record({ instances: fc.integer({ min: 1, max: 8 }), periodMs: fc.constantFrom(15_000, 60_000) }),
	fc.record({ share: fc.constantFrom(0.25, 0.5, 1), periodMs: fc.constantFrom(15_000, 60_000) }),
);
const direction: fc.Arbitrary<Direction> = fc.record({
	...{ tolerance: fc.constant(0), cooldownMs: fc.constant(0), windowMs: fc.constantFrom(0, 30_000, 300_000) },
	rates: fc.array(rate, { minLength: 1, maxLength: 3 }),
	select: fc.constantFrom('max', 'max', 'min', 'none'),
});

test('property: windows and rates are those of the HPA', () => {
	let changed = 0;
	const steps = fc.array(fc.tuple(fc.constantFrom(1000, 15_000, 15_000, 100_000), fc.integer({ min: 1, max: 40 })), {
		...{ minLength: 5, maxLength: 60 },
	});
	fc.assert(
		fc.property(direction, direction, steps, fc.integer({ min: 1, max: 30 }), (out, inward, values, first) => {
			const policy = policyOf({ signals: [REQUESTS], out, in: inward, min: 1, max: 30 });
			const reference = new HpaBehaviour(policy);
			let state: ScalingState = EMPTY_STATE;
			let [size, nowMs] = [first, 0];
			for (const [stepMs, wanted] of values) {
				nowMs += stepMs;
				const samples = samplesOf(size, { requestsPerSecond: { value: wanted * REQUESTS.target } });
				const decision = decide(state, samples, policy, nowMs);
				assert.equal(decision.desired, reference.decide(size, wanted, nowMs), JSON.stringify(decision));
				if (decision.desired !== size) changed++;
				state = decision.state;
				size = decision.desired;
			}
		}),
		{ numRuns: 1000 },
	);
	assert.ok(changed > 1000);
});
