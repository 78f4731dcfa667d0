import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FALSE_ALARM, type JudgeRules, judge } from './judge.ts';
import { DURATIONS, NOTHING, random, sample } from './testing-rollout.ts';

const rules: JudgeRules = { requests: 200, errors: 0.01, latency: 1.5 };
const of = (
	old: [number, number?, number?],
	fresh: [number, number?, number?],
	look: number | null = 0,
	used = rules,
) => judge({ old: sample(...old), fresh: sample(...fresh), durations: DURATIONS }, used, look);

describe('errors', () => {
	test('5 failures of 60 where the old one had none are beyond chance, 1 of 60 is not', () => {
		assert.deepEqual(of([5940], [60, 5]), {
			kind: 'bad',
			why: '8.3 % of 60 requests to the new version failed, 0 % of 5940 to the old one',
		});
		assert.equal(of([5940], [60, 1]).kind, 'wait');
	});

	test('more than is allowed, and only by chance: neither good nor bad', () => {
		assert.deepEqual(of([200, 0], [200, 3]), {
			kind: 'wait',
			why: '1.5 % failed (old: 0 %): more than the 1 % that are allowed, but not beyond chance yet',
		});
	});

	test('within what is allowed it is good, however sure it is that it fails more', () => {
		assert.equal(of([1_000_000, 0], [100_000, 900]).kind, 'good');
		assert.equal(of([1_000_000, 0], [100_000, 1100]).kind, 'bad');
	});

	test('what the old one fails too is not held against it', () => {
		assert.equal(of([20_000, 1000], [1000, 50]).kind, 'good');
		assert.equal(of([20_000, 1000], [1000, 59]).kind, 'good');
		assert.match(of([20_000, 8000], [200, 80]).why, /^both versions fail/);
	});

	test('it needs the requests that are asked for', () => {
		assert.deepEqual(of([9000], [199]), { kind: 'wait', why: '199 of 200 requests judged, 0 % failed (old: 0 %)' });
		assert.deepEqual(of([9000], [200]).kind, 'good');
		assert.deepEqual(of([0], [0]), { kind: 'wait', why: '0 of 200 requests judged, 0 % failed (old: no requests)' });
	});

	test('before it goes on, one that fails three times what is allowed is ruled out: good luck is not enough', () => {
		const lucky = {
			kind: 'wait',
			why: '200 requests judged, 1 % failed (old: 0 %): too few to be sure that it is no worse',
		};
		assert.deepEqual(of([20_000], [200, 2]), lucky);
		assert.equal(of([20_000], [300, 2]).kind, 'good');
		assert.equal(of([20_000], [100], 0, { ...rules, requests: 50 }).kind, 'wait', 'whatever is asked for');
		assert.equal(of([20_000], [160], 0, { ...rules, requests: 50 }).kind, 'good');
		const none = { ...rules, errors: 0 };
		assert.deepEqual([of([90_000], [900], 0, none).kind, of([90_000], [930], 0, none).kind], ['wait', 'good']);
	});

	test('without a look it may be good or not, never bad', () => {
		assert.equal(of([5940], [60, 60], null).kind, 'wait');
		assert.equal(of([5940], [200], null).kind, 'good');
	});

	test('the later the look, the more it takes', () => {
		assert.equal(of([5940], [60, 3], 0).kind, 'bad');
		assert.equal(of([5940], [60, 3], 100).kind, 'wait');
	});
});

describe('time', () => {
	test('twice as long as the old one: bad; within 1.5 times: good; below 5 ms more: good', () => {
		const slow = of([9000, 0, 20_000], [200, 0, 40_000]);
		assert.equal(slow.kind, 'bad');
		assert.match(slow.why, /^its median was \S+ ms over 200 requests, [\d.]+ times the old one's 19 ms$/);
		assert.equal(of([9000, 0, 20_000], [200, 0, 26_000]).kind, 'good');
		assert.equal(of([9000, 0, 1500], [200, 0, 5000]).kind, 'good');
	});

	test('a tail alone counts too', () => {
		const tailed = (attempts: number, tail: number) => {
			const [usual, late] = [sample(attempts - tail, 0, 20_000), sample(tail, 0, 400_000)];
			const latency = Float64Array.from(usual.latency, (count, at) => count + (late.latency[at] as number));
			return { attempts, failed: 0, latency };
		};
		const verdict = judge({ old: tailed(9000, 90), fresh: tailed(400, 60), durations: DURATIONS }, rules, 0);
		assert.match(verdict.why, /^its p95 was 4\d\d ms over 400 requests/);
		const chance = judge({ old: tailed(9000, 430), fresh: tailed(200, 12), durations: DURATIONS }, rules, 0);
		assert.equal(chance.kind, 'wait');
		assert.match(chance.why, /^its p95 is 4\d\d ms \(old: 19 ms\), not beyond chance yet$/);
	});

	test('switched off, or with nothing to compare with, it does not count', () => {
		assert.equal(of([9000, 0, 20_000], [200, 0, 900_000], 0, { ...rules, latency: null }).kind, 'good');
		assert.equal(of([30, 0, 20_000], [200, 0, 900_000]).kind, 'good');
		const untimed = { ...NOTHING, attempts: 200 };
		assert.equal(judge({ old: untimed, fresh: untimed, durations: DURATIONS }, rules, 0).kind, 'good');
	});
});

test('a version as good as the old one is hardly ever called bad, however often it is asked', () => {
	const uniform = random(4711);
	/** Failures of so many: Poisson, which has a heavier tail than what it stands for. */
	const failures = (attempts: number, share: number) => {
		let count = 0;
		for (let product = uniform(), floor = Math.exp(-attempts * share); product > floor; product *= uniform()) count++;
		return Math.min(attempts, count);
	};
	let alarms = 0;
	const runs = 3000;
	for (let run = 0; run < runs; run++) {
		const base = [0.0005, 0.005, 0.02, 0.1][run % 4] as number;
		const times = [99, 19, 3, 1][(run >> 2) % 4] as number;
		const [old, fresh] = [{ ...NOTHING }, { ...NOTHING }];
		for (let look = 0, batch = 5; look < 40; look++, batch = Math.ceil(batch * 1.12)) {
			fresh.attempts += batch;
			fresh.failed += failures(batch, base);
			old.attempts += batch * times;
			for (let part = 0; part < times; part++) old.failed += failures(batch, base);
			if (judge({ old, fresh, durations: DURATIONS }, { ...rules, errors: 0 }, look).kind !== 'bad') continue;
			alarms++;
			break;
		}
	}
	assert.ok(alarms <= runs * FALSE_ALARM, `${alarms} false alarms in ${runs}`);
});

test('whatever it is asked: one kind, one sentence without an end, no NaN', () => {
	const seen = fc.tuple(fc.nat(3000), fc.nat(3000), fc.integer({ min: 1000, max: 5_000_000 }));
	fc.assert(
		fc.property(seen, seen, fc.option(fc.nat(500)), (old, fresh, look) => {
			const clamp = ([attempts, failed, us]: [number, number, number]) =>
				sample(attempts, Math.min(attempts, failed), us);
			const verdict = judge({ old: clamp(old), fresh: clamp(fresh), durations: DURATIONS }, rules, look);
			assert.ok(['good', 'bad', 'wait'].includes(verdict.kind));
			assert.match(verdict.why, /^[^\n]+[^.\n]$/);
			assert.doesNotMatch(verdict.why, /NaN|Infinity|undefined/);
		}),
		{ numRuns: 400 },
	);
});
