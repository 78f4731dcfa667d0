import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptOutcome } from './attempt.ts';
import { attemptPolicy } from './attempt-policy.ts';
import type { ClaimedJob } from './job-store.ts';
import { OFFLOAD } from './offload-policy.ts';
import { settle } from './settle-attempt.ts';

const POLICY = attemptPolicy(
	{
		...OFFLOAD,
		upstreamKey: { header: 'Idempotency-Key', lifeMs: 86_400_000 },
		retry: { ...OFFLOAD.retry, unkeyed: true },
	},
	{ idempotent: false, attemptMs: 1000 },
);
const job = (of: Partial<ClaimedJob>): ClaimedJob =>
	({
		...{ createdMs: 0, attempts: 1, attemptsMost: 3, firstAttemptMs: 5, startedMs: 5 },
		...{ upstreamKey: 'k', lost: false, lane: '', externalId: null },
		...of,
	}) as ClaimedJob;

/** Whether its cost is given back; null: it goes on. */
function free(of: Partial<ClaimedJob>, status: number): boolean | undefined | null {
	const outcome: AttemptOutcome = { kind: 'answered', status, head: new Uint8Array(), body: null, retryAfterMs: null };
	const report = settle({ job: job(of), outcome, policy: POLICY, moment: { nowMs: 10, random: 0 } });
	return typeof report === 'object' && report.kind === 'failed' ? report.free : null;
}

test('what the upstream refused to do is not billed; what it may have done is', () => {
	assert.equal(free({}, 402), true);
	assert.equal(free({ attempts: 3, startedMs: 9 }, 400), true, 'its key would have told of one before');
	assert.equal(free({ attempts: 3, startedMs: 9, upstreamKey: '' }, 400), false, 'the attempt before may have done it');
	assert.equal(free({ upstreamKey: '' }, 404), true);
	assert.equal(free({ upstreamKey: '', startedMs: 9 }, 404), false, 'so may one before a redrive');
	assert.equal(free({ attempts: 3 }, 429), true);
	for (const status of [408, 500, 504]) assert.equal(free({ attempts: 3 }, status), false, `${status}`);
	assert.equal(free({}, 503), null);
});
