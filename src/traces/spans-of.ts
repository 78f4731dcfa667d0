import type { AccessEntry, AttemptEntry } from '../core/access-entry.ts';
import type { Span } from '../core/span.ts';
import { derivedSpanId } from './traceparent.ts';

/** Methods that keep their name; any other is `_OTHER`, so that a client cannot make names of spans. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY']);
/** Which span below the request's is the wait for an instance; attempts have 1 and on. */
const QUEUE = 0x7fff;
/** Most characters of a value that a client chose. */
const MOST = 512;

/** Id of the span of the nth attempt, n ≥ 1, as the instance was told it. */
export const attemptSpanId = (entry: Pick<AccessEntry, 'spanId'>, n: number): string => derivedSpanId(entry.spanId, n);

/**
 * The spans of a request, with the attributes of OpenTelemetry's HTTP conventions: one of the server; below it the
 * wait for an instance and one of the client for each attempt, and below those the connection, the wait for the
 * answer's head and its transfer. The query is none of them, since what it holds is not known to be harmless.
 */
export function spansOf(entry: AccessEntry): Span[] {
	const spans = [serverSpan(entry)];
	if (entry.queueUs > 0) spans.push(queueSpan(entry));
	let n = 0;
	for (const attempt of entry.attempts) addAttempt(spans, entry, attempt, ++n);
	return spans;
}

function serverSpan(entry: AccessEntry): Span {
	const method = methodOf(entry.method);
	// A route of the configuration may say its method, `GET /v1/*`; the convention's template is the path alone.
	const template = entry.route.replace(/^[A-Z]+ /, '');
	const error = entry.error !== '' ? entry.error : entry.status >= 500 ? String(entry.status) : '';
	return {
		traceId: entry.traceId,
		spanId: entry.spanId,
		parentId: entry.parentId,
		name: template === '' ? method : `${method} ${template}`,
		kind: 'server',
		startMs: entry.timeMs,
		endMs: entry.timeMs + entry.durationUs / 1000,
		error,
		fields: filled({
			'http.request.method': method,
			'http.request.method_original': method === '_OTHER' ? entry.method.slice(0, 32) : '',
			'http.route': template,
			'url.scheme': entry.scheme,
			'url.path': entry.path.slice(0, MOST),
			'server.address': entry.host.slice(0, MOST),
			'client.address': entry.address,
			'user_agent.original': entry.userAgent.slice(0, MOST),
			'network.protocol.version': entry.protocol,
			'http.response.status_code': entry.status,
			'http.request.body.size': entry.requestBytes,
			'http.response.body.size': entry.responseBytes,
			'error.type': error,
			'ballast.service': entry.service,
			'cache.status': entry.cache,
			'upstream.id': entry.instance,
			'upstream.attempts': entry.attempts.length,
		}),
	};
}

function queueSpan(entry: AccessEntry): Span {
	const first = entry.attempts[0];
	const endUs = first === undefined ? entry.durationUs : first.startUs;
	return below(entry, {
		spanId: derivedSpanId(entry.spanId, QUEUE),
		parentId: entry.spanId,
		name: 'queue',
		fromUs: Math.max(0, endUs - entry.queueUs),
		toUs: endUs,
		error: first === undefined ? entry.error : '',
	});
}

function addAttempt(spans: Span[], entry: AccessEntry, attempt: AttemptEntry, n: number): void {
	const { startUs, connectUs, headUs, status } = attempt;
	const spanId = attemptSpanId(entry, n);
	const endUs = startUs + (attempt.endUs < 0 ? Math.max(0, entry.durationUs - startUs) : attempt.endUs);
	const error = attempt.error !== '' ? attempt.error : status >= 400 ? String(status) : '';
	const method = methodOf(entry.method);
	spans.push({
		...below(entry, { spanId, parentId: entry.spanId, name: method, fromUs: startUs, toUs: endUs, error }),
		kind: 'client',
		fields: filled({
			'http.request.method': method,
			'http.request.resend_count': n - 1,
			'http.response.status_code': status,
			'error.type': error,
			'ballast.service': entry.service,
			'upstream.id': attempt.instance,
			'upstream.connection.kept': connectUs === 0,
		}),
	});
	const part = (index: number, name: string, fromUs: number, toUs: number): void => {
		spans.push(below(entry, { spanId: derivedSpanId(spanId, index), parentId: spanId, name, fromUs, toUs, error: '' }));
	};
	const connectedUs = startUs + Math.max(0, connectUs);
	if (connectUs > 0) part(1, 'connect', startUs, connectedUs);
	if (connectUs < 0 || headUs < 0) return;
	part(2, 'first byte', connectedUs, startUs + headUs);
	if (endUs > startUs + headUs) part(3, 'transfer', startUs + headUs, endUs);
}

interface Below {
	spanId: string;
	parentId: string;
	name: string;
	/** Since the request began. */
	fromUs: number;
	toUs: number;
	error: string;
}

function below(entry: AccessEntry, { spanId, parentId, name, fromUs, toUs, error }: Below): Span {
	return {
		traceId: entry.traceId,
		spanId,
		parentId,
		name,
		kind: 'internal',
		startMs: entry.timeMs + fromUs / 1000,
		endMs: entry.timeMs + Math.max(fromUs, toUs) / 1000,
		error,
		fields: filled({ 'error.type': error }),
	};
}

function methodOf(method: string): string {
	return METHODS.has(method) ? method : '_OTHER';
}

/** Without those that say nothing: '', 0 and false. */
function filled(fields: Record<string, string | number | boolean>): Span['fields'] {
	const some: Record<string, string | number | boolean> = {};
	for (const [name, value] of Object.entries(fields)) {
		if (value !== '' && value !== 0 && value !== false) some[name] = value;
	}
	return some;
}
