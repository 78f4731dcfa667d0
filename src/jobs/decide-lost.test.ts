import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideLost, type LostJob } from './decide-lost.ts';
import { mayRepeat, type RepeatPolicy } from './may-repeat.ts';

const HOUR = 3_600_000;
const POLICY: RepeatPolicy = {
	idempotent: false,
	keyLifeMs: 24 * HOUR,
	attemptMostMs: 120_000,
	repeatsUnkeyed: false,
	canReconcile: false,
};
const KEYED = { upstreamKey: 'k', firstAttemptMs: 0 };
const UNKEYED = { upstreamKey: '', firstAttemptMs: 0 };

for (const [title, job, policy, nowMs, expected] of [
	['an idempotent method, whatever its key', UNKEYED, { idempotent: true, keyLifeMs: null }, 99 * HOUR, 'again'],
	['a key that lives', KEYED, {}, HOUR, 'again'],
	['a job that never began', { ...KEYED, firstAttemptMs: null }, {}, 99 * HOUR, 'again'],
	['a key that lives just long enough', KEYED, {}, 24 * HOUR - 120_001, 'again'],
	['a key that may end during the attempt', KEYED, {}, 24 * HOUR - 120_000, 'park'],
	['a key that has ended', KEYED, {}, 25 * HOUR, 'park'],
	['a key that has ended, of an upstream that can be asked', KEYED, { canReconcile: true }, 25 * HOUR, 'reconcile'],
	['a key that has ended, though writes without one are repeated', KEYED, { repeatsUnkeyed: true }, 25 * HOUR, 'park'],
	['a key that the upstream does not know', KEYED, { keyLifeMs: null }, 1, 'park'],
	['a write without a key', UNKEYED, {}, 1, 'park'],
	['a write without a key that can be asked for', UNKEYED, { canReconcile: true }, 1, 'reconcile'],
	['a write without a key, where the configuration says so', UNKEYED, { repeatsUnkeyed: true }, 1, 'again'],
] as const) {
	test(`repeat ${title}: ${expected}`, () => {
		const decision = mayRepeat(job, { ...POLICY, ...policy }, nowMs);
		assert.equal(decision.do, expected);
		assert.ok(decision.reason.length > 10);
	});
}

const LOST: LostJob = { ...KEYED, state: 'running', externalId: null, attempts: 1, attemptsMost: 3 };

for (const [title, job, policy, nowMs, expected, reason] of [
	['one that the upstream has', { externalId: 'v_1', state: 'submitted' }, {}, 99 * HOUR, 'resume', /has it/],
	['one whose key lives', {}, {}, 1, 'again', /still knows its key/],
	['one whose key has ended', {}, {}, 25 * HOUR, 'park', /forgotten its key, and the upstream cannot be asked/],
	['one whose key has ended, and it can be asked for', {}, { canReconcile: true }, 25 * HOUR, 'reconcile', /forgotten/],
	['one that used up its attempts', { attempts: 3 }, {}, 1, 'fail', /its 3 attempts are used up/],
	['one that used them up and can be asked for', { attempts: 3 }, { canReconcile: true }, 1, 'reconcile', /used up/],
	[
		'an idempotent one that used them up',
		{ attempts: 3 },
		{ canReconcile: true, idempotent: true },
		1,
		'fail',
		/used up/,
	],
	['an unkeyed one that used them up', { attempts: 3, upstreamKey: '' }, {}, 1, 'park', /without a key/],
] as const) {
	test(`lost, ${title}: ${expected}`, () => {
		const decision = decideLost({ ...LOST, ...job }, { ...POLICY, ...policy }, nowMs);
		assert.equal(decision.do, expected);
		assert.match(decision.reason, reason);
	});
}
