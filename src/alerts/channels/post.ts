/** One HTTP request to somebody who is told; what goes wrong is said without the URL, which may be a secret. */
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

/** Longest answer that is looked at, bytes. */
const MOST_ANSWER = 2000;
const PERMANENT = new Set([400, 401, 403, 404, 405, 410, 413, 415, 422]);

/** @throws BallastError `notify_failed`, `permanent` where the same would be refused again */
export async function postOnce(
	url: string,
	{ method = 'POST', body, headers = {}, waitMs = SEND_MS }: PostOptions,
): Promise<string> {
	const answer = await fetch(url, {
		method,
		headers: {
			'user-agent': 'ballast',
			...(body === undefined ? {} : { 'content-type': 'application/json' }),
			...headers,
		},
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
		// A secret in a header or a URL must not follow to another place.
		redirect: 'manual',
		signal: AbortSignal.timeout(waitMs),
	}).catch((error: unknown) => {
		throw notifyFailed(whyUnreachable(error));
	});
	const text = await textOf(answer);
	if (answer.ok) return text;
	const retryAfterMs = retryAfter(answer.headers.get('retry-after'));
	throw notifyFailed(`answered ${answer.status}${text === '' ? '' : `: ${text.slice(0, 120)}`}`, {
		permanent: PERMANENT.has(answer.status) || (answer.status >= 300 && answer.status < 400),
		...(retryAfterMs === undefined ? {} : { retryAfterMs }),
	});
}

/** Its begin only: whoever answers without an end is not read to it. */
async function textOf(answer: Response): Promise<string> {
	const reader = answer.body?.getReader();
	if (reader === undefined) return '';
	let text = '';
	const decoder = new TextDecoder();
	try {
		while (text.length < MOST_ANSWER) {
			const { done, value } = await reader.read();
			if (done) break;
			text += decoder.decode(value, { stream: true });
		}
	} catch {
		// What it said is of no use then; the status is.
	}
	reader.cancel().catch(() => {});
	return text.slice(0, MOST_ANSWER).trim();
}

function whyUnreachable(error: unknown): string {
	const { name, cause } = error as { name?: string; cause?: { code?: string } };
	if (name === 'TimeoutError') return 'did not answer in time';
	return `cannot be reached${cause?.code === undefined ? '' : ` (${cause.code})`}`;
}

/** Seconds or a date, as ms from now. */
function retryAfter(value: string | null): number | undefined {
	if (value === null) return undefined;
	const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
	return ms > 0 && Number.isFinite(ms) ? ms : undefined;
}
