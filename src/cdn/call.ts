import { callOut, type OutgoingAnswer } from '../core/outgoing-call.ts';
import { CALL_MS, purgeFailed } from './purge-target.ts';

export interface CallOptions {
	method?: string;
	/** Sent as JSON. */
	body?: string;
	headers?: Readonly<Record<string, string>>;
}

/** Longest answer that is looked at, characters. */
const MOST_ANSWER = 20_000;
/** What was asked for is at fault; with others it is who asks, or when, and the same may work later. */
const ITEMS_AT_FAULT: ReadonlySet<number> = new Set([400, 413, 414, 422]);

/** One call to a CDN. @throws BallastError `purge_failed` when there is no answer */
export function call(url: string, { method = 'POST', body, headers = {} }: CallOptions): Promise<OutgoingAnswer> {
	return callOut(url, { method, body, headers, waitMs: CALL_MS, most: MOST_ANSWER }, purgeFailed);
}

/** @throws BallastError `purge_failed` unless the answer is a good one; `why`: what it says of itself */
export function expectGood({ status, text, retryAfterMs }: OutgoingAnswer, why: string = text): void {
	if (status >= 200 && status < 300) return;
	const said = why.trim();
	throw purgeFailed(`answered ${status}${said === '' ? '' : `: ${said.slice(0, 160)}`}`, {
		permanent: ITEMS_AT_FAULT.has(status),
		...(retryAfterMs === undefined ? {} : { retryAfterMs }),
	});
}
