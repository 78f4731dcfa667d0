/** Each error that the API knows, and its status. */
const STATUS = {
	invalid_parameter: 400,
	download_failed: 400,
	unauthorized: 401,
	insufficient_credit: 402,
	trial_limit_exceeded: 402,
	plan_upgrade_required: 402,
	forbidden: 403,
	resource_access_denied: 403,
	voice_not_usable: 403,
	not_found: 404,
	video_not_found: 404,
	avatar_not_found: 404,
	voice_not_found: 404,
	asset_not_found: 404,
	request_in_progress: 409,
	conflict: 409,
	resource_not_ready: 409,
	gone: 410,
	rate_limit_exceeded: 429,
	quota_exceeded: 429,
	internal_error: 500,
	gateway_timeout: 504,
} as const;

export type ErrorCode = keyof typeof STATUS;

export const ERROR_CODES: readonly ErrorCode[] = Object.keys(STATUS) as ErrorCode[];

interface Extras {
	/** The parameter that is wrong. */
	param?: string;
	headers?: Record<string, string>;
	/** Where it is not that of the code. */
	status?: number;
}

/** An error that is told to the client. */
export class ApiError extends Error {
	readonly code: ErrorCode;
	readonly status: number;
	readonly param: string | null;
	readonly headers: Record<string, string>;

	constructor(code: ErrorCode, message: string, { param, headers = {}, status }: Extras = {}) {
		super(message);
		this.code = code;
		this.status = status ?? STATUS[code];
		this.param = param ?? null;
		this.headers = headers;
	}
}

/** The body of an error, of v3. */
export function errorBody({ code, message, param }: ApiError): object {
	return { error: { code, message, param, doc_url: null } };
}

/** The body of an error, of v1 and v2. */
export function legacyErrorBody({ code, message, status }: ApiError, path: string): object {
	if (path.startsWith('/v1/')) return { code: status * 100 + 1, data: null, message };
	return { data: null, error: { code, message } };
}
