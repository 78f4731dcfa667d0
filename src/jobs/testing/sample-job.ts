import type { NewJob } from '../job.ts';
import { newJobId } from '../job-id.ts';

/** A job as it is handed in, of no special kind but for `of`. */
export function sampleJob(createdMs: number, of: Partial<NewJob> = {}): NewJob {
	return {
		id: newJobId(createdMs),
		queue: 'q',
		group: '',
		owner: '',
		priority: 1,
		createdMs,
		runAtMs: createdMs,
		deadlineMs: null,
		keepMs: 60_000,
		attemptsMost: 3,
		request: new Uint8Array(),
		body: null,
		upstreamKey: '',
		notify: null,
		idempotency: null,
		...of,
	};
}
