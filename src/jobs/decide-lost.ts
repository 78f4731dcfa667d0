import type { JobState } from './job.ts';
import { mayRepeat, type RepeatedJob, type RepeatPolicy } from './may-repeat.ts';

/** A job whose holder is gone. */
export interface LostJob extends RepeatedJob {
	state: JobState;
	/** What the upstream calls it; null: not known. */
	externalId: string | null;
	/** Attempts that began, the lost one among them. */
	attempts: number;
	attemptsMost: number;
}

export interface LostDecision {
	/** `resume`: the upstream has it, its end is waited for. `reconcile`: the upstream is asked first. */
	do: 'resume' | 'again' | 'reconcile' | 'park' | 'fail';
	/** For people. */
	reason: string;
}

/**
 * What to do with an attempt in the midst of which its holder went: it may have had its effect, or not. Never a
 * second effect where that can be helped, and never for ever: who takes its holders down ends as a dead letter.
 */
export function decideLost(job: LostJob, policy: RepeatPolicy, nowMs: number): LostDecision {
	if (job.externalId !== null) return { do: 'resume', reason: 'the upstream has it' };
	const repeat = mayRepeat(job, policy, nowMs);
	if (repeat.do !== 'again' || job.attempts < job.attemptsMost) return repeat;
	const used = `its ${job.attemptsMost} attempts are used up`;
	// Nothing is repeated by asking, and an effect that was paid for is not thrown away.
	if (!policy.idempotent && policy.canReconcile) return { do: 'reconcile', reason: used };
	return { do: 'fail', reason: used };
}
