import type { MessagePort } from 'node:worker_threads';
import type { ErrorCode } from '../core/errors.ts';
import type { AttemptOrder, AttemptOutcome } from '../jobs/attempt.ts';
import type { Job, JobResult, JobState, NewJob } from '../jobs/job.ts';
import type { AddOutcome, JobChange, JobPage, JobQuery, QueueView } from '../jobs/job-store.ts';
import type { JobsConfig, OffloadPolicy } from '../jobs/offload-policy.ts';
import type { GoneReceiver } from '../jobs/receiver-store.ts';
import type { JobStoreConfig } from '../jobs/store-config.ts';
import type { WebhookCounts } from '../jobs/webhooks/webhook-sender.ts';
import type { RedisConfig } from '../redis/config.ts';
import type { LaneFigures } from './lane-figures.ts';
import type { JobMedia } from './media-room.ts';
import type { SpendFigures } from './spend-figures.ts';

/** Files of bodies, within the jobs' folder. */
export const BODIES = 'bodies';

/** What the jobs thread is to do, and by which policies. */
export interface JobsSettings {
	jobs: Pick<JobsConfig, 'path' | 'run' | 'webhooks'> & { keys: readonly string[] };
	/** Of each route, by service and name. */
	policies: {
		service: string;
		route: string;
		policy: OffloadPolicy /** Most time for an attempt, ms. */;
		attemptMs: number;
	}[];
	/** Whether jobs are carried out here and now. */
	runs: boolean;
}

/** What the jobs thread is started with. */
export interface JobsStart {
	folder: string;
	/** Where bodies lie. */
	bodies: string;
	/** Where jobs are kept. */
	store: JobStoreConfig;
	/** Of a store in Redis; secrets are in it. */
	redis: RedisConfig | null;
	/** Who holds attempts: this node in this life. */
	holder: string;
	/** Holders before this one that are known to be gone. */
	gone: readonly string[];
	settings: JobsSettings;
}

/** Which change of a job is waited for. */
export interface Awaited {
	/** Newer than this; -1: whatever there is. */
	version: number;
	/** Only its end. */
	ended: boolean;
	/** Only that its upstream has taken it, or its end. */
	taken?: boolean;
	/** Most time, ms. */
	ms: number;
}

/** What a job that waits may expect. */
export interface Outlook {
	/** Other jobs that wait in its queue: at most so many go before it. */
	waiting: number;
	paused: boolean;
	/** Jobs that began lately, a second; 0: none. */
	startsPerS: number;
}

/** What became of a job that was handed in. `added`: it stands as it was, its times later by so many ms: they are of the jobs thread's clock. */
export type Added = { kind: 'added'; shiftMs: number } | Exclude<AddOutcome, { kind: 'added' }>;

/** What the jobs thread can be asked. All jobs but those of `get` come without what was stored of their request and result. */
export interface JobCalls {
	/** `most`: of jobs that wait in its queue. @throws BallastError `jobs_full`, `jobs_unavailable` */
	add(job: NewJob, most: number): Added;
	/** The key is taken by this one for as long as its request is being stored; false: another has it. */
	reserve(key: string, by: string): boolean;
	release(key: string, by: string): void;
	/** @throws BallastError `key_missing` */
	get(id: string): Job | null;
	/** For people; also where what it keeps cannot be read. */
	show(id: string): Job | null;
	/** null, alike in its time: there is none, or it is none of these owners'. */
	look(id: string, owners: readonly string[]): Job | null;
	outlook(queue: string): Outlook;
	list(query: JobQuery): JobPage;
	change(id: string, change: JobChange): { job: Job; changed: boolean } | null;
	/** The job once it changed, or as it is when the time is over; null: there is none. */
	awaited(id: string, of: Awaited): Job | null;
	/** The result of a job as its upstream gives it now; null: the stored one is as good. */
	fresh(id: string): JobResult | null;
	/** What its upstream said when it took the job; null: it has not. */
	taken(id: string): JobResult | null;
	/** Copies of its files; null: there are none. */
	media(id: string): JobMedia | null;
	/** What became of a webhook of an upstream: by its path, with the fields that count. */
	webhook(path: string, fields: Record<string, string>, body: Uint8Array): 'taken' | 'unverified' | 'unreadable';
	/** Receivers of webhooks that are called no more, newest first. */
	receivers(): GoneReceiver[];
	/** By their keys, or all of a host; how many are called again. */
	enable(receiver: string): number;
	queue(name: string, change?: { paused: boolean }): QueueView;
	queues(): Record<string, QueueView>;
}

export type JobCall = keyof JobCalls;

/** Between a worker and the jobs thread, over a channel of their own; as jobs-wire.ts writes it. */
export type ToJobs =
	| { type: 'call'; id: number; name: JobCall; args: unknown[] }
	/** Nobody waits for this call (`awaited`) any more. */
	| { type: 'unwait'; id: number }
	| { type: 'outcome'; token: string; outcome: AttemptOutcome }
	/** Whether this worker takes attempts: one on its way out does not. */
	| { type: 'takes'; attempts: boolean };

export type FromJobs =
	| { type: 'answer'; id: number; value: unknown }
	/** The answer to `add` that is given nearly always. */
	| { type: 'added'; id: number; shiftMs: number }
	| { type: 'failed'; id: number; code: ErrorCode; message: string }
	| { type: 'attempt'; order: AttemptOrder }
	| { type: 'abort'; token: string };

/** What the control plane tells the jobs thread. */
export type ToJobsThread =
	| { type: 'worker'; worker: number; port: MessagePort }
	| { type: 'configure'; settings: JobsSettings }
	| { type: 'call'; id: number; name: JobCall; args: unknown[] }
	/** No attempt is begun any more; told when those under way are over, or the time is. */
	| { type: 'rest'; ms: number }
	| { type: 'close' };

/** Totals since the thread began, how many ends are still to be told, and how many receivers are called no more (to 1000). */
export type WebhookFigures = WebhookCounts & { waiting: number; gone: number };

/** Counts since the thread began, by queue. */
export interface JobCounts {
	queue: string;
	added: number;
	attempts: number;
	ended: Partial<Record<JobState, number>>;
	/** Dead letters by code, see known-codes.ts. */
	failed: Record<string, number>;
	/** From when its turn could come until it began, s, added up over `started`. */
	waitedS: number;
	started: number;
	/** From the start of their last attempts until they had succeeded, s, added up. */
	ranS: number;
}

export type FromJobsThread =
	| Extract<FromJobs, { type: 'answer' | 'failed' }>
	| { type: 'up' }
	| { type: 'rested' }
	| { type: 'told'; level: 'info' | 'warn' | 'error'; kind: string; subject: string; text: string }
	/** About once a second. `unusable`: why nothing can be stored; '': all is well. */
	| {
			type: 'figures';
			queues: Record<string, QueueView>;
			counts: JobCounts[];
			running: number;
			unusable: string;
			webhooks: WebhookFigures;
			lanes: LaneFigures[];
			spending: SpendFigures[];
	  };

export type JobFigures = Extract<FromJobsThread, { type: 'figures' }>;
