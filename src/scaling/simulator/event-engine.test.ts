import assert from 'node:assert/strict';
import test from 'node:test';
import { constant, type Distribution, exponential } from './distribution.ts';
import { EventEngine } from './event-engine.ts';
import { Fleet } from './fleet.ts';
import { SeededRandom } from './seeded-random.ts';
import { modelOf } from './testing-model.ts';

interface Asked {
	serviceTime: Distribution;
	places: number;
	instances?: number;
	/** Share of the places that is busy in the mean. */
	busy: number;
	requests: number;
	patienceMs?: number;
	queue?: number;
}

/** Poisson arrivals at a fixed number of instances. */
function queue({ serviceTime, places, instances = 1, busy, requests, ...rest }: Asked) {
	const model = modelOf({ serviceTime, concurrency: places, patienceMs: 1e12, ...rest });
	const random = new SeededRandom(5);
	const first = { atMs: 0, size: instances };
	const fleet = new Fleet({ startUp: constant(1), warmUpMs: 0, ignoredMs: 0, random, first });
	const engine = new EventEngine(model, fleet, { random: new SeededRandom(6), fromMs: 0 });
	const gapMs = serviceTime.meanMs / (busy * places * instances);
	const sum = { latencyMs: 0, done: 0, unmet: 0, arrivals: 0, busyMs: 0, inFlightMs: 0, endMs: 0 };
	const times = new Float64Array(100_000);
	for (let nowMs = 0, endMs = 1000; sum.arrivals < requests; endMs += 1000) {
		let to = 0;
		while (nowMs < endMs) times[to++] = nowMs += gapMs * random.exponential();
		// The last one is of the next step; it comes a little early.
		times[to - 1] = Math.min(times[to - 1] as number, endMs);
		engine.arrive({ times, from: 0, to });
		const figures = engine.endStep(endMs);
		sum.latencyMs += (figures.latency.meanMs ?? 0) * figures.latency.count;
		sum.done += figures.completed;
		sum.unmet += figures.unmet;
		sum.arrivals += figures.arrivals;
		sum.busyMs += figures.busyMs;
		sum.inFlightMs += figures.inFlightMs;
		sum.endMs = endMs;
	}
	return { ...sum, meanMs: sum.latencyMs / sum.done };
}

/** Mean wait of M/M/c by Erlang's formula, ms. */
function erlangWaitMs(places: number, busy: number, serviceMs: number): number {
	const load = places * busy;
	let term = 1;
	let sum = 0;
	for (let n = 0; n < places; n++) {
		sum += term;
		term *= load / (n + 1);
	}
	const waiting = term / (1 - busy) / (sum + term / (1 - busy));
	return (waiting * serviceMs) / (places * (1 - busy));
}

test('waits are those of queueing theory: M/M/c, M/D/1', () => {
	for (const [places, busy] of [
		[1, 0.5],
		[1, 0.8],
		[5, 0.8],
		[20, 0.9],
	] as const) {
		const { meanMs } = queue({ serviceTime: exponential(100), places, busy, requests: 600_000 });
		const expected = 100 + erlangWaitMs(places, busy, 100);
		assert.ok(Math.abs(meanMs / expected - 1) < 0.04, `M/M/${places} at ${busy}: ${meanMs} ms, not ${expected}`);
	}
	// Pollaczek and Khinchine: half the wait of M/M/1.
	const { meanMs } = queue({ serviceTime: constant(100), places: 1, busy: 0.8, requests: 400_000 });
	assert.ok(Math.abs(meanMs / 300 - 1) < 0.04, `M/D/1: ${meanMs} ms`);
});

test('several instances with least connections wait little more than one large one', () => {
	const { meanMs } = queue({ serviceTime: exponential(100), places: 1, instances: 10, busy: 0.8, requests: 300_000 });
	const shared = 100 + erlangWaitMs(10, 0.8, 100);
	assert.ok(meanMs > shared && meanMs < shared * 1.3, `${meanMs} ms, ${shared} with one queue`);
});

test('nothing is lost: what came was done, went unmet or is there; Little and utilisation hold', () => {
	const { arrivals, done, unmet, busyMs, inFlightMs, endMs, meanMs } = queue({
		...{ serviceTime: exponential(100), places: 4, instances: 3, busy: 0.7, requests: 200_000 },
	});
	assert.equal(unmet, 0);
	assert.ok(arrivals - done >= 0 && arrivals - done < 200);
	assert.ok(Math.abs(busyMs / endMs / 12 - 0.7) < 0.01);
	assert.ok(Math.abs(inFlightMs / endMs / ((arrivals / endMs) * meanMs) - 1) < 0.02, 'L = λW');
});

test('overload: who waits too long goes unmet, and with a bound the queue refuses', () => {
	const overload = { serviceTime: constant(100), places: 1, busy: 2, requests: 20_000 };
	const impatient = queue({ ...overload, patienceMs: 1000 });
	assert.ok(Math.abs(impatient.unmet / impatient.arrivals - 0.5) < 0.02, `${impatient.unmet} of ${impatient.arrivals}`);
	assert.ok(impatient.meanMs < 1150);
	const bounded = queue({ ...overload, queue: 3 });
	assert.ok(Math.abs(bounded.unmet / bounded.arrivals - 0.5) < 0.02);
	assert.ok(bounded.meanMs < 401);
});

test('instances come and go: held requests are answered by the first, a draining one ends its own', () => {
	const model = modelOf({ serviceTime: constant(1500), concurrency: 2, startUp: constant(700), hold: 3 });
	const random = new SeededRandom(1);
	const fleet = new Fleet({ startUp: model.startUp, warmUpMs: 0, ignoredMs: 0, random, first: { atMs: 0, size: 0 } });
	const engine = new EventEngine(model, fleet, { random, fromMs: 0 });
	engine.arrive({ times: Float64Array.of(100, 200, 300, 400), from: 0, to: 4 });
	const first = { ...engine.endStep(1000) };
	assert.deepEqual([first.held, first.unmet, fleet.ready], [3, 1, 0]);
	engine.resize(1);
	assert.deepEqual([{ ...engine.endStep(2000) }.held, fleet.ready, fleet.all], [0, 1, 1]);
	engine.resize(0);
	assert.deepEqual([fleet.ready, fleet.draining], [0, 1]);
	assert.equal({ ...engine.endStep(4000) }.completed, 2);
	const last = engine.endStep(5000);
	assert.deepEqual([last.completed, last.busyMs, fleet.all], [1, 700, 0]);
	// From the order at 1,000 to the end of the third request at 4,700.
	assert.equal(fleet.paidMs(5000), 3700);
});
