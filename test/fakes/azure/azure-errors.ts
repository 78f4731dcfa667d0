/** The errors of Azure Resource Manager, in its own words. */
import type { CloudParts } from '../cloud-server.ts';

export function errorBody(code: string, message: string): { error: { code: string; message: string } } {
	return { error: { code, message } };
}

export const azureErrors: CloudParts['errors'] = {
	throttled: (retryAfterS) => ({
		status: 429,
		headers: { 'retry-after': String(retryAfterS) },
		body: errorBody(
			'TooManyRequests',
			'The request is being throttled as the limit has been reached for operation type.',
		),
	}),
	expired: () => ({
		status: 401,
		body: errorBody('ExpiredAuthenticationToken', 'The access token expiry UTC time is earlier than current UTC time.'),
	}),
	denied: (action, path) => ({
		status: 403,
		body: errorBody(
			'AuthorizationFailed',
			`The client 'app' with object id 'app' does not have authorization to perform action '${action}' over scope '${path}' or the scope is invalid.`,
		),
	}),
	invalid: (message) => ({ status: 400, body: errorBody('InvalidRequestContent', message) }),
	missing: (path) => ({ status: 404, body: errorBody('ResourceNotFound', `The Resource '${path}' was not found.`) }),
	broken: () => ({ status: 503 }),
};
