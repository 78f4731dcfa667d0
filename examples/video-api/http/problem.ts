import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isBusy } from '../store/database.ts';

/** Every error that the API answers with, and its status. */
const statusOf = {
	invalid_parameter: 400,
	bad_request: 400,
	avatar_not_found: 404,
	voice_not_found: 404,
	video_not_found: 404,
	asset_not_found: 404,
	route_not_found: 404,
	request_timeout: 408,
	not_ready: 409,
	too_large: 413,
	unsupported_media_type: 415,
	range_not_satisfiable: 416,
	upgrade_required: 426,
	rate_limit_exceeded: 429,
	internal_error: 500,
	render_failed: 500,
	unavailable: 503,
} as const;

export type ProblemCode = keyof typeof statusOf;

interface Extras {
	headers?: Record<string, string>;
	errors?: { path: string; message: string }[];
	cause?: unknown;
}

/** An error that is told to the client, as `application/problem+json` (RFC 9457). */
export class Problem extends Error {
	readonly code: ProblemCode;
	readonly status: number;
	readonly headers: Record<string, string>;
	readonly errors: { path: string; message: string }[] | undefined;

	constructor(code: ProblemCode, detail: string, { headers = {}, errors, cause }: Extras = {}) {
		super(detail, { cause });
		this.code = code;
		this.status = statusOf[code];
		this.headers = headers;
		this.errors = errors;
	}
}

/** Lets every error of the instance, foreign ones included, be answered as a problem. */
export function answerProblems(app: FastifyInstance): void {
	app.setErrorHandler(answerProblem);
	app.setNotFoundHandler((request, reply) =>
		sendProblem(request, reply, new Problem('route_not_found', `There is no ${request.method} ${pathOf(request)}.`)),
	);
}

/** Answers with any error: a problem as it is, a foreign one as the problem that it means. */
export function answerProblem(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
	const problem = asProblem(error);
	if (problem.status >= 500) request.log.error({ err: error }, 'request failed');
	return sendProblem(request, reply, problem);
}

function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
	const body = {
		type: `urn:video-api:${problem.code}`,
		title: STATUS_CODES[problem.status],
		status: problem.status,
		detail: problem.message,
		code: problem.code,
		request_id: request.id,
		...(problem.errors && { errors: problem.errors }),
	};
	return reply
		.code(problem.status)
		.headers({ 'x-request-id': request.id, 'cache-control': 'no-store', ...problem.headers })
		.type('application/problem+json')
		.serializer(JSON.stringify)
		.send(body);
}

function asProblem(error: FastifyError): Problem {
	if (error instanceof Problem) return error;
	if (error.validation) {
		const errors = error.validation.map(({ instancePath, message = 'is not valid' }) => ({
			path: `${error.validationContext ?? ''}${instancePath}`,
			message,
		}));
		return new Problem('invalid_parameter', `${error.message}.`, { errors });
	}
	if (isBusy(error)) {
		return new Problem('unavailable', 'The database is busy.', { headers: { 'retry-after': '1' }, cause: error });
	}
	if (error.statusCode === 413) return new Problem('too_large', 'The body is larger than allowed.');
	if (error.statusCode === 415) return new Problem('unsupported_media_type', error.message);
	if (error.statusCode && error.statusCode < 500) return new Problem('bad_request', error.message);
	return new Problem('internal_error', 'Something went wrong on our side.', { cause: error });
}

function pathOf(request: FastifyRequest): string {
	return request.url.split('?', 1)[0] ?? '/';
}
