import type { Job } from '../../jobs/job.ts';
import { ENDED } from '../../jobs/job.ts';

/** What a job's owner sees of it. */
export interface JobView {
	id: string;
	state: Job['state'];
	attempts: number;
	attemptsMost: number;
	created: string;
	started: string | null;
	ended: string | null;
	/** Not before; null: at once. */
	runAt: string | null;
	/** When it is given up; null: never. */
	deadline: string | null;
	progress: Job['progress'];
	error: { code: string; message: string; status: number | null } | null;
	/** Where its answer is; null: it has none yet. */
	result: string | null;
	version: number;
}

const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** `path`: where jobs are asked about. */
export function jobView(job: Job, path: string): JobView {
	const { id, state, attempts, attemptsMost, error } = job;
	return {
		id,
		state,
		attempts,
		attemptsMost,
		created: time(job.createdMs) as string,
		started: time(job.startedMs),
		ended: time(job.endedMs),
		runAt: state === 'scheduled' ? time(job.runAtMs) : null,
		deadline: time(job.deadlineMs),
		progress: job.progress,
		error,
		result: job.result === null ? null : `${path}/${id}/result`,
		version: job.version,
	};
}

/** How long until it is worth to ask again, s. */
export function askAgainS(job: Job, nowMs: number): number {
	if (ENDED.has(job.state)) return 0;
	const restS = job.state === 'scheduled' ? Math.ceil((job.runAtMs - nowMs) / 1000) : 0;
	// Younger jobs are looked at more often.
	const ageS = (nowMs - job.createdMs) / 1000;
	return Math.max(1, Math.min(60, Math.max(restS, Math.ceil(ageS / 8))));
}
