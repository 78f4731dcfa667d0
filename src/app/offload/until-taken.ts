import { ENDED, type Job, type JobResult } from '../../jobs/job.ts';
import type { HoldPolicy } from '../../jobs/offload-policy.ts';
import type { JobsClient, Wait } from './jobs-client.ts';

/** What a client is answered that did not ask for a job. */
export type Taken =
	/** The API has taken it, and said this. */
	| { kind: 'taken'; job: Job; answer: JobResult }
	/** It has ended otherwise: its result, or why there is none. */
	| { kind: 'ended'; job: Job }
	/** Its turn did not come. */
	| { kind: 'full' }
	/** It goes on, and nobody knows for how long. */
	| { kind: 'going'; job: Job };

/** How long is waited. */
export interface Patience {
	hold: HoldPolicy;
	/** Its client named a key, by which it finds the job again: that keeps its turn. */
	keyed: boolean;
	/** Once it has begun, ms. */
	begunMs: number;
	/** Given each wait as it begins: nobody waits for a client that has left. */
	waits(wait: Wait): void;
}

/** Waits until the API has taken the job. @throws BallastError `jobs_unavailable` */
export async function untilTaken(
	jobs: JobsClient,
	job: Job,
	{ hold, keyed, begunMs, waits }: Patience,
): Promise<Taken> {
	const wait = (ms: number): Promise<Job | null> => {
		const begun = jobs.wait(job.id, { version: -1, ended: false, taken: true, ms });
		waits(begun);
		return begun.job;
	};
	let last = (await wait(hold.ms)) ?? job;
	if (last.attempts === 0 && isOpen(last)) {
		if (keyed || (await withdraw(jobs, job.id))) return { kind: 'full' };
		last = (await wait(begunMs)) ?? last;
	} else if (isOpen(last)) last = (await wait(begunMs)) ?? last;
	const answer = last.externalId === null ? null : await jobs.ask('taken', last.id);
	if (answer !== null) return { kind: 'taken', job: last, answer };
	if (!ENDED.has(last.state)) return { kind: 'going', job: last };
	return { kind: 'ended', job: (await jobs.ask('get', last.id)) ?? last };
}

/** Nobody wants it any more; false: it has begun, and goes on. */
export async function withdraw(jobs: JobsClient, id: string): Promise<boolean> {
	const done = await jobs.ask('change', id, { kind: 'cancel', nowMs: Date.now(), unbegun: true });
	return done?.changed === true;
}

const isOpen = ({ state, externalId }: Job): boolean => externalId === null && !ENDED.has(state) && state !== 'parked';
