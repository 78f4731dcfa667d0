import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CLOSED, opened } from './breaker.ts';
import type { Tally } from './evidence.ts';
import { decide, milliseconds, mostEjected, type Observed } from './outlier.ts';
import type { OutlierConfig } from './outlier-config.ts';
import { CERTAIN } from './slow-answers.ts';

const config: OutlierConfig = {
	failures: 5,
	connectFailures: 3,
	flaps: 3,
	successRate: { deviations: 1.9, requests: 50 },
	latency: { factor: 3, leastMs: 100 },
	windowMs: 10_000,
	ejection: { baseMs: 30_000, mostMs: 300_000 },
	most: 0.5,
	panic: 0.5,
};

const tally = (ok: number, failed: number, ms = 5): Tally => ({
	ok,
	failed,
	heads: ok,
	headUs: ok * ms * 1000,
	slow: 0,
});

let made = 0;
const one = (changes: Partial<Observed> = {}): Observed => ({
	id: `api-${++made}`,
	fit: true,
	breaker: CLOSED,
	row: 0,
	connectRow: 0,
	flaps: 0,
	recent: tally(100, 0),
	suspicion: 0,
	slowForMs: 0,
	slowUs: 0,
	...changes,
});
const failing = (row: number, changes: Partial<Observed> = {}): Observed =>
	one({ row, recent: tally(0, row), ...changes });
const OPEN = opened(CLOSED, 0, config.ejection);

/** `0 failures: 5 failures in a row`. */
const ejects = (pool: Observed[], own = config) =>
	decide(pool, own, 1000).actions.flatMap((action) =>
		action.kind === 'eject' ? [`${action.at} ${action.cause}: ${action.why}`] : [],
	);

test('each cause, in half a sentence', () => {
	assert.deepEqual(ejects([one(), failing(5)]), ['1 failures: 5 failures in a row']);
	assert.deepEqual(ejects([one(), failing(3, { connectRow: 3 })]), ['1 connect: 3 failed connects in a row']);
	assert.deepEqual(ejects([one({ flaps: 3 }), one()]), ['0 flaps: its probes took it out 3 times within a minute']);
	assert.deepEqual(ejects([one(), one({ recent: tally(62, 38) }), one()]), [
		'1 successRate: 62% of 100 requests went well in 10 s, 100% at the others',
	]);
	const slow = { suspicion: CERTAIN, slowForMs: 1000, slowUs: 2_004_000 };
	assert.deepEqual(ejects([one(), one(slow)]), ['1 latency: answers after 2.0 s where the others take 5 ms']);
});

test('nothing below its limit, and nothing that is switched off', () => {
	const pool = [
		one(),
		failing(4),
		failing(2, { connectRow: 2 }),
		one({ flaps: 2 }),
		one({ suspicion: CERTAIN - 0.1, slowForMs: 9000 }),
		one({ suspicion: CERTAIN, slowForMs: 800 }),
	];
	assert.deepEqual(decide(pool, config, 0), { actions: [], reasons: [] });
	const off = { ...config, failures: 0, connectFailures: 0, flaps: 0, successRate: null, latency: null };
	const bad = one({ row: 99, connectRow: 99, flaps: 99, recent: tally(0, 99), suspicion: 99, slowForMs: 9000 });
	assert.deepEqual(decide([one(), one(), bad], off, 0), { actions: [], reasons: [] });
});

test('an instance with a row of long ago at an idle worker is one to go to', () => {
	const was = (): Observed => one({ row: 3 });
	assert.deepEqual(ejects([was(), was(), failing(5)]), ['2 failures: 5 failures in a row']);
	assert.deepEqual(ejects([failing(3), failing(5)]), []);
});

test('a row of long ago is no ground, nor is one of an instance that is out anyway', () => {
	assert.deepEqual(ejects([one(), failing(9, { recent: tally(0, 0) })]), []);
	assert.deepEqual(ejects([one(), failing(9, { fit: false }), failing(9, { breaker: OPEN })]), []);
});

test('where no other does better it stays, and the reason is given', () => {
	const pool = [failing(5), failing(5)];
	assert.deepEqual(decide(pool, config, 0), {
		actions: [],
		reasons: pool.map(({ id }) => `${id} stays: 5 failures in a row, but no other instance of its pool does better`),
	});
	// On its way there as well.
	assert.deepEqual(ejects([failing(5), failing(3)]), []);
	assert.deepEqual(ejects([failing(5), failing(2)]), ['0 failures: 5 failures in a row']);
	assert.deepEqual(ejects([failing(5), one({ fit: false }), one({ breaker: OPEN })]), []);
	assert.deepEqual(ejects([failing(5)]), []);
});

test('the worst go first, no more than may; the others say why they stay', () => {
	const pool = [failing(5), failing(50), failing(20), one(), one({ breaker: OPEN }), failing(6)];
	const { actions, reasons } = decide(pool, config, 0);
	assert.deepEqual(
		actions.map(({ kind, at }) => [kind, at]),
		[
			['eject', 1],
			['eject', 2],
		],
	);
	assert.deepEqual(
		reasons.map((text) => text.replace(/^\S+ /, '')),
		[
			'stays: 6 failures in a row, but 3 of 6 are ejected already',
			'stays: 5 failures in a row, but 3 of 6 are ejected already',
		],
	);
});

test('one of two or more always may be ejected, the last never', () => {
	assert.deepEqual(
		[0, 1, 2, 3, 10].map((count) => mostEjected(count, 0)),
		[0, 0, 1, 1, 1],
	);
	assert.deepEqual(
		[1, 2, 3, 10].map((count) => mostEjected(count, 1)),
		[0, 1, 2, 9],
	);
	assert.equal(mostEjected(10, 0.3), 3);
});

test('an ejection that is over is tried once its probes are good', () => {
	const pool = [one({ breaker: OPEN }), one({ breaker: OPEN, fit: false }), one()];
	assert.deepEqual(decide(pool, config, OPEN.untilMs - 1).actions, []);
	assert.deepEqual(decide(pool, config, OPEN.untilMs).actions, [{ kind: 'try', at: 0 }]);
});

test('times as people read them', () => {
	assert.deepEqual([1234, 9960, 45_600, 999_400, 2_004_000].map(milliseconds), [
		'1.2 ms',
		'10 ms',
		'46 ms',
		'999 ms',
		'2.0 s',
	]);
});

test('property: never more than may are out, never without one that does better, each at most once', () => {
	const breaker = fc.constantFrom(CLOSED, CLOSED, CLOSED, OPEN, { ...OPEN, state: 'half-open' as const });
	const observed = fc.record({
		fit: fc.boolean(),
		breaker,
		row: fc.integer({ min: 0, max: 12 }),
		connectRow: fc.integer({ min: 0, max: 5 }),
		flaps: fc.integer({ min: 0, max: 4 }),
		recent: fc.tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 200 })).map(([a, b]) => tally(a, b)),
		suspicion: fc.double({ min: 0, max: 23, noNaN: true }),
		slowForMs: fc.integer({ min: 0, max: 3000 }),
	});
	fc.assert(
		fc.property(
			fc.array(observed, { maxLength: 20 }),
			fc.double({ min: 0, max: 1, noNaN: true }),
			fc.integer({ min: 0, max: 100_000 }),
			(drawn, most, now) => {
				const pool = drawn.map((changes) => one(changes));
				const { actions, reasons } = decide(pool, { ...config, most }, now);
				const ejected = actions.filter(({ kind }) => kind === 'eject').map(({ at }) => at);
				assert.equal(new Set(actions.map(({ at }) => at)).size, actions.length);
				assert.equal(new Set(reasons).size, reasons.length);
				const before = pool.filter(({ breaker: { state } }) => state !== 'closed').length;
				if (ejected.length > 0) assert.ok(before + ejected.length <= mostEjected(pool.length, most));
				for (const at of ejected) assert.ok(pool[at]?.fit && pool[at].breaker.state === 'closed');
				const left = pool.filter((each, at) => each.fit && each.breaker.state === 'closed' && !ejected.includes(at));
				if (ejected.length > 0) assert.ok(left.some(({ row, recent }) => row < config.failures || recent.failed === 0));
				for (const action of actions)
					if (action.kind === 'try') assert.ok((pool[action.at]?.breaker.untilMs as number) <= now);
			},
		),
		{ seed: 7, numRuns: 1000 },
	);
});
