import type { Job, NewJob } from './job.ts';

/** A job as it stands when it was handed in. */
export function newJob(job: NewJob): Job {
	const { idempotency: _, ...rest } = job;
	return {
		...rest,
		state: job.runAtMs > job.createdMs ? 'scheduled' : 'waiting',
		attempts: 0,
		firstAttemptMs: null,
		startedMs: null,
		endedMs: null,
		lane: '',
		externalId: null,
		progress: null,
		error: null,
		result: null,
		version: 1,
	};
}

/** The same, with all of its times so much later: clocks differ. */
export const later = <J extends NewJob>(job: J, ms: number): J => ({
	...job,
	createdMs: job.createdMs + ms,
	runAtMs: job.runAtMs + ms,
	deadlineMs: job.deadlineMs === null ? null : job.deadlineMs + ms,
});
