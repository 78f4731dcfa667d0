/** One HTTP call to somebody who is told; what goes wrong is said without the URL, which may be a secret. */
import { retryAfterMs } from './retry-after.ts';

export interface OutgoingCall {
	method: string;
	/** JSON text; undefined: none. */
	body: string | undefined;
	headers: Readonly<Record<string, string>>;
	/** Most time for all of it, ms. */
	waitMs: number;
	/** Longest answer that is looked at, characters. */
	most: number;
}

export interface OutgoingAnswer {
	status: number;
	/** Its begin. */
	text: string;
	/** How long the other side asks to be left alone, ms; undefined: it does not say. */
	retryAfterMs: number | undefined;
}

/** @throws what `failed` makes of the reason when there is no answer */
export async function callOut(
	url: string,
	{ method, body, headers, waitMs, most }: OutgoingCall,
	failed: (why: string) => Error,
): Promise<OutgoingAnswer> {
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
		signal: AbortSignal.timeout(waitMs),
	}).catch((error: unknown) => {
		throw failed(whyUnreachable(error));
	});
	const text = await textOf(answer, most);
	const askedMs = retryAfterMs(answer.headers.get('retry-after')) ?? 0;
	return { status: answer.status, text, retryAfterMs: askedMs > 0 ? askedMs : undefined };
}

/** Its begin only: whoever answers without an end is not read to it. */
async function textOf(answer: Response, most: number): Promise<string> {
	const reader = answer.body?.getReader();
	if (reader === undefined) return '';
	let text = '';
	const decoder = new TextDecoder();
	try {
		while (text.length < most) {
			const { done, value } = await reader.read();
			if (done) break;
			text += decoder.decode(value, { stream: true });
		}
	} catch {
		// What it said is of no use then; the status is.
	}
	reader.cancel().catch(() => {});
	return text.slice(0, most);
}

function whyUnreachable(error: unknown): string {
	const { name, cause } = error as { name?: string; cause?: { code?: string } };
	if (name === 'TimeoutError') return 'did not answer in time';
	return `cannot be reached${cause?.code === undefined ? '' : ` (${cause.code})`}`;
}
