/** What a round and a simulated day cost. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { classify, type InstanceValue, type ScaledInstance } from './classify.ts';
import { decide, EMPTY_STATE } from './decide.ts';
import type { ScalingState } from './decision.ts';
import type { ScalePolicy } from './policy.ts';
import { SignalWindow } from './signal-window.ts';
import { CPU, P95, policyOf, REQUESTS, samplesOf } from './testing-policy.ts';

const POOLS = 1000;
const INSTANCES = 20;
const MOST_ROUND_MS = 100;
const MOST_DAY_MS = 1000;

/** All of the defaults, and three signals. */
function fullPolicy(extra: Partial<ScalePolicy> = {}): ScalePolicy {
	const hpa = [
		{ instances: 4, periodMs: 15_000 },
		{ share: 1, periodMs: 15_000 },
	];
	return policyOf({
		...{ signals: [CPU, REQUESTS, P95], panic: { windowMs: 6000, threshold: 2 }, brakeErrorRate: 0.2 },
		out: { tolerance: 0.1, windowMs: 0, cooldownMs: 0, rates: hpa, select: 'max' },
		in: { tolerance: 0.1, windowMs: 300_000, cooldownMs: 300_000, rates: hpa, select: 'max' },
		...{ flaps: { most: 3, overMs: 600_000 }, schedules: [daytime] },
		...extra,
	});
}
const daytime = { cron: '0 8 * * 1-5', timeZone: 'Europe/Berlin', forMs: 36_000_000, min: 3, max: null };

interface Pool {
	instances: ScaledInstance[];
	values: Map<string, InstanceValue>;
	policy: ScalePolicy;
	windows: Record<string, SignalWindow>;
	state: ScalingState;
}

function poolOf(at: number): Pool {
	const policy = fullPolicy({ min: 1 + (at % 3) });
	const instances = Array.from({ length: INSTANCES }, (_, one) => {
		return { id: `${at}-${one}`, state: 'ready', readySinceMs: 0 } satisfies ScaledInstance;
	});
	const windows = Object.fromEntries(policy.signals.map(({ name }) => [name, new SignalWindow(policy)]));
	return { instances, values: new Map(), policy, windows, state: EMPTY_STATE };
}

/** All that stands between values of instances and a decision. */
function round({ instances, values, policy, windows, state }: Pool, nowMs: number): ScalingState {
	const wave = 0.6 + 0.3 * Math.sin(nowMs / 60_000);
	for (const { id } of instances) values.set(id, { value: wave, atMs: nowMs });
	windows['cpu']?.add(nowMs, classify(instances, values, { cpu: true, warmUpMs: 0 }));
	windows['requestsPerSecond']?.add(nowMs, { value: wave * 3000 });
	windows['p95']?.add(nowMs, { value: wave / 2 });
	const readings = Object.fromEntries(Object.entries(windows).map(([name, window]) => [name, window.read(nowMs)]));
	return decide(state, samplesOf(INSTANCES, {}, { readings }), policy, nowMs).state;
}

test(`a round of ${POOLS} pools with ${INSTANCES} instances each takes at most ${MOST_ROUND_MS} ms`, (context) => {
	const pools = Array.from({ length: POOLS }, (_, at) => poolOf(at));
	const took: number[] = [];
	for (let second = 0; second < 20; second++) {
		const from = performance.now();
		for (const pool of pools) pool.state = round(pool, Date.UTC(2026, 0, 5) + second * 1000);
		took.push(performance.now() - from);
	}
	const [first = 0] = took;
	const [best = 0, median = 0] = [0, 10].map((at) => took.sort((one, other) => one - other)[at]);
	const figures = [first, median, best].map((ms) => ms.toFixed(1));
	context.diagnostic(`the first round ${figures[0]} ms, the median ${figures[1]} ms, the best ${figures[2]} ms`);
	// The machine has other things to do; that is no matter of the code.
	assert.ok(best <= MOST_ROUND_MS, `${best} ms`);
});

test(`a day of 86,400 decisions takes at most ${MOST_DAY_MS} ms`, (context) => {
	const policy = fullPolicy();
	let state = EMPTY_STATE;
	let [desired, changes] = [2, 0];
	const from = process.cpuUsage();
	for (let second = 0; second < 86_400; second++) {
		const load = 20 + 16 * Math.sin(second / 4000) + (second % 7);
		const readings = {
			cpu: { sum: load / 2, counted: desired, missing: 0, ignored: 0 },
			...{ requestsPerSecond: { value: load * 80 }, p95: { value: 0.1 } },
		};
		const decision = decide(state, samplesOf(desired, readings), policy, Date.UTC(2026, 0, 5) + second * 1000);
		if (decision.desired !== desired) changes++;
		({ state, desired } = decision);
	}
	// What it costs, not how long it waits where the machine has other things to do.
	const tookMs = process.cpuUsage(from).user / 1000;
	context.diagnostic(`${tookMs.toFixed(0)} ms of CPU, ${changes} changes of the size`);
	assert.ok(changes > 20);
	assert.ok(tookMs <= MOST_DAY_MS, `${tookMs} ms`);
});
