import { callOut } from '../../core/outgoing-call.ts';
import { notifyFailed, SEND_MS } from '../notification.ts';

export interface PostOptions {
	/** Default POST. */
	method?: 'POST' | 'GET';
	/** JSON; none for GET. */
	body?: unknown;
	headers?: Readonly<Record<string, string>>;
	/** Default: `SEND_MS`. */
	waitMs?: number;
}

/** Longest answer that is looked at, characters. */
const MOST_ANSWER = 2000;
const PERMANENT = new Set([400, 401, 403, 404, 405, 410, 413, 415, 422]);

/** One request to somebody who is told. @throws BallastError `notify_failed`, `permanent` where the same would be refused again */
export async function postOnce(
	url: string,
	{ method = 'POST', body, headers = {}, waitMs = SEND_MS }: PostOptions,
): Promise<string> {
	const json = body === undefined ? undefined : JSON.stringify(body);
	const answer = await callOut(url, { method, body: json, headers, waitMs, most: MOST_ANSWER }, notifyFailed);
	const { status, retryAfterMs } = answer;
	const text = answer.text.trim();
	if (status >= 200 && status < 300) return text;
	throw notifyFailed(`answered ${status}${text === '' ? '' : `: ${text.slice(0, 120)}`}`, {
		permanent: PERMANENT.has(status) || (status >= 300 && status < 400),
		...(retryAfterMs === undefined ? {} : { retryAfterMs }),
	});
}
