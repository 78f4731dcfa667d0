import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decideLimit, type GradientLook, type GradientState, startGradient } from './gradient.ts';
import { type Phase, QueueSimulation, type Sample } from './testing/queue-simulation.ts';

/** 20 ms of work, 50 requests a second for each server. */
const WORK = { workMs: 20, work: 'exponential' } as const;
const load = (servers: number, share: number, seconds: number): Phase => ({
	...WORK,
	servers,
	seconds,
	perSecond: share * servers * 50,
});

const last = (samples: Sample[], seconds: number): Sample[] => samples.slice(-seconds * 5);
const sum = (samples: Sample[], of: 'answered' | 'refused'): number => samples.reduce((all, each) => all + each[of], 0);
/** Answers of what the service could answer. */
const busy = (samples: Sample[], servers: number): number => sum(samples, 'answered') / (samples.length * 10 * servers);

function median(samples: Sample[], of: 'limit' | 'meanMs'): number {
	const sorted = samples.map((each) => each[of]).toSorted((a, b) => a - b);
	return sorted[sorted.length >> 1] as number;
}

function between(value: number, least: number, most: number, what: string): void {
	assert.ok(value >= least && value <= most, `${what}: ${value.toFixed(2)} is not in ${least}…${most}`);
}

describe('the gradient, against a queue', () => {
	for (const servers of [4, 20, 200]) {
		test(`${servers} servers under twice what they can do: near the knee, and kept busy`, () => {
			// With so many servers chance evens out, and one run says it.
			for (const seed of servers < 200 ? [1, 2, 3] : [1]) {
				const queue = new QueueSimulation({ min: 2 }, seed);
				queue.run(load(servers, 0.7, 20));
				const seen = last(queue.run(load(servers, 2, 60)), 50);
				between(median(seen, 'limit') / servers, 1, 3.5, 'the limit, of the servers');
				between(median(seen, 'meanMs') / 20, 1, 3.5, 'the latency, of the work');
				between(busy(seen, servers), 0.93, 1.1, 'the share of its capacity');
			}
		});
	}

	test('a lasting overload from the first request on is no normal: ten minutes later it still stands near the knee', () => {
		const queue = new QueueSimulation({ min: 2 });
		const seen = last(queue.run(load(20, 3, 600)), 120);
		between(median(seen, 'limit') / 20, 1, 3, 'the limit, of the servers');
		between(busy(seen, 20), 0.93, 1.1, 'the share of its capacity');
	});

	test('clients that wait for their answers and come again: the same', () => {
		const queue = new QueueSimulation({ min: 2 });
		const seen = last(queue.run({ ...WORK, servers: 20, clients: 300, seconds: 60 }), 20);
		between(median(seen, 'limit') / 20, 1, 3, 'the limit, of the servers');
		between(busy(seen, 20), 0.9, 1.1, 'the share of its capacity');
	});

	test('little traffic does not make it collapse, however its latency wavers', () => {
		for (const work of ['exponential', 'mixed'] as const) {
			const queue = new QueueSimulation();
			const seen = queue.run({ seconds: 1200, perSecond: 5, servers: 4, workMs: 50, work });
			assert.equal(sum(seen, 'refused'), 0);
			assert.deepEqual([...new Set(seen.map(({ limit }) => limit))], [100]);
		}
	});

	test('what is not used does not make it grow', () => {
		const queue = new QueueSimulation();
		const seen = [...queue.run(load(20, 0.8, 120)), ...queue.run({ ...WORK, servers: 20, seconds: 60 })];
		assert.deepEqual([...new Set(seen.map(({ limit }) => limit))], [100]);
	});

	test('what is used makes it grow within seconds, as far as that goes and no further', () => {
		const queue = new QueueSimulation();
		const seen = queue.run(load(200, 0.8, 30));
		assert.equal(sum(last(seen, 20), 'refused'), 0);
		between(seen.at(-1)?.limit ?? 0, 160, 500, 'the limit');
	});

	test('a slow phase brings it down, and after it all is as before', () => {
		for (const seed of [1, 2, 3]) {
			const queue = new QueueSimulation({ min: 2 }, seed);
			queue.run(load(100, 0.7, 30));
			const slow = queue.run({ ...load(100, 0.7, 30), servers: 20 });
			between(median(last(slow, 20), 'limit') / 20, 1, 4, 'the limit, of the servers that are left');
			between(busy(last(slow, 20), 20), 0.93, 1.1, 'the share of the capacity that is left');
			const after = queue.run(load(100, 0.7, 30));
			assert.equal(sum(last(after, 20), 'refused'), 0, 'nobody is refused any more');
			between(sum(after, 'refused') / 3500, 0, 2, 'seconds of traffic lost until then');
		}
	});

	test('a service that is slower without a queue is starved for seconds, not for good', () => {
		for (const seed of [1, 2, 3]) {
			const queue = new QueueSimulation({}, seed);
			queue.run(load(100, 0.7, 30));
			const slower = queue.run({ seconds: 40, servers: 1000, workMs: 60, perSecond: 3500 });
			assert.equal(sum(last(slower, 20), 'refused'), 0);
			between(sum(slower, 'refused') / 3500, 0, 3, 'seconds of traffic lost');
		}
	});

	test('one that is only a little slower, so that the limit never falls far, is not refused a part for ever', () => {
		for (const seed of [1, 2]) {
			const queue = new QueueSimulation({}, seed);
			queue.run({ seconds: 30, servers: 1000, workMs: 20, perSecond: 9000 });
			const slower = queue.run({ seconds: 80, servers: 1000, workMs: 31.5, perSecond: 9000 });
			assert.ok(sum(slower, 'refused') > 0, 'it was refused');
			assert.equal(sum(last(slower, 20), 'refused'), 0);
		}
	});

	test('one that answers nothing at all does not get more; once it answers again all is well', () => {
		const queue = new QueueSimulation();
		queue.run(load(20, 0.5, 20));
		const hung = queue.run({ ...load(20, 0.5, 60), servers: 0 });
		assert.ok(Math.max(...hung.map(({ limit }) => limit)) <= 115, 'it did not grow');
		const after = last(queue.run(load(20, 0.5, 20)), 15);
		assert.equal(sum(after, 'refused'), 0);
	});

	test('requests of very different length: most of the capacity is used all the same', () => {
		for (const seed of [1, 2, 3]) {
			const queue = new QueueSimulation({}, seed);
			queue.run({ ...load(100, 0.7, 30), work: 'mixed' });
			const seen = last(queue.run({ ...load(100, 2, 60), work: 'mixed' }), 50);
			between(busy(seen, 100), 0.9, 1.15, 'the share of its capacity');
			between(median(seen, 'limit') / 100, 0.8, 4, 'the limit, of the servers');
		}
	});
});

const settings = fc
	.record({ min: fc.integer({ min: 1, max: 1000 }), more: fc.integer({ min: 0, max: 10_000 }) })
	.chain(({ min, more }) =>
		fc.record({
			min: fc.constant(min),
			max: fc.constant(min + more),
			tolerance: fc.double({ min: 1.1, max: 10, noNaN: true }),
		}),
	);
const looks = fc.array(
	fc.record({
		elapsedMs: fc.integer({ min: 0, max: 100_000 }),
		answers: fc.integer({ min: 0, max: 1_000_000 }),
		meanUs: fc.double({ min: 0, max: 1e9, noNaN: true }),
		inFlight: fc.integer({ min: 0, max: 20_000 }),
		refused: fc.integer({ min: 0, max: 1_000_000 }),
	}),
	{ maxLength: 100 },
);

test('property: whatever is seen, the limit is whole and within its bounds, and what is remembered is sound', () => {
	fc.assert(
		fc.property(settings, looks, fc.integer({ min: 0, max: 100_000 }), (bounds, seen, first) => {
			let state: GradientState = startGradient(1, bounds, first);
			let nowMs = 1;
			for (const { elapsedMs, meanUs, ...rest } of seen) {
				nowMs += elapsedMs;
				const look: GradientLook = { ...rest, nowMs, sumUs: meanUs * rest.answers };
				const frozen = structuredClone(state);
				const decision = decideLimit(state, look, bounds);
				assert.deepEqual(state, frozen, 'it is pure');
				assert.deepEqual(decision, decideLimit(state, look, bounds), 'and decides the same again');
				const { limit } = decision;
				assert.ok(Number.isInteger(limit) && limit >= bounds.min && limit <= bounds.max, `${limit}`);
				for (const value of [decision.state.limit, decision.state.latency.shortUs, decision.state.latency.baseUs])
					assert.ok(Number.isFinite(value) && value >= 0, JSON.stringify(decision.state));
				if (decision.reason === 'unused')
					assert.equal(limit, Math.floor(Math.max(bounds.min, Math.min(bounds.max, state.limit))));
				({ state } = decision);
			}
		}),
	);
});

test('other bounds hold from the next look on; a limit that was found before is kept within them', () => {
	const bounds = { min: 10, max: 1000, tolerance: 1.5 };
	const state = startGradient(0, bounds, 400);
	const idle = { nowMs: 200, answers: 0, sumUs: 0, inFlight: 0, refused: 0 };
	assert.equal(decideLimit(state, idle, bounds).limit, 400);
	assert.equal(decideLimit(state, idle, { ...bounds, max: 50 }).limit, 50);
	assert.equal(decideLimit(state, idle, { ...bounds, min: 700 }).limit, 700);
	assert.equal(startGradient(0, { ...bounds, max: 50 }).limit, 50);
});
