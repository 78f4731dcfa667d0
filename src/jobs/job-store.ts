import type { Job, JobBody, JobError, JobProgress, JobResult, JobState, NewJob } from './job.ts';

/**
 * Where jobs last. A promise that is kept means stored for good: on disk, or by as many replicas as are configured.
 * Whoever runs a job holds it by a token for the time of a lease; after that another may, and what the first still
 * says is refused. All adapters pass one suite, `src/jobs/testing/job-store-suite.ts`.
 * @throws BallastError `jobs_unavailable` of each call: nothing was stored, or it cannot be told (the same call is safe to repeat)
 */
export interface JobStore {
	/** Each wholly or not at all; calls of one turn are stored together. */
	add(jobs: readonly NewJob[]): Promise<AddOutcome[]>;
	/**
	 * Jobs whose turn it is, and those whose holder is gone (`lost`), which come first: also one that has ended, but that
	 * an upstream has (`externalId`), for it is to be ended there, and holds its slot until its new holder reports an end.
	 */
	claim(claim: Claim): Promise<ClaimedJob[]>;
	/**
	 * What became of attempts; false: the token is not the job's any more, or the job has ended (cancelled, expired)
	 * under its holder; of the job nothing was changed. The slot of one that ended so is its holder's still, which may
	 * `beat` for it until the upstream has stopped, and gives it back by any report of an end.
	 */
	report(reports: readonly Report[]): Promise<boolean[]>;
	get(id: string): Promise<Job | null>;
	/** Newest first. A page may be short, or even empty, and others follow: it is `next` that tells. */
	list(query: JobQuery): Promise<JobPage>;
	/** By a person, or the job's owner; null: there is no such job; else what it is now, changed where that was possible. */
	change(id: string, change: JobChange): Promise<{ job: Job; changed: boolean } | null>;
	/** Of a queue: its counts, after it was paused, resumed or left as it is (`undefined`). */
	queue(name: string, change?: { paused: boolean }): Promise<QueueView>;
	/**
	 * What time alone does: deadlines, ends of what is kept, of idempotency records. Files that nothing names any more:
	 * of jobs that went, told again until the next sweep, and those of `present` (what lies in the folder and is old
	 * enough that whoever wrote it would have handed it in) that no job names.
	 */
	sweep(nowMs: number, present?: readonly string[]): Promise<{ files: string[] }>;
	close(): Promise<void>;
}

/** Of stores that know the queues that they hold, whatever is configured. */
export interface KnowsQueues {
	queueNames(): Promise<string[]>;
}

/** Of stores that tell what was spent; `SpendAccount` says what a key is. */
export interface KnowsSums {
	/** Sums of the time that began then; of more than about a thousand only some. */
	sums(sinceMs: number): Promise<{ key: string; sum: number }[]>;
}

/** How a store tells that a job changed, whoever changed it; it may tell too much, and late, but not nothing. */
export type JobChanged = (change: { id: string; state: JobState; version: number }) => void;

export type AddOutcome =
	| { kind: 'added'; job: Job }
	/** Its idempotency key was used for the same payload, or its id is stored already: that job; null: it is not kept any more. */
	| { kind: 'same'; id: string; job: Job | null }
	/** The key was used for another payload. */
	| { kind: 'mismatch'; id: string }
	/** With its cost this sum of `spend.of` would be more than it may: nothing was stored. */
	| { kind: 'over_spend'; id: string; key: string };

/** A claim ends with the job by which what is handed out comes to so many bytes: all of it is held in memory. */
export const CLAIM_BYTES: number = 8 * 1024 * 1024;

/** Whether a claim ended so, and there may be more. */
export function isFull(claimed: readonly { request: Uint8Array; body: JobBody | null }[]): boolean {
	let bytes = 0;
	for (const one of claimed) bytes += heldBytes(one);
	return bytes >= CLAIM_BYTES;
}

/** What of it is held in memory. */
export const heldBytes = ({ request, body }: { request: Uint8Array; body: JobBody | null }): number =>
	request.length + (body !== null && 'inline' in body ? body.inline.length : 0);

export interface Claim {
	/** Who asks: one node in one of its lives. */
	holder: string;
	leaseMs: number;
	/** At most so many jobs; fewer where they come to `CLAIM_BYTES`. */
	most: number;
	/** Of a clock that neither jumps nor is set back while the program runs: all leases hang on it. */
	nowMs: number;
	/** Holders that are known to be gone, such as this node's life before: what they held is lost now. */
	gone?: readonly string[];
	/** Where there is room. Queues take turns. Of a paused one only what was lost is handed out. */
	queues: readonly QueueRoom[];
}

/**
 * What of a queue may be under way, over all nodes. Submitted jobs count as running ones, and so do ended ones whose
 * holder has not let go. Lost ones hold their slot already: they are handed out whatever room there is.
 */
export interface QueueRoom {
	name: string;
	/** Running at once; 0: as many as come. */
	concurrency: number;
	/** Begun in a span; null: as many as come. */
	rate: JobRate | null;
	/** For each of its groups. */
	group: { concurrency: number; rate: JobRate | null };
	/** Places upstream, each with its own limit (0: as many as come); empty: no places. A job keeps the one that it has, and waits while that is not named. */
	lanes: readonly { name: string; concurrency: number }[];
}

/** At most `count` begin in any span of `perMs`. */
export interface JobRate {
	count: number;
	perMs: number;
}

export interface ClaimedJob extends Job {
	/** Fences what is reported of this attempt. */
	token: string;
	/** Its holder is gone in the midst of an attempt, which may have had its effect. No attempt is counted for this. */
	lost: boolean;
}

export type Report = { id: string; token: string; nowMs: number } & ReportKind;

export type ReportKind =
	/** It goes on: the lease runs from now. */
	| { kind: 'beat'; leaseMs: number; progress?: JobProgress }
	/** The upstream has it; the lease goes on, and so does its slot. */
	| { kind: 'submitted'; leaseMs: number; externalId: string }
	| { kind: 'succeeded'; result: JobResult | null }
	/** Another attempt, not before; `counted` false: this one does not count (no instance was there). */
	| { kind: 'retry'; atMs: number; error: JobError; counted: boolean; keepsLane: boolean }
	/** `free`: the upstream has not billed it, which is certain: its cost is given back. */
	| { kind: 'failed'; error: JobError; result: JobResult | null; free?: boolean }
	| { kind: 'parked'; error: JobError }
	| { kind: 'cancelled' };

/**
 * What a job costs counts from its `add` on. It is given back when the job ends before anything went upstream, by a
 * report of `failed` that says `free`, and by a person who settles one as failed that the upstream has no id of. A
 * redrive counts it once more where it was given back, or was spent, to the time that `spendSinceMs` tells.
 *
 * `cancel` `unbegun`: only where no attempt has begun that may have had its effect. `redrive`: ended as failed or expired, or parked: once more, with all its attempts. `settle`: a person knows what became of a parked one. `fail`: what has not ended has failed; who holds it keeps the slot.
 */
export type JobChange =
	| { kind: 'cancel'; nowMs: number; unbegun?: boolean }
	| { kind: 'redrive'; nowMs: number; upstreamKey?: string; spendSinceMs?: number }
	| { kind: 'fail'; nowMs: number; error: JobError }
	| { kind: 'settle'; nowMs: number; as: 'succeeded' | 'failed' };

export interface JobQuery {
	queue?: string;
	group?: string;
	owner?: string;
	states?: readonly JobState[];
	limit: number;
	/** Of the page before. */
	after?: string;
}

export interface JobPage {
	jobs: Job[];
	/** null: that was the last. */
	next: string | null;
}

export interface QueueView {
	paused: boolean;
	counts: Record<JobState, number>;
	/** When the oldest waiting job became ready; null: none waits. */
	oldestMs: number | null;
}
