import { ERRORS, type ErrorCode } from '../core/errors.ts';
import { isMalformed, MALFORMED } from '../core/malformed.ts';
import { codeOf, type Refusal } from '../core/refusal.ts';

/** An answer that Ballast makes itself: RFC 9457 problem+json with RFC 9209 `Proxy-Status`. */
export interface Problem {
	readonly status: number;
	/** Status line and fields, without Date, Connection and the empty line. */
	readonly head: Buffer;
	readonly body: Buffer;
}

const REASONS: Record<number, string> = {
	400: 'Bad Request',
	402: 'Payment Required',
	404: 'Not Found',
	405: 'Method Not Allowed',
	408: 'Request Timeout',
	409: 'Conflict',
	411: 'Length Required',
	412: 'Precondition Failed',
	413: 'Content Too Large',
	414: 'URI Too Long',
	416: 'Range Not Satisfiable',
	417: 'Expectation Failed',
	422: 'Unprocessable Content',
	429: 'Too Many Requests',
	431: 'Request Header Fields Too Large',
	500: 'Internal Server Error',
	501: 'Not Implemented',
	502: 'Bad Gateway',
	503: 'Service Unavailable',
	504: 'Gateway Timeout',
	505: 'HTTP Version Not Supported',
	508: 'Loop Detected',
};

const made = new Map<string, Problem>();

/** The answer for an error; `extra` holds whole field lines (`Allow: GET\r\n`). Made once for each. */
export function problemOf(refusal: Refusal, extra = '', retryAfterS = 1): Problem {
	const key = `${refusal}${retryAfterS}${extra}`;
	const known = made.get(key);
	if (known !== undefined) return known;
	const code = codeOf(refusal);
	const why = isMalformed(refusal) ? { reason: refusal, detail: MALFORMED[refusal] } : {};
	const details = code === refusal ? code : `${code}: ${refusal}`;
	const problem = write(code, details, { why, extra, retryAfterS });
	// `extra` comes from the configuration (allowed methods), never from a client; the bound is for safety.
	if (made.size < 1000) made.set(key, problem);
	return problem;
}

/** The answer for an error that has a reason of its own, for machines and for people; `extra` holds whole field lines. */
export const explainedProblem = (code: ErrorCode, why: { reason: string; detail: string }, extra = ''): Problem =>
	write(code, `${code}: ${why.reason}`, { why, extra, retryAfterS: 1 });

function write(
	code: ErrorCode,
	details: string,
	{ why, extra, retryAfterS }: { why: object; extra: string; retryAfterS: number },
): Problem {
	const { status, title, proxyStatus } = ERRORS[code];
	const body = Buffer.from(`${JSON.stringify({ type: 'about:blank', title, status, code, ...why })}\n`);
	// One second: long enough not to be a storm, short enough for a restart.
	const retry = status === 503 ? `Retry-After: ${retryAfterS}\r\n` : '';
	const head = Buffer.from(
		`HTTP/1.1 ${status} ${REASONS[status] ?? title}\r\n` +
			`Content-Type: application/problem+json\r\nContent-Length: ${body.length}\r\nCache-Control: no-store\r\n` +
			`Proxy-Status: ballast; error=${proxyStatus}; details="${details}"\r\n${retry}${extra}`,
		'latin1',
	);
	return { status, head, body };
}

/** Seconds that those who are shed at one moment are told to wait, in turn, so that they do not all come back at once. */
const WAITS = [1, 2, 3];
let turn = 0;

/** The answer to a request that is refused because there is too much to do. */
export function shedProblem(code: 'overloaded' | 'node_overloaded'): Problem {
	turn = (turn + 1) % WAITS.length;
	return problemOf(code, '', WAITS[turn]);
}
