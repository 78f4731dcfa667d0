/** What a job is, whoever stores it. Times are epoch ms. */

export const JOB_STATES = [
	/** Not before its time: a delay, or the back-off after an attempt. */
	'scheduled',
	/** Its turn comes. */
	'waiting',
	/** An attempt is under way. */
	'running',
	/** An upstream that is asynchronous itself has it: its slot is held until that has ended. */
	'submitted',
	/** Whether the upstream made its result cannot be told, and a repeat might be billed twice: a person decides. */
	'parked',
	'succeeded',
	/** Dead letter: its last error stands in it, and it can be driven again. */
	'failed',
	'cancelled',
	/** Its deadline passed before it ended. */
	'expired',
] as const;
export type JobState = (typeof JOB_STATES)[number];

/** States that nothing follows but a redrive. */
export const ENDED: ReadonlySet<JobState> = new Set(['succeeded', 'failed', 'cancelled', 'expired']);

/** Bytes that belong to a job: small ones with it, others in a file of the jobs' folder (a name, never a path). */
export type JobBody = { inline: Uint8Array } | { file: string; bytes: number };

export interface JobError {
	/** A code of the errors page, `upstream_status`, or what an upstream calls it. */
	code: string;
	/** What happened, for people; without secrets. */
	message: string;
	/** Status of the upstream's answer; null: there was none. */
	status: number | null;
}

export interface JobProgress {
	/** 0 to 100; null: not known. */
	percent: number | null;
	text: string;
}

/** What came of it: `head` as the one who ran it wrote it down (of an HTTP answer: status, fields). */
export interface JobResult {
	head: Uint8Array;
	body: JobBody | null;
}

/** A job as it is handed in. */
export interface NewJob {
	/** As `newJobId` makes it: who knows it may not guess others. */
	id: string;
	/** Whose limits hold: the service, or what a library calls its queue. */
	queue: string;
	/** Among which turns are shared fairly (a tenant, an API key); '': one of all. */
	group: string;
	/** Hash of the credential that made it; '': whoever knows its id. */
	owner: string;
	/** Higher goes first within its group, 0 to 2. */
	priority: number;
	createdMs: number;
	/** Not before; `createdMs`: at once. */
	runAtMs: number;
	/** Ended as `expired` then, whatever its state; null: never. */
	deadlineMs: number | null;
	/** How long it is kept after its end, ms. */
	keepMs: number;
	attemptsMost: number;
	/** What is to be done, as the one who runs it wrote it down; small (a head, a payload). */
	request: Uint8Array;
	body: JobBody | null;
	/** The key that all its attempts send upstream; '': none. */
	upstreamKey: string;
	/** Told at its end (a webhook), as the one who tells wrote it down; null: nobody. */
	notify: Uint8Array | null;
	/** Among which telling takes turns (the receiver's domain); default '': one of all. */
	notifyLane?: string;
	/** The place upstream that it must have; default '': any. */
	lane?: string;
	/** null: none was sent. */
	idempotency: IdempotencyRecord | null;
	/** What it is taken to cost, and against whose sums that counts; left out: nothing is counted. */
	spend?: JobSpend;
}

/** Money is in whole millionths of a unit. */
export interface JobSpend {
	cost: number;
	/** When the time began to which it counts. */
	sinceMs: number;
	of: readonly SpendAccount[];
}

/** A sum within a time. `most` null: whatever it comes to. */
export interface SpendAccount {
	key: string;
	most: number | null;
}

export interface IdempotencyRecord {
	/** Owner, route and the client's key, hashed together. */
	key: string;
	/** Hash of the payload: another one under the same key is refused. */
	fingerprint: string;
	/** It outlives the job. */
	untilMs: number;
}

export interface Job extends Omit<NewJob, 'idempotency' | 'notifyLane' | 'spend'> {
	state: JobState;
	/** Attempts that began. */
	attempts: number;
	/** When the first attempt began: the life of its upstream key counts from there; null: none yet. */
	firstAttemptMs: number | null;
	startedMs: number | null;
	endedMs: number | null;
	/** The place upstream (an account) that it was given, and keeps once an attempt may have had an effect; '': none. */
	lane: string;
	/** What the upstream calls it; null: not known. */
	externalId: string | null;
	progress: JobProgress | null;
	error: JobError | null;
	result: JobResult | null;
	/** Grows with each change: who watches sees what is newer. */
	version: number;
	/** What it costs; `counted` false: that was given back. Left out: nothing is counted. */
	spent?: { cost: number; counted: boolean; keys: readonly string[] };
}
