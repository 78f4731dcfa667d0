import { mayRepeat, type RepeatedJob, type RepeatPolicy } from './may-repeat.ts';

export interface RetryPolicy extends RepeatPolicy {
	/** Pause before the second attempt; each further one is twice as long. */
	firstPauseMs: number;
	longestPauseMs: number;
	/** How far a pause may be from its length, as a share of it, 0 to 1: 0.25 is ± 25 %. */
	jitter: number;
	/** Answers that are tried again. */
	statuses: ReadonlySet<number>;
	/** Of a `Retry-After`, no more than this is waited for. */
	retryAfterMostMs: number;
	/** Whether an answer by which nothing was carried out (425, 429) counts as an attempt. */
	countsRefusals: boolean;
}

export const RETRIED_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Answers that say that nothing was carried out: RFC 8470 §5.2, RFC 6585 §4. A 503 is also what some proxies make of an answer that broke off. */
const REFUSED: ReadonlySet<number> = new Set([425, 429]);

export type AttemptOutcome =
	| { kind: 'answered'; status: number; retryAfterMs: number | null }
	/** Nobody got it: there was no instance, no connection, no room. */
	| { kind: 'unreached'; retryAfterMs: number | null }
	/** It went out, and no whole answer came: it may have had its effect. */
	| { kind: 'broken' };

export interface AttemptedJob extends RepeatedJob {
	createdMs: number;
	/** Attempts that began, this one among them. */
	attempts: number;
	attemptsMost: number;
	/** When this one began: `firstAttemptMs` where none was before it, also not before a redrive. */
	startedMs: number | null;
}

/** `reason`: for people. */
export type RetryDecision = { reason: string } & (
	| { do: 'succeed' | 'fail' }
	/** Whether it had its effect is not known: the upstream is asked, or a person. */
	| { do: 'reconcile' | 'park' }
	| { do: 'retry'; atMs: number; counted: boolean; keepsLane: boolean }
);

/** Clock and chance of a decision. */
export interface RetryMoment {
	nowMs: number;
	/** 0 to 1, as `Math.random` gives it. */
	random: number;
}

/** What follows an attempt that has ended. */
export function decideRetry(
	job: AttemptedJob,
	outcome: AttemptOutcome,
	{ policy, moment }: { policy: RetryPolicy; moment: RetryMoment },
): RetryDecision {
	switch (outcome.kind) {
		case 'unreached': {
			// It does not count, so that its pause grows with its age.
			const pauseMs = clamp(moment.nowMs - job.createdMs, policy);
			const atMs = retryAt(pauseMs, outcome.retryAfterMs, { policy, moment });
			return { do: 'retry', atMs, counted: false, keepsLane: hadAttempt(job), reason: 'nobody got it' };
		}
		case 'broken':
			return afterBreak(job, { policy, moment });
		case 'answered':
			return afterAnswer(job, outcome, { policy, moment });
	}
}

function afterBreak(job: AttemptedJob, of: { policy: RetryPolicy; moment: RetryMoment }): RetryDecision {
	const repeat = mayRepeat(job, of.policy, of.moment.nowMs);
	if (repeat.do !== 'again') return { do: repeat.do, reason: `no answer came, and ${repeat.reason}` };
	if (job.attempts < job.attemptsMost) return again(job, null, { ...of, reason: `no answer came; ${repeat.reason}` });
	const reason = `no answer came, and ${usedUp(job)}`;
	return { do: !of.policy.idempotent && of.policy.canReconcile ? 'reconcile' : 'fail', reason };
}

function afterAnswer(
	job: AttemptedJob,
	{ status, retryAfterMs }: { status: number; retryAfterMs: number | null },
	of: { policy: RetryPolicy; moment: RetryMoment },
): RetryDecision {
	const { policy, moment } = of;
	const said = `it was answered ${status}`;
	if (status < 400) return { do: 'succeed', reason: said };
	if (!policy.statuses.has(status)) return { do: 'fail', reason: `${said}, which is final` };
	const refused = REFUSED.has(status);
	if (refused && !policy.countsRefusals) {
		const atMs = retryAt(clamp(moment.nowMs - job.createdMs, policy), retryAfterMs, of);
		return { do: 'retry', atMs, counted: false, keepsLane: hadAttempt(job), reason: said };
	}
	if (job.attempts >= job.attemptsMost) return { do: 'fail', reason: `${said}, and ${usedUp(job)}` };
	const repeat = refused ? null : mayRepeat(job, policy, moment.nowMs);
	if (repeat !== null && repeat.do !== 'again') {
		return { do: 'fail', reason: `${said}, and a repeat might be carried out twice: ${repeat.reason}` };
	}
	return again(job, retryAfterMs, { ...of, reason: said });
}

function again(
	job: AttemptedJob,
	retryAfterMs: number | null,
	of: { policy: RetryPolicy; moment: RetryMoment; reason: string },
): RetryDecision {
	const pauseMs = clamp(of.policy.firstPauseMs * 2 ** Math.min(job.attempts - 1, 50), of.policy);
	return { do: 'retry', atMs: retryAt(pauseMs, retryAfterMs, of), counted: true, keepsLane: true, reason: of.reason };
}

/** Not before the upstream wants it; all who were told the same time do not come at once. */
function retryAt(
	pauseMs: number,
	retryAfterMs: number | null,
	{ policy, moment }: { policy: RetryPolicy; moment: RetryMoment },
): number {
	const { nowMs, random } = moment;
	const spread = pauseMs * policy.jitter;
	const own = pauseMs - spread + 2 * spread * random;
	if (retryAfterMs === null) return Math.round(nowMs + own);
	const wanted = Math.min(retryAfterMs, policy.retryAfterMostMs) + spread * random;
	return Math.round(nowMs + Math.max(own, wanted));
}

const clamp = (ms: number, { firstPauseMs, longestPauseMs }: RetryPolicy): number =>
	Math.min(Math.max(ms, firstPauseMs), longestPauseMs);

const usedUp = ({ attemptsMost }: AttemptedJob): string => `its ${attemptsMost} attempts are used up`;

/** An attempt before this one may have had its effect, where it was made. */
const hadAttempt = ({ attempts, firstAttemptMs, startedMs }: AttemptedJob): boolean =>
	attempts > 1 || firstAttemptMs !== startedMs;
