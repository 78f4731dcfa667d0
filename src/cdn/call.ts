/** One HTTP call to a CDN; what goes wrong is said without the URL, which may be a secret. */
import { CALL_MS, purgeFailed } from './purge-target.ts';

export interface CallOptions {
	method?: string;
	/** Sent as JSON. */
	body?: string;
	headers?: Readonly<Record<string, string>>;
}

export interface CallAnswer {
	status: number;
	/** Its begin. */
	text: string;
	/** How long the other side asks to be left alone, ms; undefined: it does not say. */
	retryAfterMs: number | undefined;
}

/** Longest answer that is looked at, bytes. */
const MOST_ANSWER = 20_000;
/** What was asked for is at fault; with others it is who asks, or when, and the same may work later. */
const ITEMS_AT_FAULT: ReadonlySet<number> = new Set([400, 413, 414, 422]);

/** @throws BallastError `purge_failed` when there is no answer */
export async function call(url: string, { method = 'POST', body, headers = {} }: CallOptions): Promise<CallAnswer> {
	const answer = await fetch(url, {
		method,
		headers: {
			'user-agent': 'ballast',
			...(body === undefined ? {} : { 'content-type': 'application/json' }),
			...headers,
		},
		...(body === undefined ? {} : { body }),
		// A secret in a header or a URL must not follow to another place.
		redirect: 'manual',
		signal: AbortSignal.timeout(CALL_MS),
	}).catch((error: unknown) => {
		throw purgeFailed(whyUnreachable(error));
	});
	const retryAfterMs = retryAfter(answer.headers.get('retry-after'));
	return { status: answer.status, text: await textOf(answer), retryAfterMs };
}

/** @throws BallastError `purge_failed` unless the answer is a good one; `why`: what it says of itself */
export function expectGood({ status, text, retryAfterMs }: CallAnswer, why: string = text): void {
	if (status >= 200 && status < 300) return;
	const said = why.trim();
	throw purgeFailed(`answered ${status}${said === '' ? '' : `: ${said.slice(0, 160)}`}`, {
		permanent: ITEMS_AT_FAULT.has(status),
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
	return text.slice(0, MOST_ANSWER);
}

function whyUnreachable(error: unknown): string {
	const { name, cause } = error as { name?: string; cause?: { code?: string } };
	if (name === 'TimeoutError') return 'did not answer in time';
	return `cannot be reached${cause?.code === undefined ? '' : ` (${cause.code})`}`;
}

/** Seconds or a date, as ms from now. */
function retryAfter(value: string | null): number | undefined {
	if (value === null) return undefined;
	const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
	return ms > 0 && Number.isFinite(ms) ? ms : undefined;
}
