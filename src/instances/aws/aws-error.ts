/** AWS's errors, translated once. */
import { inert } from '../../core/inert.ts';
import { PlatformError, type PlatformFault } from '../platform/platform-error.ts';

/** Of a message, in characters: the platform's words are hostile in length too. */
const MOST_CHARACTERS = 500;

/** By AWS's own error codes; what is not here goes by its HTTP status. */
const FAULTS: readonly (readonly [RegExp, PlatformFault])[] = [
	[/^(?:Throttl|RequestLimitExceeded|TooManyRequests|RequestThrottled|PriorRequestNotComplete|SlowDown)/, 'throttled'],
	[/^(?:ExpiredToken|RequestExpired|TokenRefreshRequired|CredentialsProviderError|AuthFailure)/, 'credentials'],
	[/^(?:InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|IncompleteSignature)/, 'credentials'],
	[/^(?:MissingAuthenticationToken|InvalidAccessKeyId|InvalidSignature|TokenProviderError)/, 'credentials'],
	[/^(?:AccessDenied|UnauthorizedOperation|NotAuthorized|OptInRequired|Blocked)/, 'denied'],
	[/^(?:ScalingActivityInProgress|ResourceContention|ResourceInUse|InstanceRefreshInProgress)/, 'busy'],
	[/^(?:IncorrectInstanceState|IdempotentCallInProgress)/, 'busy'],
	[
		/^(?:Insufficient|InstanceLimitExceeded|VcpuLimitExceeded|LimitExceeded|MaxSpotInstanceCount|ResourceLimit)/,
		'capacity',
	],
	[/(?:NotFound|NotFoundException|\.NotFound|VersionNotFound)$/, 'not_found'],
	[/^(?:InternalFailure|InternalError|ServiceUnavailable|Unavailable|RequestTimeout)/, 'unreachable'],
];

/** Of Node.js and the SDK, for a request that got no answer. */
const NO_ANSWER =
	/^(?:E(?:CONN\w+|NOTFOUND|AI_AGAIN|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|PROTO)|TimeoutError|AbortError|NetworkingError)$/;

/** @param action as IAM names it: `autoscaling:SetDesiredCapacity` */
export function translated(error: unknown, action: string): PlatformError {
	if (error instanceof PlatformError) return error;
	const { name, code, message, status } = factsOf(error);
	const words = shortened(message);
	if (NO_ANSWER.test(code) || NO_ANSWER.test(name)) {
		const why = name === 'AbortError' ? 'no answer in time' : words || code;
		return new PlatformError('unreachable', `${action}: ${why}`);
	}
	const fault = faultOf(name, message, status);
	const said = `${words || name || 'failed without a word'}`;
	// The SDK's error holds the request with its signature and token: it does not go along as a cause.
	if (fault !== 'denied') return new PlatformError(fault, `${action}: ${said}`);
	return new PlatformError(fault, said, { permission: /to perform: ([a-z0-9-]+:\w+)/.exec(message)?.[1] ?? action });
}

interface ErrorFacts {
	name: string;
	code: string;
	message: string;
	status: number;
}

function factsOf(error: unknown): ErrorFacts {
	const found = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
	const { httpStatusCode } = (found['$metadata'] ?? {}) as { httpStatusCode?: unknown };
	return {
		// `Code` is the wire's; the SDK's class may be named otherwise (`ThrottlingException`).
		name: text(found['Code']) || text(found['name']),
		code: text(found['code']),
		message: text(found['message']),
		status: typeof httpStatusCode === 'number' ? httpStatusCode : 0,
	};
}

function faultOf(name: string, message: string, status: number): PlatformFault {
	const known = FAULTS.find(([pattern]) => pattern.test(name))?.[1];
	if (known !== undefined) return known;
	if (/^ValidationError/.test(name)) return /not found/i.test(message) ? 'not_found' : 'bad_request';
	if (status === 429) return 'throttled';
	if (status >= 500) return 'unreachable';
	return 'bad_request';
}

/**
 * A wrong signature is answered with the whole request that it should have been for, the session token
 * among it; a refusal of EC2 ends with a long code that only an administrator can read. Both are cut off.
 */
function shortened(message: string): string {
	const [first = ''] = message.split(/\n|The Canonical String|Encoded authorization failure/);
	return inert(first.replace(/\s+/g, ' ').trim().slice(0, MOST_CHARACTERS));
}

function text(value: unknown): string {
	return typeof value === 'string' ? value : '';
}
