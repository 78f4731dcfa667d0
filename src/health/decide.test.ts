import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decide, type Outcome, type ProbeState, type Thresholds, UNPROBED } from './decide.ts';

const up: Outcome = { kind: 'up' };
const failed: Outcome = { kind: 'failed', why: 'refused', contact: 'none' };
const wrong: Outcome = { kind: 'failed', why: 'GET / answered 500', contact: 'answer' };
const draining: Outcome = { kind: 'draining' };
const usual: Thresholds = { intervalMs: 2000, healthyAfter: 2, unhealthyAfter: 3, starting: false, suspect: false };

function run(outcomes: Outcome[], thresholds = usual, from: ProbeState = UNPROBED) {
	const steps = [];
	let state = from;
	for (const outcome of outcomes) {
		const decision = decide(state, outcome, thresholds);
		state = decision.state;
		steps.push(decision);
	}
	return { state, verdicts: steps.map((step) => step.state.verdict), delays: steps.map((step) => step.afterMs) };
}

test('the first good probe makes an unknown instance healthy, whatever healthyAfter says', () => {
	assert.deepEqual(run([up]).verdicts, ['healthy']);
});

test('unhealthyAfter failures in a row take an instance out, and are asked for quickly', () => {
	const { verdicts, delays } = run([up, failed, failed, up, failed, failed, failed]);
	assert.deepEqual(verdicts, ['healthy', 'healthy', 'healthy', 'healthy', 'healthy', 'healthy', 'unhealthy']);
	assert.deepEqual(delays, [2000, 500, 500, 2000, 500, 500, 2000]);
});

test('healthyAfter good probes in a row bring it back', () => {
	const down = run([failed, failed, failed]).state;
	assert.equal(down.verdict, 'unhealthy');
	assert.deepEqual(run([up, failed, up, up], usual, down).verdicts, ['unhealthy', 'unhealthy', 'unhealthy', 'healthy']);
});

test('while it is down the interval backs off to eight times, at most 30 s', () => {
	const eight = Array.from({ length: 8 }, () => failed);
	assert.deepEqual(run(eight).delays, [500, 500, 2000, 4000, 8000, 16_000, 16_000, 16_000]);
	assert.equal(run(eight, { ...usual, intervalMs: 10_000 }).delays.at(-1), 30_000);
	assert.equal(run(eight, { ...usual, intervalMs: 60_000 }).delays.at(-1), 60_000);
});

test('a starting instance is asked after 50 ms growing to 500, and its failures do not count', () => {
	const starting = { ...usual, starting: true };
	const { verdicts, delays } = run(
		Array.from({ length: 12 }, () => failed),
		starting,
	);
	assert.ok(verdicts.every((verdict) => verdict === 'unknown'));
	assert.equal(delays[0], 50);
	assert.equal(delays.at(-1), 500);
	const after = run([up, failed, failed, failed], starting);
	assert.deepEqual(after.verdicts, ['healthy', 'healthy', 'healthy', 'unhealthy']);
});

test('an instance that says it drains is draining at once, and unhealthy with its first failure after', () => {
	assert.deepEqual(run([up, draining, failed]).verdicts, ['healthy', 'draining', 'unhealthy']);
	assert.deepEqual(run([draining, up, up]).verdicts, ['draining', 'draining', 'healthy']);
});

test('one that nobody starts is down with its first failure, and asked again soon', () => {
	const { verdicts, delays } = run([failed, failed, failed]);
	assert.deepEqual(verdicts, ['unhealthy', 'unhealthy', 'unhealthy']);
	assert.deepEqual(delays, [500, 500, 2000]);
});

test('a suspect that cannot be connected to is down at once; one that answers wrongly is asked again within 100 ms', () => {
	const suspect = { ...usual, suspect: true };
	assert.deepEqual(run([up, failed], suspect).verdicts, ['healthy', 'unhealthy']);
	const { verdicts, delays } = run([up, wrong, wrong, wrong], suspect);
	assert.deepEqual(verdicts, ['healthy', 'healthy', 'healthy', 'unhealthy']);
	assert.deepEqual(delays.slice(1, 3), [100, 100]);
	assert.equal(run([failed], { ...suspect, starting: true }).state.verdict, 'unknown');
});

test('properties: the verdict follows runs of outcomes, and no delay leaves its bounds', () => {
	const outcome = fc.constantFrom(up, failed);
	const thresholds = fc.record({
		intervalMs: fc.integer({ min: 100, max: 120_000 }),
		healthyAfter: fc.integer({ min: 1, max: 5 }),
		unhealthyAfter: fc.integer({ min: 1, max: 5 }),
		starting: fc.boolean(),
		suspect: fc.constant(false),
	});
	fc.assert(
		fc.property(fc.array(outcome, { minLength: 1, maxLength: 40 }), thresholds, (outcomes, limits) => {
			const { verdicts, delays } = run(outcomes, limits);
			for (const [at, verdict] of verdicts.entries()) {
				const delay = delays[at] as number;
				assert.ok(delay >= 50 && delay <= Math.max(30_000, limits.intervalMs, 500));
				const before = verdicts[at - 1] ?? 'unknown';
				const tail = (count: number, wanted: Outcome) =>
					at + 1 >= count && outcomes.slice(at + 1 - count, at + 1).every((each) => each === wanted);
				if (verdict === 'unhealthy' && before === 'healthy') assert.ok(tail(limits.unhealthyAfter, failed));
				if (before === 'unknown' && outcomes[at] === failed)
					assert.equal(verdict, limits.starting ? 'unknown' : 'unhealthy');
				if (verdict === 'healthy' && before === 'unhealthy') assert.ok(tail(limits.healthyAfter, up));
				if (tail(limits.unhealthyAfter, failed) && before === 'healthy') assert.equal(verdict, 'unhealthy');
			}
		}),
		{ seed: 7, numRuns: 300 },
	);
});
