import type { ErrorCode } from '../core/errors.ts';
import type { RetryPolicy } from './decide-retry.ts';
import type { JobBody } from './job.ts';

/** An attempt that somebody is to make. */
export interface AttemptOrder {
	token: string;
	/** The job's. */
	id: string;
	/** Which one, from 1. */
	attempt: number;
	request: Uint8Array;
	body: JobBody | null;
	/** '': none is sent. */
	upstreamKey: string;
	/** The place upstream; '': none. */
	lane: string;
}

/** What an answer says beyond its status. */
export interface AnswerReading {
	/** What the upstream calls the job that it has taken; null: it took none. */
	externalId: string | null;
	/** It took the job, and it cannot be told by which name: nothing can be asked about it. */
	nameless: boolean;
	/** What the upstream calls its error; null: nothing. */
	code: string | null;
	message: string | null;
	/** Whether such an error is tried again; null: by its status. */
	retried: boolean | null;
}

/** What came of an attempt. */
export type AttemptOutcome =
	/** `retryAfterMs`: what the answer asks for; null: nothing. */
	| { kind: 'answered'; status: number; head: Uint8Array; body: JobBody | null; retryAfterMs: number | null }
	/** `began`: some of the request may have reached an instance. */
	| { kind: 'failed'; code: ErrorCode; began: boolean }
	/** There was no place for it: it did not begin. */
	| { kind: 'no_place'; code: ErrorCode };

export type AttemptPolicy = RetryPolicy;
