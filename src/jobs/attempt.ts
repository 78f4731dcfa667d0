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
