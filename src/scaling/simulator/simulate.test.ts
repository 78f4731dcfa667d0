import assert from 'node:assert/strict';
import test from 'node:test';
import { CPU, P95 } from '../testing-policy.ts';
import { constant } from './distribution.ts';
import type { EngineName } from './engine.ts';
import { forecast } from './forecast.ts';
import { generateTrace } from './generate-trace.ts';
import type { Outcome } from './outcome.ts';

import { hpaPolicy, simulatedPolicy } from './simulated-policy.ts';
import { modelOf, requestsPolicy, simulated } from './testing-model.ts';

const STEP = 'constant:200,step:at=1m:times=5:for=3m,for=16m';

const of = (policy = requestsPolicy()) => ({ policies: [simulatedPolicy('it', policy)] });
const only = ({ policies }: { policies: Outcome[] }): Outcome => policies[0] as Outcome;

test('a step by five: seen at once, not more instances than it needs, back without a flap', () => {
	const { policies, peak, clairvoyant } = simulated(STEP);
	const [it] = policies as [Outcome];
	assert.ok((it.reactionMs ?? Number.NaN) <= 3000, `reaction after ${it.reactionMs} ms`);
	assert.equal(it.readyAfterMs, (it.reactionMs ?? 0) + 2000);
	assert.ok(it.most >= 13 && it.most <= Math.ceil(1100 / 75) + 1, `${it.most} instances`);
	assert.deepEqual([it.points.at(-1)?.desired, it.least, it.unmet], [3, 3, 0]);
	assert.ok(it.flaps <= 1);
	assert.equal(peak?.instanceSeconds, (peak?.most ?? 0) * 960);
	assert.equal(peak?.unmet, 0);
	assert.ok((clairvoyant?.instanceSeconds ?? 0) < it.instanceSeconds);
	assert.ok(it.instanceSeconds < (peak?.instanceSeconds ?? 0));
	assert.equal(clairvoyant?.unmet, 0);
});

test('an HPA sees the same step much later', () => {
	const policy = requestsPolicy();
	const { policies } = simulated(STEP, { policies: [simulatedPolicy('it', policy), hpaPolicy(policy)] });
	const [it, hpa] = policies as [Outcome, Outcome];
	assert.ok((hpa.reactionMs ?? 0) >= 15_000 && (hpa.reactionMs ?? 0) <= 75_000, `hpa after ${hpa.reactionMs} ms`);
	assert.ok((hpa.reactionMs ?? 0) > 5 * (it.reactionMs ?? 0));
	assert.ok(hpa.unmet > it.unmet);
});

test('the same seed gives the same outcome, another one a little different', () => {
	const trace = 'diurnal:100:period=10m,noise:20%,for=10m';
	assert.deepEqual(simulated(trace), simulated(trace));
	assert.notDeepEqual(only(simulated(trace, { seed: 2 })).p99Ms, only(simulated(trace)).p99Ms);
});

test('both engines agree: instance-seconds within 8 %, p95 within 20 %, unmet within 1 % of the requests', () => {
	const traces: [string, Parameters<typeof simulated>[1]][] = [
		[STEP, {}],
		['diurnal:300:period=20m,noise:15%,for=20m', {}],
		['constant:100,flash:at=4m:times=20:rise=10s,for=12m', {}],
		[STEP, of(requestsPolicy({ signals: [CPU] }))],
		['constant:900,for=10m', of(requestsPolicy({ max: 6 }))],
		['diurnal:200:period=20m,for=20m', of(requestsPolicy({ signals: [P95, CPU] }))],
	];
	for (const [trace, extra] of traces) {
		const run = (engine: EngineName) => only(simulated(trace, { ...extra, engine, baselines: false }));
		const [events, fluid] = [run('events'), run('fluid')];
		const said = `${trace}: ${JSON.stringify([events, fluid].map(({ points, changes, ...rest }) => rest))}`;
		assert.ok(Math.abs(fluid.instanceSeconds / events.instanceSeconds - 1) < 0.08, said);
		assert.ok(Math.abs(fluid.unmet - events.unmet) < 0.01 * events.requests, said);
		assert.ok(Math.abs((fluid.p95Ms ?? 0) / (events.p95Ms ?? 0) - 1) < 0.2, said);
	}
});

test('to none and back: the first request is held until an instance is ready', () => {
	const load = generateTrace('constant:0.02,for=1h', 4);
	const policy = requestsPolicy({ min: 0, idleMs: 30_000 });
	const zero = only(simulated(load, of({ ...policy, in: { ...policy.in, windowMs: 0, cooldownMs: 0 } })));
	assert.equal(zero.least, 0);
	assert.equal(zero.unmet, 0);
	assert.ok(zero.instanceSeconds < 3600 * 0.9, `${zero.instanceSeconds} s`);
	assert.ok((zero.p99Ms ?? 0) > 2000, 'somebody waited for the start');
});

test('slow starts and warm-ups cost, and the clairvoyant orders ahead of them', () => {
	const model = modelOf({ startUp: constant(60_000), warmUpMs: 20_000, warmUpFactor: 3 });
	const slow = simulated(STEP, { model });
	const quick = only(simulated(STEP));
	assert.ok(only(slow).unmet > quick.unmet + 1000, `${only(slow).unmet} unmet`);
	assert.equal(slow.clairvoyant?.unmet, 0);
});

test('brakes and what else the decision knows are in it: errors keep instances from going in', () => {
	// One instance can do 125 a second and is to take 75: the load is lost for good above `max`.
	const policy = requestsPolicy({ max: 3, brakeErrorRate: 0.05 });
	const it = only(simulated('constant:600,step:at=5m:times=0:for=20s,for=10m', { ...of(policy), baselines: false }));
	assert.ok(it.unmet > 10_000);
	assert.equal(it.most, 3);
});

test('what has no model is refused by its name', () => {
	const figure = (name: string) =>
		({ ...P95, name, source: { from: 'figure', query: { figure: name, where: {}, by: [], overMs: 1 } } }) as const;
	const prometheus = {
		...CPU,
		name: 'backlog',
		source: { from: 'prometheus', url: '', query: '', headers: {} },
	} as const;
	for (const signal of [
		{ ...CPU, name: 'memory', source: { from: 'memory' } } as const,
		prometheus,
		figure('queue.length'),
		figure('constructor'),
	]) {
		assert.throws(
			() => simulated('constant:1,for=10s', of(requestsPolicy({ signals: [signal] }))),
			new RegExp(`the signal \`${signal.name}\` cannot be simulated: [\\s\\S]*--without ${signal.name} leaves it out`),
		);
	}
	for (const name of ['error_rate', 'instances.ready', 'in_flight', 'latency.mean', 'p99.9', 'requests'])
		assert.ok(simulated('constant:1,for=10s', of(requestsPolicy({ signals: [figure(name)] }))));
});

test('a forecast from a list of times and requests', () => {
	const rows = Array.from({ length: 61 }, (_, at) => [1_781_092_800_000 + at * 1000, at < 60 ? 300 : 0] as const);
	const { instanceSeconds, requests, unmet } = forecast(rows, simulatedPolicy('it', requestsPolicy()), {
		model: modelOf(),
	});
	assert.deepEqual([instanceSeconds, requests, unmet], [4 * 61, 18_000, 0]);
	assert.throws(() => forecast([], simulatedPolicy('it', requestsPolicy()), { model: modelOf() }), /no request/);
});

test('large ones are quick: a day of 1 Hz data, 2,000,000 requests, 1,000,000 requests/s', () => {
	const timed = (trace: string, engine: EngineName) => {
		const load = generateTrace(trace, 1);
		const started = process.cpuUsage();
		const outcome = only(simulated(load, { ...of(requestsPolicy({ max: 20_000 })), engine, baselines: false }));
		return { ...outcome, seconds: process.cpuUsage(started).user / 1e6 };
	};
	const day = timed('diurnal:300,noise:20%,for=24h', 'fluid');
	const many = timed('constant:2000,for=1000s', 'events');
	const large = timed('diurnal:500000:swing=100%:period=10m,for=10m', 'fluid');
	// Limits for a machine with much else to do; benchmarks/simulate.ts measures.
	assert.ok(day.seconds < 4, `a day took ${day.seconds} s`);
	assert.ok(many.seconds < 8, `2,000,000 requests took ${many.seconds} s`);
	assert.ok(large.seconds < 2 && large.most > 10_000, `${large.most} instances took ${large.seconds} s`);
});
