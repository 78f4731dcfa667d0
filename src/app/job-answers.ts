import { BallastError } from '../core/errors.ts';
import type { HandedIn } from './job-intake.ts';
import type { Added, FromJobs } from './jobs-messages.ts';
import { slim } from './slim-job.ts';

export function failedAnswer(id: number, error: unknown): FromJobs {
	const code = error instanceof BallastError ? error.code : 'internal';
	return { type: 'failed', id, code, message: error instanceof Error ? error.message : String(error) };
}

export const slimAdded = (outcome: Added): Added =>
	outcome.kind === 'same' ? { ...outcome, job: slim(outcome.job) } : outcome;

/** Answers the call of this number, by which a job was handed in. */
export const handedIn = (id: number, box: { say(message: FromJobs): void }): HandedIn => ({
	added: (outcome) =>
		box.say(
			outcome.kind === 'added'
				? { type: 'added', id, shiftMs: outcome.shiftMs }
				: { type: 'answer', id, value: slimAdded(outcome) },
		),
	failed: (error) => box.say(failedAnswer(id, error)),
});
