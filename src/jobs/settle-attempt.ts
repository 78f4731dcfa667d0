import { ERRORS } from '../core/errors.ts';
import type { AnswerReading, AttemptOutcome, AttemptPolicy } from './attempt.ts';
import { decideLost } from './decide-lost.ts';
import { decideRetry, type RetryMoment, type AttemptOutcome as RetryOutcome } from './decide-retry.ts';
import type { JobError, JobResult } from './job.ts';
import type { ClaimedJob, ReportKind } from './job-store.ts';
import { mayRepeat } from './may-repeat.ts';

/** Pauses of a job that nobody got, ms. */
const UNREACHED_MS = 1000;
const UNREACHED_MOST_MS = 5000;

/** What came of an attempt, and by what it is judged. */
export interface Settling {
	job: ClaimedJob;
	outcome: AttemptOutcome;
	policy: AttemptPolicy;
	moment: RetryMoment;
	/** What the answer says beyond its status; null: nothing. */
	reading?: AnswerReading | null;
}

/** What is reported of an attempt. */
export function settle({ job, outcome, policy: base, moment, reading = null }: Settling): ReportKind | 'reconcile' {
	const error = named(errorOf(outcome), reading);
	const policy = byCode(base, outcome, reading);
	if (reading?.nameless === true) return { kind: 'parked', error };
	// A repeat would bring as much.
	if (outcome.kind === 'failed' && outcome.code === 'body_too_large') return { kind: 'failed', error, result: null };
	const of = retryOutcome(outcome);
	const decision = decideRetry(job, of, { policy: of.kind === 'unreached' ? soon(policy) : policy, moment });
	const result = resultOf(outcome);
	switch (decision.do) {
		case 'succeed':
			return { kind: 'succeeded', result };
		case 'retry': {
			const { atMs, counted, keepsLane } = decision;
			// The attempt that was lost may have had its effect: it stays counted, and its key's life goes on.
			return { kind: 'retry', atMs, error, counted: counted || job.lost, keepsLane: keepsLane || job.lost };
		}
		case 'fail':
			return {
				...{ kind: 'failed', error: { ...error, message: `${error.message}; ${decision.reason}` }, result },
				free: isRefused(job, outcome),
			};
		case 'reconcile':
			return 'reconcile';
		case 'park':
			return { kind: 'parked', error: { ...error, message: `${error.message}; ${decision.reason}` } };
	}
}

/**
 * Whether it is certain that nothing was done, and nothing is billed: the client's fault, and no attempt before that may
 * have had its effect; one under the same key would have been answered again.
 */
function isRefused({ attempts, firstAttemptMs, startedMs, upstreamKey }: ClaimedJob, outcome: AttemptOutcome): boolean {
	if (outcome.kind !== 'answered' || outcome.status < 400 || outcome.status >= 500 || outcome.status === 408)
		return false;
	return upstreamKey !== '' || (attempts === 1 && firstAttemptMs === startedMs);
}

/** Where nobody was there, somebody may be soon; until then the whole queue rests. */
const soon = (policy: AttemptPolicy): AttemptPolicy => ({
	...policy,
	firstPauseMs: Math.min(policy.firstPauseMs, UNREACHED_MS),
	longestPauseMs: Math.min(policy.longestPauseMs, UNREACHED_MOST_MS),
});

function retryOutcome(outcome: AttemptOutcome): RetryOutcome {
	switch (outcome.kind) {
		case 'answered':
			return { kind: 'answered', status: outcome.status, retryAfterMs: outcome.retryAfterMs };
		case 'no_place':
			return { kind: 'unreached', retryAfterMs: null };
		default:
			return outcome.began ? { kind: 'broken' } : { kind: 'unreached', retryAfterMs: null };
	}
}

function resultOf(outcome: AttemptOutcome): JobResult | null {
	return outcome.kind === 'answered' ? { head: outcome.head, body: outcome.body } : null;
}

function errorOf(outcome: AttemptOutcome): JobError {
	if (outcome.kind === 'answered') {
		const { status } = outcome;
		return { code: 'upstream_status', message: `the API answered ${status}`, status };
	}
	const { code } = outcome;
	const message = code === 'body_too_large' ? 'the answer is larger than `offload.result`' : ERRORS[code].title;
	return { code, message, status: null };
}

/** By the upstream's own word for it. */
function named(error: JobError, reading: AnswerReading | null): JobError {
	if (reading === null || reading.code === null) return error;
	return { ...error, code: reading.code, message: reading.message ?? error.message };
}

/** What the upstream's code says counts for more than the status. */
function byCode(policy: AttemptPolicy, outcome: AttemptOutcome, reading: AnswerReading | null): AttemptPolicy {
	if (outcome.kind !== 'answered' || reading === null || reading.retried === null) return policy;
	const statuses = new Set(policy.statuses);
	if (reading.retried) statuses.add(outcome.status);
	else statuses.delete(outcome.status);
	return { ...policy, statuses };
}

/** Before an attempt that is not the first: the upstream may have forgotten the job's key while it waited. null: it may begin. */
export function mayBegin(job: ClaimedJob, policy: AttemptPolicy, nowMs: number): ReportKind | 'reconcile' | null {
	const keyed = job.upstreamKey !== '' && policy.keyLifeMs !== null;
	if (!keyed || job.firstAttemptMs === null || job.firstAttemptMs === job.startedMs) return null;
	const { do: what, reason } = mayRepeat(job, policy, nowMs);
	if (what === 'again') return null;
	if (what === 'reconcile') return 'reconcile';
	const message = `an attempt before may have had its effect; ${reason}`;
	return { kind: 'parked', error: { code: 'key_too_old', message, status: null } };
}

/**
 * What becomes of a job whose holder is gone in the midst of an attempt: what the upstream is to be asked, or what is
 * reported. A repeat is another attempt, in the job's old place: so one that takes its holders down ends.
 */
export function settleLost(job: ClaimedJob, policy: AttemptPolicy, nowMs: number): 'resume' | 'reconcile' | ReportKind {
	const { do: what, reason } = decideLost(job, policy, nowMs);
	const error: JobError = { code: 'attempt_lost', message: `the attempt was cut off; ${reason}`, status: null };
	switch (what) {
		case 'resume':
		case 'reconcile':
			return what;
		case 'again':
			return { kind: 'retry', atMs: job.runAtMs, error, counted: true, keepsLane: true };
		case 'fail':
			return { kind: 'failed', error, result: null };
		default:
			return { kind: 'parked', error };
	}
}
