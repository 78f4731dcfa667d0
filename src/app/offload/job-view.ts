import type { Job } from '../../jobs/job.ts';
import { ENDED } from '../../jobs/job.ts';
import type { Outlook } from '../jobs-messages.ts';

/** What a job's owner sees of it. */
export interface JobView {
	id: string;
	state: Job['state'];
	/** Of one that waits: at most so many go before it. */
	position: number | null;
	/** Until its first attempt, s, if it goes on as of late; null: not known. */
	expectedWait: number | null;
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

/** `path`: where jobs are asked about. `outlook`: of one that waits. */
export function jobView(job: Job, path: string, outlook: Outlook | null = null): JobView {
	const { id, state, attempts, attemptsMost, error } = job;
	return {
		id,
		state,
		position: outlook?.waiting ?? null,
		expectedWait: outlook === null ? null : expectedWait(outlook),
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

function expectedWait({ waiting, paused, startsPerS }: Outlook): number | null {
	// Slower than one in a quarter of an hour is as good as none.
	return paused || startsPerS < 0.001 ? null : Math.ceil(waiting / startsPerS);
}

/** How long until it is worth to ask again, s. */
export function askAgainS(job: Job, nowMs: number): number {
	if (ENDED.has(job.state)) return 0;
	const restS = job.state === 'scheduled' ? Math.ceil((job.runAtMs - nowMs) / 1000) : 0;
	// Younger jobs are looked at more often.
	const ageS = (nowMs - job.createdMs) / 1000;
	return Math.max(1, Math.min(60, Math.max(restS, Math.ceil(ageS / 8))));
}
