import type { Job } from './job.ts';

/** Who is to be told of a job's end, and has not been yet. */
export interface Notice {
	/** As it ended; its `notify` says who is told. */
	job: Job;
	/** The job's version at this end: the same for all tries, another one where a job that was driven again ends again. */
	version: number;
	/** Tries that were counted before. */
	attempts: number;
}

export interface NoticeClaim {
	/** Who asks: one node in one of its lives. */
	holder: string;
	/** They are nobody else's for so long. */
	leaseMs: number;
	most: number;
	nowMs: number;
	/** Holders that are known to be gone: what they had is due now. */
	gone: readonly string[];
	/** Of one lane (`notifyLane` of the job) at once, with those that `busy` counts: a long lane does not hold up the others. */
	laneMost: number;
	/** What the caller has in hand, by lane. */
	busy: ReadonlyMap<string, number>;
}

/**
 * Of a `JobStore` that can tell of ends: with the end of a job that has a `notify` a notice is stored, in one with it,
 * and lasts until it is settled; the job is kept for as long, but no longer than 30 days. A job that is driven again takes the one of its end before
 * back.
 * @throws BallastError `jobs_unavailable` of each call
 */
export interface NoticeStore {
	/** Those that are due: of each lane the oldest first. Fewer than there are, where one answer would become too large. */
	dueNotices(claim: NoticeClaim): Promise<Notice[]>;
	/** When it is tried again and after how many tries, or null: no more. Nothing is changed of one that is another's. */
	settleNotices(settled: readonly NoticeSettled[]): Promise<void>;
	/** How many are not settled; above 100,000 that. */
	noticesWaiting(): Promise<number>;
}

export interface NoticeSettled {
	id: string;
	version: number;
	holder: string;
	next: { atMs: number; attempts: number } | null;
}
