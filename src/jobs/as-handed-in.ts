import type { Job, NewJob } from './job.ts';

/** A job as it stands when it was handed in. Spelled out: this is made for each, and a spread takes five times as much. */
export function newJob(job: NewJob): Job {
	const made: Job = {
		id: job.id,
		queue: job.queue,
		group: job.group,
		owner: job.owner,
		priority: job.priority,
		createdMs: job.createdMs,
		runAtMs: job.runAtMs,
		deadlineMs: job.deadlineMs,
		keepMs: job.keepMs,
		attemptsMost: job.attemptsMost,
		request: job.request,
		body: job.body,
		upstreamKey: job.upstreamKey,
		notify: job.notify,
		state: job.runAtMs > job.createdMs ? 'scheduled' : 'waiting',
		attempts: 0,
		firstAttemptMs: null,
		startedMs: null,
		endedMs: null,
		lane: job.lane ?? '',
		externalId: null,
		progress: null,
		error: null,
		result: null,
		version: 1,
	};
	const { spend } = job;
	if (spend !== undefined) made.spent = { cost: spend.cost, keys: spend.of.map(({ key }) => key), counted: true };
	return made;
}

/** The same, with all of its times so much later: clocks differ. */
export const later = <J extends NewJob>(job: J, ms: number): J => ({
	...job,
	createdMs: job.createdMs + ms,
	runAtMs: job.runAtMs + ms,
	deadlineMs: job.deadlineMs === null ? null : job.deadlineMs + ms,
});
