import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
	type AttemptedJob,
	type AttemptOutcome,
	decideRetry,
	RETRIED_STATUSES,
	type RetryDecision,
	type RetryPolicy,
} from './decide-retry.ts';

const HOUR = 3_600_000;
const POLICY: RetryPolicy = {
	idempotent: false,
	keyLifeMs: 24 * HOUR,
	attemptMostMs: 120_000,
	repeatsUnkeyed: false,
	canReconcile: false,
	firstPauseMs: 1000,
	longestPauseMs: 30_000,
	jitter: 0.25,
	statuses: RETRIED_STATUSES,
	retryAfterMostMs: 60_000,
	countsRefusals: true,
};
const NOW = 1_000_000;
const JOB: AttemptedJob = {
	upstreamKey: 'k',
	firstAttemptMs: NOW - 5000,
	startedMs: NOW - 5000,
	createdMs: NOW - 9000,
	attempts: 1,
	attemptsMost: 4,
};

function decide(
	job: Partial<AttemptedJob>,
	outcome: AttemptOutcome,
	{ random = 0.5, ...policy }: Partial<RetryPolicy> & { random?: number } = {},
): RetryDecision {
	return decideRetry({ ...JOB, ...job }, outcome, {
		policy: { ...POLICY, ...policy },
		moment: { nowMs: NOW, random },
	});
}

const answered = (status: number, retryAfterMs: number | null = null): AttemptOutcome => ({
	kind: 'answered',
	status,
	retryAfterMs,
});
const BROKEN: AttemptOutcome = { kind: 'broken' };
const UNREACHED: AttemptOutcome = { kind: 'unreached', retryAfterMs: null };
const UNKEYED = { upstreamKey: '' };

for (const [title, job, outcome, policy, expected, reason] of [
	['an answer', {}, answered(201), {}, 'succeed', /201/],
	['a redirect is an answer', {}, answered(303), {}, 'succeed', /303/],
	['an answer that is final', {}, answered(404), {}, 'fail', /404, which is final/],
	['an answer that is tried again', {}, answered(503), {}, 'retry', /503/],
	['an answer that is not named', {}, answered(500), { statuses: new Set([429]) }, 'fail', /final/],
	['the last attempt', { attempts: 4 }, answered(503), {}, 'fail', /503, and its 4 attempts are used up/],
	[
		'a 500 of a write without a key',
		UNKEYED,
		answered(500),
		{},
		'fail',
		/carried out twice: it is a write without a key/,
	],
	['a 503 of a write without a key', UNKEYED, answered(503), {}, 'fail', /carried out twice/],
	['a 429 of a write without a key', UNKEYED, answered(429), {}, 'retry', /429/],
	['a 425 of a write without a key', UNKEYED, answered(425), {}, 'retry', /425/],
	['a 500 of an idempotent one', UNKEYED, answered(500), { idempotent: true }, 'retry', /500/],
	['a 500 where writes are repeated', UNKEYED, answered(500), { repeatsUnkeyed: true }, 'retry', /500/],
	['a 500 when the key has ended', { firstAttemptMs: NOW - 25 * HOUR }, answered(500), {}, 'fail', /forgotten its key/],
	['a 429 at the last attempt', { attempts: 4 }, answered(429), {}, 'fail', /used up/],
	['a 429 that does not count', { attempts: 4 }, answered(429), { countsRefusals: false }, 'retry', /429/],
	['a 500 counts all the same', { attempts: 4 }, answered(500), { countsRefusals: false }, 'fail', /used up/],
	['no answer, with a key', {}, BROKEN, {}, 'retry', /no answer came; the upstream still knows its key/],
	['no answer, without a key', UNKEYED, BROKEN, {}, 'park', /no answer came, and it is a write without a key/],
	[
		'no answer, without a key, and it can be asked',
		UNKEYED,
		BROKEN,
		{ canReconcile: true },
		'reconcile',
		/without a key/,
	],
	['no answer at the last attempt', { attempts: 4 }, BROKEN, {}, 'fail', /used up/],
	[
		'no answer at the last attempt, and it can be asked',
		{ attempts: 4 },
		BROKEN,
		{ canReconcile: true },
		'reconcile',
		/used up/,
	],
	['nobody got it', UNKEYED, UNREACHED, {}, 'retry', /nobody got it/],
	['nobody got it, at the last attempt', { attempts: 4 }, UNREACHED, {}, 'retry', /nobody got it/],
] as const) {
	test(`${title}: ${expected}`, () => {
		const decision = decide(job, outcome, policy);
		assert.equal(decision.do, expected);
		assert.match(decision.reason, reason);
	});
}

const pauseOf = (decision: RetryDecision): number => {
	assert.ok(decision.do === 'retry', decision.reason);
	return decision.atMs - NOW;
};

test('pauses double up to the longest', () => {
	const pauses = [1, 2, 3, 4, 5, 6, 7, 1000].map((attempts) =>
		pauseOf(decide({ attempts, attemptsMost: 9999 }, answered(500))),
	);
	assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
});

test('chance spreads a pause by its share', () => {
	assert.equal(pauseOf(decide({}, answered(500), { random: 0 })), 750);
	assert.equal(pauseOf(decide({}, answered(500), { random: 1 })), 1250);
	assert.equal(pauseOf(decide({}, answered(500), { random: 1, jitter: 0 })), 1000);
});

test('a Retry-After is waited for, up to its limit, and the pause where that is longer', () => {
	assert.equal(pauseOf(decide({}, answered(429, 10_000), { random: 0 })), 10_000);
	assert.equal(pauseOf(decide({}, answered(429, 10_000), { random: 1 })), 10_250);
	assert.equal(pauseOf(decide({}, answered(503, 9_999_999), { random: 0 })), 60_000);
	assert.equal(pauseOf(decide({}, answered(503, 0))), 1000);
	assert.equal(pauseOf(decide({}, { kind: 'unreached', retryAfterMs: 20_000 }, { random: 0 })), 20_000);
});

test('what does not count waits the longer the older it is', () => {
	const pause = (createdMs: number): number => pauseOf(decide({ createdMs }, UNREACHED));
	assert.deepEqual([pause(NOW), pause(NOW - 3000), pause(NOW - HOUR)], [1000, 3000, 30_000]);
});

test('what may have had an effect counts, and keeps its lane', () => {
	const of = (decision: RetryDecision) => decision.do === 'retry' && [decision.counted, decision.keepsLane];
	assert.deepEqual(of(decide({}, BROKEN)), [true, true]);
	assert.deepEqual(of(decide({}, answered(500))), [true, true]);
	assert.deepEqual(of(decide({}, UNREACHED)), [false, false]);
	assert.deepEqual(of(decide({ attempts: 2 }, UNREACHED)), [false, true], 'the one before may have had one');
	assert.deepEqual(of(decide({ startedMs: NOW - 10 }, UNREACHED)), [false, true], 'so may one before a redrive');
	assert.deepEqual(of(decide({}, answered(429), { countsRefusals: false })), [false, false]);
});

test('no retry is in the past, and none after the longest wait', () => {
	fc.assert(
		fc.property(
			fc.nat(1000),
			fc.nat(1e7),
			fc.double({ min: 0, max: 1, noNaN: true }),
			(attempts, retryAfterMs, random) => {
				const decision = decide({ attempts: attempts + 1, attemptsMost: 9999 }, answered(503, retryAfterMs), {
					random,
				});
				const pause = pauseOf(decision);
				assert.ok(pause >= 750 && pause <= 60_000 + 30_000 * 0.25, `${pause}`);
			},
		),
		{ numRuns: 200 },
	);
});
