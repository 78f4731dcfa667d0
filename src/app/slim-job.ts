import type { Job } from '../jobs/job.ts';

const NOTHING = new Uint8Array();

/** Without bodies: they would be copied to whoever only wants to know how it gets on. */
export function slim<J extends Job | null>(job: J): J {
	if (job === null) return job;
	const result = job.result === null ? null : { head: NOTHING, body: null };
	return { ...job, request: NOTHING, body: null, notify: null, result };
}
