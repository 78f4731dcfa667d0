/** What the API server means by an answer that is no success: a `Status` of `meta/v1`. */
import { numberAt, textAt } from '../platform/json-reading.ts';
import { PlatformError, type PlatformFault } from '../platform/platform-error.ts';
import { wordsOf } from '../platform/rest-client.ts';

const BY_STATUS: Record<number, PlatformFault> = {
	401: 'credentials',
	403: 'denied',
	404: 'not_found',
	408: 'unreachable',
	409: 'busy',
	410: 'busy',
	429: 'throttled',
};
const MOST_RETRY_AFTER_MS = 3_600_000;

export interface ApiAnswer {
	readonly status: number;
	/** `Retry-After`, s; null: none. */
	readonly retryAfterS: number | null;
	/** Parsed JSON; null: there is none. */
	readonly body: unknown;
}

/** @param permission what the request needs: `patch deployments/scale` */
export function apiFault({ status, retryAfterS, body }: ApiAnswer, permission: string): PlatformError {
	const message = wordsOf(textAt(body, 'message'));
	const fault = faultOf(status, message);
	const seconds = retryAfterS ?? numberAt(body, 'details', 'retryAfterSeconds');
	return new PlatformError(fault, message || `the API server answered with the status ${status}`, {
		...(fault === 'denied' ? { permission } : {}),
		...(seconds === null ? {} : { retryAfterMs: Math.min(Math.max(seconds, 0) * 1000, MOST_RETRY_AFTER_MS) }),
	});
}

function faultOf(status: number, message: string): PlatformFault {
	// A token that nobody knows may be taken for no token at all.
	if (status === 403 && message.includes('"system:anonymous"')) return 'credentials';
	// Quotas and webhooks refuse with the status of a permission that is missing; that one names verb and resource.
	if (status === 403 && /exceeded quota|denied (?:the )?request|maximum .* usage/i.test(message)) return 'capacity';
	if (status === 422 && /denied (?:the )?request/i.test(message)) return 'capacity';
	return BY_STATUS[status] ?? (status >= 500 ? 'unreachable' : 'bad_request');
}
