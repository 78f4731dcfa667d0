/**
 * Every error that Ballast itself reports, in one table.
 *
 * `status` is the HTTP status of the answer it becomes (0: never an answer), `fault` says whose it
 * is, `retrySafe` whether the same request may be sent to another instance without a risk that it is
 * carried out twice, `proxyStatus` the error type of RFC 9209 §2.3.
 */
interface Entry {
	readonly status: number;
	readonly fault: 'client' | 'instance' | 'ballast' | 'operator';
	readonly retrySafe: boolean;
	readonly proxyStatus: string;
	readonly title: string;
}

const entry = (
	status: number,
	fault: Entry['fault'],
	retrySafe: boolean,
	proxyStatus: string,
	title: string,
): Entry => ({ status, fault, retrySafe, proxyStatus, title });

export const ERRORS = {
	// The client's request.
	bad_request: entry(400, 'client', false, 'http_request_error', 'The request is malformed or ambiguous'),
	head_timeout: entry(408, 'client', false, 'http_request_error', 'The request head did not arrive in time'),
	body_timeout: entry(408, 'client', false, 'http_request_error', 'The request body stalled'),
	length_required: entry(411, 'client', false, 'http_request_error', 'A length is required'),
	body_too_large: entry(413, 'client', false, 'http_request_error', 'The request body is over its limit'),
	target_too_long: entry(414, 'client', false, 'http_request_error', 'The request target is over its limit'),
	head_too_large: entry(431, 'client', false, 'http_request_error', 'The header fields are over their limit'),
	expectation_failed: entry(417, 'client', false, 'http_request_error', 'Only 100-continue can be expected'),
	no_route: entry(404, 'client', false, 'destination_not_found', 'No service matches this host and path'),
	method_not_allowed: entry(405, 'client', false, 'http_request_denied', 'No route takes this method here'),
	not_implemented: entry(501, 'client', false, 'http_request_error', 'This is not supported'),
	file_not_found: entry(404, 'client', false, 'destination_not_found', 'There is no such file'),
	precondition_failed: entry(
		412,
		'client',
		false,
		'http_request_error',
		'The file is another version than was asked for',
	),
	range_not_satisfiable: entry(416, 'client', false, 'http_request_error', 'The file has no such part'),
	loop_detected: entry(508, 'operator', false, 'proxy_loop_detected', 'The request came here before'),
	rate_limited: entry(429, 'client', true, 'http_request_denied', 'Too many requests'),
	version_not_supported: entry(505, 'client', false, 'http_request_error', 'HTTP/1.0 and HTTP/1.1 are supported'),
	too_many_connections: entry(503, 'ballast', true, 'connection_limit_reached', 'Too many connections'),
	// Jobs.
	idempotency_key_missing: entry(400, 'client', false, 'http_request_denied', 'An Idempotency-Key is required'),
	idempotency_key_malformed: entry(400, 'client', false, 'http_request_denied', 'The Idempotency-Key is malformed'),
	idempotency_key_reused: entry(422, 'client', false, 'http_request_denied', 'The key was used for another request'),
	idempotency_in_flight: entry(409, 'client', true, 'http_request_denied', 'A request with this key is being stored'),
	webhook_refused: entry(422, 'client', false, 'http_request_denied', 'This webhook cannot be called'),
	webhook_unverified: entry(401, 'client', false, 'http_request_denied', 'This webhook cannot be verified'),
	job_not_found: entry(404, 'client', false, 'destination_not_found', 'There is no such job'),
	job_not_done: entry(409, 'client', true, 'http_request_denied', 'The job has no result yet'),
	spend_limited: entry(429, 'client', true, 'http_request_denied', 'What may be spent is spent'),
	spend_too_large: entry(402, 'client', false, 'http_request_denied', 'One such job costs more than may be spent'),
	jobs_full: entry(503, 'ballast', true, 'connection_limit_reached', 'The queue is full'),
	upstream_full: entry(429, 'instance', true, 'connection_limit_reached', 'The API takes no more jobs now'),
	jobs_unavailable: entry(503, 'ballast', true, 'proxy_internal_response', 'Jobs cannot be stored now'),
	key_missing: entry(503, 'ballast', true, 'proxy_internal_response', 'What the job keeps cannot be opened now'),
	// Ballast and the instances behind it.
	draining: entry(503, 'ballast', true, 'proxy_internal_response', 'This node is shutting down'),
	node_overloaded: entry(503, 'ballast', true, 'proxy_internal_response', 'This node has too much to do'),
	overloaded: entry(503, 'ballast', true, 'connection_limit_reached', 'The service has too much to do'),
	no_ready_instance: entry(503, 'instance', true, 'destination_unavailable', 'No instance is ready'),
	instances_full: entry(
		503,
		'ballast',
		true,
		'connection_limit_reached',
		'All instances have as many requests as they may',
	),
	connection_limit: entry(
		503,
		'ballast',
		true,
		'connection_limit_reached',
		'All connections to the instances are in use',
	),
	connect_refused: entry(502, 'instance', true, 'connection_refused', 'The instance refused the connection'),
	connect_timeout: entry(504, 'instance', true, 'connection_timeout', 'The instance could not be connected to in time'),
	connect_failed: entry(502, 'instance', true, 'destination_ip_unroutable', 'The instance could not be connected to'),
	tls_failed: entry(502, 'instance', true, 'tls_certificate_error', 'The TLS connection to the instance failed'),
	reset_before_answer: entry(
		502,
		'instance',
		false,
		'connection_terminated',
		'The instance closed the connection before it answered',
	),
	bad_answer: entry(
		502,
		'instance',
		false,
		'http_response_incomplete',
		'The instance sent an answer that is not valid HTTP',
	),
	answer_head_too_large: entry(
		502,
		'instance',
		false,
		'http_response_header_section_size',
		'The header fields of the answer are over their limit',
	),
	truncated_answer: entry(502, 'instance', false, 'http_response_incomplete', 'The answer of the instance ended early'),
	first_byte_timeout: entry(504, 'instance', false, 'http_response_timeout', 'The instance did not answer in time'),
	request_timeout: entry(504, 'instance', false, 'http_response_timeout', 'The request took longer than it may'),
	stream_idle: entry(504, 'instance', false, 'http_response_timeout', 'The stream was idle for too long'),
	not_cached: entry(
		504,
		'client',
		false,
		'proxy_internal_response',
		'Only a stored answer was asked for, and there is none',
	),
	file_unreadable: entry(500, 'ballast', false, 'proxy_internal_error', 'The file cannot be read'),
	internal: entry(500, 'ballast', false, 'proxy_internal_error', 'Ballast failed to handle the request'),
	// The operator's configuration and commands.
	config_invalid: entry(0, 'operator', false, '', 'The configuration is not valid'),
	config_unreadable: entry(0, 'operator', false, '', 'The configuration cannot be read'),
	port_taken: entry(0, 'operator', false, '', 'The port is in use'),
	bind_failed: entry(0, 'operator', false, '', 'The address cannot be listened on'),
	start_failed: entry(0, 'operator', false, '', 'An instance could not be started'),
	unknown_service: entry(404, 'operator', false, '', 'There is no such service'),
	unknown_instance: entry(404, 'operator', false, '', 'There is no such instance'),
	unknown_region: entry(404, 'operator', false, '', 'There is no such region'),
	bad_command: entry(400, 'operator', false, '', 'The command is not valid'),
	not_running: entry(0, 'operator', false, '', 'Ballast is not running'),
	store_unusable: entry(0, 'operator', false, '', 'The store cannot be used'),
	bad_query: entry(400, 'operator', false, '', 'The query is not valid'),
	notify_failed: entry(0, 'operator', false, '', 'The notification was not taken'),
	purge_failed: entry(0, 'operator', false, '', 'The purge was not taken'),
	command_failed: entry(0, 'operator', false, '', 'The command failed'),
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof ERRORS;

const CODES = Object.keys(ERRORS) as ErrorCode[];
const INDEXES = new Map(CODES.map((code, at) => [code, at + 1]));

/** A number for the code, from 1; it holds within one version of the program. */
export const errorIndex = (code: ErrorCode): number => INDEXES.get(code) as number;

/** The code with this number; '' for 0, and for one that there is not. */
export const errorAt = (index: number): ErrorCode | '' => CODES[index - 1] ?? '';

/** The one error class. `message` says what happened and what to do; it never holds a secret. */
export class BallastError extends Error {
	readonly code: ErrorCode;
	readonly details: Readonly<Record<string, unknown>>;

	constructor(
		code: ErrorCode,
		message: string = ERRORS[code].title,
		details: Record<string, unknown> = {},
		cause?: unknown,
	) {
		super(message, cause === undefined ? undefined : { cause });
		this.name = 'BallastError';
		this.code = code;
		this.details = details;
	}
}
