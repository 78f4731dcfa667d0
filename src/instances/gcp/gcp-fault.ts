/** What Compute Engine and Cloud Monitoring mean by an error, in an answer, an operation or an attempt. */
import { listAt, textAt, valueAt } from '../platform/json-reading.ts';
import { PlatformError, type PlatformFault } from '../platform/platform-error.ts';
import { type RestAnswer, retryAfterOf, wordsOf } from '../platform/rest-client.ts';

const BY_REASON: readonly (readonly [RegExp, PlatformFault])[] = [
	[
		/^(?:userR|r)ateLimitExceeded$|^RATE_LIMIT_EXCEEDED$|^concurrentOperationsQuotaExceeded$|^RESOURCE_OPERATION_RATE_EXCEEDED$/,
		'throttled',
	],
	[
		/RESOURCE_POOL_EXHAUSTED|^STOCKOUT|QUOTA_EXCEEDED|^quotaExceeded$|^limitExceeded$|^LIMIT_EXCEEDED$|RESOURCE_AVAILABILITY/,
		'capacity',
	],
	[
		/^resourceNotReady$|^resourceInUse|^RESOURCE_NOT_READY$|^RESOURCE_IN_USE|^conditionNotMet$|^CONDITION_NOT_MET$/,
		'busy',
	],
	[/^authError$|^ACCESS_TOKEN_EXPIRED$|^CREDENTIALS_MISSING$/, 'credentials'],
	[
		/^forbidden$|^PERMISSIONS_ERROR$|^IAM_PERMISSION_DENIED$|^accessNotConfigured$|^SERVICE_DISABLED$|^ACCESS_TOKEN_SCOPE_INSUFFICIENT$/,
		'denied',
	],
	[/^notFound$|^RESOURCE_NOT_FOUND$/, 'not_found'],
];

const BY_STATUS: Record<number, PlatformFault> = {
	401: 'credentials',
	403: 'denied',
	404: 'not_found',
	408: 'unreachable',
	409: 'busy',
	412: 'busy',
	429: 'throttled',
};

export function gcpFault(answer: RestAnswer): PlatformError {
	const error = valueAt(answer.body, 'error');
	const details = listAt(error, 'details').map((detail) => textAt(detail, 'reason'));
	const reasons = [...details, ...listAt(error, 'errors').map((one) => textAt(one, 'reason'))];
	return faultOf({
		reasons,
		message: textAt(error, 'message'),
		status: answer.status,
		retryAfterMs: retryAfterOf(answer.headers),
	});
}

/** @param error `{ errors: [{ code, message }] }` of an operation that has ended or of an instance's last attempt */
export function gcpError(error: unknown): PlatformError {
	const errors = listAt(error, 'errors');
	const reasons = errors.map((one) => textAt(one, 'code'));
	const words = errors.map((one) => [textAt(one, 'code'), textAt(one, 'message')].filter(Boolean).join(': '));
	return faultOf({ reasons, message: words.join('; '), status: 0, retryAfterMs: null });
}

interface Facts {
	readonly reasons: readonly string[];
	readonly message: string;
	/** 0: of no answer. */
	readonly status: number;
	readonly retryAfterMs: number | null;
}

function faultOf({ reasons, message, status, retryAfterMs }: Facts): PlatformError {
	const known = BY_REASON.find(([pattern]) => reasons.some((reason) => pattern.test(reason)))?.[1];
	const fault = known ?? BY_STATUS[status] ?? (status >= 500 ? 'unreachable' : status === 0 ? 'busy' : 'bad_request');
	const words = wordsOf(message) || `Google Cloud answered with the status ${status}`;
	const permission =
		/'([a-z]+(?:\.[A-Za-z]+){2,4})'/.exec(words)?.[1] ?? /[Pp]ermission ([a-z]+(?:\.[A-Za-z]+){2,4})/.exec(words)?.[1];
	return new PlatformError(fault, words, {
		...(permission !== undefined && fault === 'denied' ? { permission } : {}),
		...(retryAfterMs === null ? {} : { retryAfterMs }),
	});
}
