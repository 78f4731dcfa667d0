/** A rush and its end, through windows and decisions, with the defaults. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { classify, type InstanceValue, type ScaledInstance } from './classify.ts';
import { decide, EMPTY_STATE } from './decide.ts';
import type { ScalePolicy, Signal } from './policy.ts';
import { SignalWindow } from './signal-window.ts';
import { CPU, policyOf, REQUESTS, samplesOf } from './testing-policy.ts';

const START_UP_S = 2;
/** Requests a second that one instance can do with all of its CPU. */
const ABILITY = 160;

function defaults(signals: readonly Signal[], extra: Partial<ScalePolicy> = {}): ScalePolicy {
	const share = { share: 1, periodMs: 15_000 };
	return policyOf({
		...{ signals, min: 1, max: 20, panic: { windowMs: 6000, threshold: 2 }, flaps: { most: 3, overMs: 600_000 } },
		out: {
			tolerance: 0.1,
			windowMs: 0,
			cooldownMs: 0,
			rates: [{ instances: 4, periodMs: 15_000 }, share],
			select: 'max',
		},
		in: { tolerance: 0.1, windowMs: 300_000, cooldownMs: 300_000, rates: [share], select: 'max' },
		...extra,
	});
}

/** Sizes of each second. CPU of an instance ends at 100 %, what is more waits and is done later. */
function run(policy: ScalePolicy, rate: (second: number) => number, seconds: number): number[] {
	const windows = new Map(policy.signals.map(({ name }) => [name, new SignalWindow(policy)]));
	let instances: ScaledInstance[] = [{ id: '0', state: 'ready', readySinceMs: 0 }];
	let [state, backlog] = [EMPTY_STATE, 0];
	const sizes: number[] = [];
	for (let second = 0; second < seconds; second++) {
		const nowMs = second * 1000;
		for (const one of instances) {
			if (one.readySinceMs === null || one.readySinceMs > nowMs) continue;
			one.state = 'ready';
		}
		const ready = instances.filter(({ state: life }) => life === 'ready');
		const done = Math.min(backlog + rate(second), ready.length * ABILITY);
		backlog += rate(second) - done;
		const used: InstanceValue = { value: done / ready.length / ABILITY, atMs: nowMs };
		const values = new Map(ready.map(({ id }) => [id, used]));
		windows.get('cpu')?.add(nowMs, classify(instances, values, { cpu: true, warmUpMs: 0 }));
		windows.get('requestsPerSecond')?.add(nowMs, { value: rate(second) });
		const readings = Object.fromEntries([...windows].map(([name, window]) => [name, window.read(nowMs)]));
		const counts = { ready: ready.length, starting: instances.length - ready.length };
		const decision = decide(state, samplesOf(instances.length, {}, { readings, ...counts }), policy, nowMs);
		state = decision.state;
		instances = instances.slice(0, decision.desired);
		while (instances.length < decision.desired)
			instances.push({
				id: `${second}-${instances.length}`,
				state: 'pending',
				readySinceMs: nowMs + START_UP_S * 1000,
			});
		sizes.push(decision.desired);
	}
	return sizes;
}

const STEP_S = 60;
const END_S = 660;
const step = (second: number) => (second >= STEP_S && second < END_S ? 450 : 90);

for (const [name, signals] of [
	['requests', [REQUESTS]],
	['CPU', [CPU]],
	['CPU and requests', [CPU, REQUESTS]],
] as const) {
	test(`five times the load, by ${name}: seen within 3 s, never far over, and back once`, (context) => {
		const sizes = run(defaults(signals), step, 1500);
		// What the load needs by each of the signals; the largest counts.
		const needs = signals.map((one) => Math.ceil(one === CPU ? 450 / ABILITY / CPU.target : 450 / REQUESTS.target));
		const need = Math.max(...needs);
		const reached = sizes.findIndex((size) => size >= need) - STEP_S;
		context.diagnostic(`${need} needed, at that ${reached} s after the step, at most ${Math.max(...sizes)}`);
		assert.equal(sizes[STEP_S - 1], 1);
		assert.ok((sizes[STEP_S + 3] ?? 0) > 1, 'the first decision');
		// CPU says less of a rush than the requests do: at its end it is at its end.
		assert.ok(reached <= (name === 'CPU' ? 30 : 6), `${reached} s`);
		assert.ok(Math.max(...sizes) <= need + 1, `${Math.max(...sizes)}`);
		assert.equal(sizes.at(-1), 1);
		const turns = sizes.filter((size, at) => size < (sizes[at - 1] ?? size)).length;
		const risesAfter = sizes.slice(END_S).filter((size, at, all) => size > (all[at - 1] ?? size)).length;
		assert.equal(risesAfter, 0, 'no flap');
		assert.ok(turns >= 1 && turns <= 2, `${turns} scale-ins`);
	});
}

test('a load that wavers about the target changes nothing', () => {
	const sizes = run(defaults([REQUESTS], { min: 3 }), (second) => 290 + 40 * Math.sin(second / 5), 900);
	assert.deepEqual([...new Set(sizes.slice(60))], [3]);
});
