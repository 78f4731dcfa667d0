import type { AnswerReading, AttemptOutcome } from '../attempt.ts';
import type { ClaimedJob } from '../job-store.ts';

/** Looks after jobs that an upstream has which is asynchronous itself. What becomes of them it tells the runner. */
export interface SubmittedJobs {
	/** What an answer says beyond its status; null: nothing. */
	read(job: ClaimedJob, outcome: AttemptOutcome): AnswerReading | null;
	/** Whether its upstream may have it while an attempt is under way. */
	keeps(job: ClaimedJob): boolean;
	/** The upstream has it: its end is waited for. */
	took(job: ClaimedJob): void;
	/** Nobody wants one that the upstream has: that is told, where it can be; its slot is held until it has ended there. */
	unwanted(token: string): void;
	/** Asks the upstream whether it has this one. */
	reconcile(job: ClaimedJob): void;
	/** Nobody waits for its end any more. */
	left(token: string): void;
}
