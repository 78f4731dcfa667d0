/** What Azure Resource Manager means by an error, in an answer or in the status of an operation. */
import { textAt, valueAt } from '../platform/json-reading.ts';
import { PlatformError, type PlatformFault } from '../platform/platform-error.ts';
import { type RestAnswer, retryAfterOf, wordsOf } from '../platform/rest-client.ts';

const CAPACITY =
	/AllocationFailed|QuotaExceeded|SkuNotAvailable|OverconstrainedAllocationRequest|OverconstrainedZonalAllocationRequest|InsufficientCapacity|SpotQuota/i;
const BUSY =
	/^(?:OperationNotAllowed|Conflict|AnotherOperationInProgress|RetryableError|InProgress|PreconditionFailed|.*UpdatingInProgress|OperationPreempted|ResourceGroupBeingDeleted)$/i;

const BY_STATUS: Record<number, PlatformFault> = {
	401: 'credentials',
	403: 'denied',
	404: 'not_found',
	408: 'unreachable',
	409: 'busy',
	412: 'busy',
	429: 'throttled',
};

export function azureFault(answer: RestAnswer): PlatformError {
	const retryAfterMs = retryAfterOf(answer.headers);
	return azureError(valueAt(answer.body, 'error') ?? answer.body, { status: answer.status, retryAfterMs });
}

/** @param error `{ code, message, details }` as Azure writes them; `status` 0: of an operation that has ended */
export function azureError(
	error: unknown,
	{ status, retryAfterMs }: { status: number; retryAfterMs: number | null },
): PlatformError {
	const code = wordsOf(textAt(error, 'code'));
	const message = wordsOf(textAt(error, 'message'));
	// Words of the cause may stand only within the text: `Allocation failed … Error code: AllocationFailed`.
	const fault = faultOf({ code, message, status });
	const permission = /perform action '([\w./*-]{1,200})'/.exec(message)?.[1];
	const words = [code, message].filter((word) => word !== '').join(': ') || `Azure answered with the status ${status}`;
	return new PlatformError(fault, words, {
		...(permission === undefined ? {} : { permission }),
		...(retryAfterMs === null ? {} : { retryAfterMs }),
	});
}

function faultOf({ code, message, status }: { code: string; message: string; status: number }): PlatformFault {
	if (status === 429 || /TooManyRequests|SubscriptionRequestsThrottled/i.test(code)) return 'throttled';
	if (/^(?:AuthorizationFailed|LinkedAuthorizationFailed)$/i.test(code)) return 'denied';
	if (/^(?:ExpiredAuthenticationToken|InvalidAuthenticationToken.*|AuthenticationFailed)$/i.test(code))
		return 'credentials';
	if (CAPACITY.test(code) || (status !== 404 && CAPACITY.test(message.replaceAll(' ', '')))) return 'capacity';
	// `OperationNotAllowed` stands for a quota, too: "… exceeding approved Total Regional Cores quota".
	if (/^OperationNotAllowed$/i.test(code) && /\bquota\b/i.test(message)) return 'capacity';
	if (BUSY.test(code)) return 'busy';
	const known = BY_STATUS[status];
	if (known !== undefined) return known;
	if (status === 0) return 'busy';
	return status >= 500 ? 'unreachable' : 'bad_request';
}
