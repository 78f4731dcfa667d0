/** The errors of Compute Engine, in its own words. */
import type { Answer, CloudParts } from '../cloud-server.ts';

interface Words {
	readonly code: number;
	readonly message: string;
	readonly reason: string;
	readonly status?: string;
}

export function gcpErrorBody({ code, message, reason, status }: Words): unknown {
	const errors = [{ message, domain: 'global', reason }];
	return { error: { code, message, errors, ...(status === undefined ? {} : { status }) } };
}

function answerOf(words: Words, headers: Record<string, string> = {}): Answer {
	return { status: words.code, headers, body: gcpErrorBody(words) };
}

export const gcpErrors: CloudParts['errors'] = {
	throttled: (retryAfterS) =>
		answerOf(
			{
				code: 403,
				message: "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute'.",
				reason: 'rateLimitExceeded',
			},
			{ 'retry-after': String(retryAfterS) },
		),
	expired: () =>
		answerOf({
			code: 401,
			message: 'Request had invalid authentication credentials. Expected OAuth 2 access token.',
			reason: 'authError',
			status: 'UNAUTHENTICATED',
		}),
	denied: (action, path) =>
		answerOf({
			code: 403,
			message: `Required '${action}' permission for '${path.replace('/compute/v1/', '')}'`,
			reason: 'forbidden',
		}),
	invalid: (message) => answerOf({ code: 400, message, reason: 'invalid' }),
	missing: (path) =>
		answerOf({
			code: 404,
			message: `The resource '${path.replace('/compute/v1/', '')}' was not found`,
			reason: 'notFound',
		}),
	broken: () => answerOf({ code: 503, message: 'Internal error. Please try again.', reason: 'backendError' }),
};
