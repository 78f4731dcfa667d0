/** How an upstream that is asynchronous itself is spoken with, resolved. Plain data: it is sent to threads. */
import type { MediaPolicy } from '../media/media-policy.ts';

export interface ExternalPolicy {
	/** JSON pointer (RFC 6901) to the id in the answer that takes a job; a list there is several ids of one job. */
	id: string;
	status: StatusPolicy;
	poll: PollPolicy;
	/** null: the last answer about its status is the result. */
	result: ResultPolicy | null;
	/** null: the upstream tells nothing by itself. */
	webhook: WebhookPolicy | null;
	/** null: the upstream cannot be asked for a job of ours whose id it has not told. */
	reconcile: ReconcilePolicy | null;
	/** null: it cannot be told that a job is not wanted any more. */
	cancel: CancelPolicy | null;
	/** How long the upstream may have a job, ms; then it ends as failed; 0: as long as it likes. */
	limitMs: number;
}

export interface CancelPolicy {
	method: 'DELETE' | 'POST';
	/** Path with `{id}`. */
	path: string;
}

export interface StatusPolicy {
	/** Path with `{id}`, or `{ids}` for several with commas. */
	path: string;
	/** Most ids of one question; 1 with `{id}`. */
	most: number;
	/** Pointer to the list of items; null: the answer is about one job. */
	items: string | null;
	/** Pointers within an item. */
	id: string;
	state: string;
	/** null: it tells none. */
	code: string | null;
	message: string | null;
	/** To a number from 0 to 100. */
	progress: string | null;
	/** Words of the state. All others mean that it goes on. */
	done: readonly string[];
	failed: readonly string[];
	/** Words by which the upstream says that it does not know the id. */
	unknown: readonly string[];
}

export interface PollPolicy {
	/** How often is asked, by the age of a job: until this age, each so many ms. The last holds for all older ones. */
	steps: readonly { untilMs: number; everyMs: number }[];
	/** While webhooks come: not more often. */
	heardMs: number;
}

export interface ResultPolicy {
	/** Path with `{id}`. */
	path: string;
	/** Pointer to what is null until the result is really there; null: nothing is waited for. */
	ready: string | null;
	/** Until it is asked for again where that is null, ms. */
	waitMs: number;
	/** Where the file is copied to whose URL `ready` leads to; null: nowhere. */
	media: MediaPolicy | null;
	/** How long an answer may be given again, ms: what is in it (signed URLs) may end; 0: for ever. */
	freshMs: number;
}

export interface WebhookPolicy {
	/** Path at which Ballast takes it. */
	path: string;
	/** null: webhooks are not signed, so that they only tell that it is time to ask. */
	signature: SignaturePolicy | null;
	/** Field with an id by which a repeat is known, lower case; null: none. */
	eventId: string | null;
	/** Pointers within the body: to what the upstream calls the job, to our own id of it, to the word. */
	id: string;
	jobId: string | null;
	word: string;
	/** Words; one ending in `*`, or beginning with it, stands for all that begin or end so. */
	done: readonly string[];
	failed: readonly string[];
}

export interface SignaturePolicy {
	/** Field that carries it, lower case. */
	header: string;
	/** `standard`: as Standard Webhooks write it, `v1,<base64>`, several with blanks. */
	format: 'hex' | 'base64' | 'standard';
	/** What is signed: the body, or `id.timestamp.body`. */
	over: 'body' | 'id.timestamp.body';
	/** Field with the time in seconds, lower case, and how far it may be from now, ms; null: none is looked at. */
	timestamp: { header: string; toleranceMs: number } | null;
	/** Keys, of which one must fit: several during a rotation. Secret. */
	secrets: readonly string[];
}

export interface ReconcilePolicy {
	/** Path of a list. */
	path: string;
	items: string;
	/** Pointers within an item: to our id or key of the job, and to what the upstream calls it. */
	key: string;
	id: string;
	/** Whether a job that is not in the list was never made; else a person decides. */
	complete: boolean;
	/** How the next page is asked for: pointer to its token, null on the last page, and the field of the query that takes it; null: there is one page. */
	next: { token: string; field: string } | null;
	/** Most pages. */
	pages: number;
}

/** A place upstream, such as an account. */
export interface LanePolicy {
	name: string;
	/** Most jobs under way there. */
	concurrency: number;
	/** Fields of its requests, in the place of the client's; the values are secret. */
	headers: readonly (readonly [string, string])[];
}

/** What the upstream's own codes of errors mean. */
export interface CodePolicy {
	/** JSON pointers into the answer. */
	code: string;
	message: string | null;
	/** Tried again where that is safe, whatever the status; and never. */
	retry: readonly string[];
	fail: readonly string[];
}
