import { Priority } from '../core/priority.ts';
import { ServiceCell } from '../core/service-cells.ts';
import { balanceKey } from '../gateway/balance-key.ts';
import type { Exchange } from '../gateway/exchange.ts';
import { answerFile } from '../gateway/files/answer-file.ts';
import { answerFixed, answerRedirect } from '../gateway/local-answers.ts';
import type { Offload, OwnPages } from '../gateway/offload.ts';
import { priorityOf } from '../gateway/priority.ts';
import { problemOf, shedProblem } from '../gateway/problem.ts';
import { ReplayBody } from '../gateway/replay-body.ts';
import { setTarget } from '../gateway/request-checks.ts';
import { RequestCopies } from '../gateway/request-copies.ts';
import { isMarked } from '../gateway/request-mark.ts';
import type { ResponseCache } from '../gateway/response-cache.ts';
import type { NextVersion, Route } from '../gateway/route.ts';
import { sharedTime } from '../wire/timer-wheel.ts';

/**
 * The order of a request, in one place. Each stage decides at once; the first that answers the
 * request itself returns false and ends the line. The listener and the parser stand before it,
 * `answer → record` behind it (`Exchange`).
 */
export function handle(exchange: Exchange): void {
	observe(exchange);
	if (!route(exchange)) return;
	if (!admit(exchange)) return;
	if (!answerHere(exchange)) return;
	rewrite(exchange);
	if (!cached(exchange)) return;
	if (!offloaded(exchange)) return;
	if (!protect(exchange)) return;
	forward(exchange);
}

/** What a request waited for in the cache was none for it: it goes its own way from there. */
export function lookAgain(exchange: Exchange): void {
	if (!cached(exchange)) return;
	goOn(exchange);
}

/** The cache was asked, and waited for: it has nothing. */
export function goOn(exchange: Exchange): void {
	if (!offloaded(exchange)) return;
	if (!protect(exchange)) return;
	forward(exchange);
}

/** Which service and route it meets; unknown ones end with 404, known paths with a foreign method with 405. */
function route(exchange: Exchange): boolean {
	const { routes } = exchange.plane;
	const pages = exchange.plane.pages as OwnPages<Exchange> | null;
	if (pages !== null && !pages.pass(exchange)) return false;
	const found = routes.match(exchange);
	if (found !== undefined) {
		exchange.route = found;
		exchange.client.arm(found.timeouts.requestMs, found.timeouts.streamIdleMs);
		return true;
	}
	const allowed = routes.methodsAllowed(exchange);
	const code = allowed.length > 0 ? 'method_not_allowed' : 'no_route';
	exchange.failure = code;
	exchange.answerProblem(problemOf(code, allowed.length > 0 ? `Allow: ${allowed.join(', ')}\r\n` : ''));
	return false;
}

/** Its place in a trace. */
function observe(exchange: Exchange): void {
	const { plane, framing, head } = exchange;
	if (plane.tracing === null) return;
	const at = framing.traceparentAt;
	const start = at < 0 ? 0 : head.valueStart(at);
	plane.tracing.begin(exchange.buffer, start, at < 0 ? 0 : head.valueEnd(at), exchange.client.trusted, exchange.trace);
}

/** What this worker has too much of, and limits that can be told from the head. */
function admit(exchange: Exchange): boolean {
	const found = exchange.route;
	if (found === null) return false;
	const { cdnLoop } = exchange.plane;
	if (cdnLoop?.isIn(exchange.buffer, exchange.head.fields) === true) {
		exchange.failure = 'loop_detected';
		exchange.answerProblem(problemOf('loop_detected'));
		return false;
	}
	if (exchange.plane.shedding > 0 && sheds(exchange, found)) return refuse(exchange, 'node_overloaded');
	if (found.rateLimits !== null) {
		const refusal = found.rateLimits.take(exchange, sharedTime(exchange.startMs));
		if (refusal !== null) {
			exchange.failure = 'rate_limited';
			exchange.answerProblem(refusal);
			return false;
		}
	}
	if (exchange.framing.contentLength <= found.bodyBytes) return true;
	exchange.failure = 'body_too_large';
	exchange.answerProblem(problemOf('body_too_large'));
	return false;
}

/** Low priority goes first. What is answered here costs less than its refusal would help. */
function sheds(exchange: Exchange, found: Route): boolean {
	if (found.fixed !== null || found.redirect !== null) return false;
	return priorityOf(exchange, found.priority) + exchange.plane.shedding > Priority.low;
}

/** For now: the client may try again. */
function refuse(exchange: Exchange, code: 'overloaded' | 'node_overloaded'): false {
	if (exchange.cache.asker?.refused(code) === true) return false;
	exchange.failure = code;
	exchange.answerProblem(shedProblem(code));
	return false;
}

/** Fixed answers, redirects, files, and hops that are used up need no instance. */
function answerHere(exchange: Exchange): boolean {
	const found = exchange.route;
	if (found === null) return false;
	if (found.fixed !== null) answerFixed(exchange, found.fixed);
	else if (found.redirect !== null) answerRedirect(exchange, found.redirect);
	else if (found.files !== null) answerFile(exchange, found.files, pathOf(exchange, found));
	else if (exchange.method !== 'OPTIONS' && exchange.method !== 'TRACE') return true;
	else if (exchange.field('max-forwards') !== '0') return true;
	else answerFixed(exchange, LAST_HOP);
	return false;
}

/** OPTIONS or TRACE whose last hop we are (RFC 9110 §7.6.2). TRACE is not reflected: it would show fields that were added on the way. */
const LAST_HOP = {
	status: 204,
	head: Buffer.from('HTTP/1.1 204 No Content\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n'),
	body: Buffer.alloc(0),
};

/** What is stored is given without an instance. A new version's own requests are to meet it. */
function cached(exchange: Exchange): boolean {
	const { route } = exchange;
	if (route === null || route.cache === null) return true;
	const cache = route.cache as ResponseCache<Exchange>;
	const by = route.next?.by ?? null;
	if (by === null || route.service.cells.get(ServiceCell.marked) !== 1 || !isMarked(exchange, by))
		return cache.look(exchange);
	cache.passes(exchange);
	return true;
}

/** A slow request becomes a job: it is answered once it is stored, and carried out behind that. */
function offloaded(exchange: Exchange): boolean {
	const offload = (exchange.route?.offload ?? null) as Offload<Exchange> | null;
	return offload === null || offload.take(exchange);
}

/** Takes a place at the service, where it has a limit; `Exchange` gives it back. */
function protect(exchange: Exchange): boolean {
	const found = exchange.route;
	const limit = found?.service.concurrency ?? null;
	if (found === null || limit === null) return true;
	if (!limit.enter(priorityOf(exchange, found.priority))) return refuse(exchange, 'overloaded');
	exchange.place = limit;
	return true;
}

/** Selects an instance and sends the request there. */
function forward(exchange: Exchange): void {
	const found = exchange.route;
	if (found === null) return;
	const key = balanceOf(exchange);
	exchange.fetch.repeatable = isIdempotent(exchange.method) && (exchange.body.done || keepsBody(exchange, found));
	const route = found.next === null ? found : ofVersion(exchange, found, found.next);
	if (exchange.cache.asker === null) exchange.fetch.start(route, key, exchange.startMs);
	else exchange.cache.asker.start(route, key);
}

/** What its instance is chosen by; 0: nothing of the request. */
export function balanceOf(exchange: Exchange): number {
	const key = exchange.route?.service.key ?? null;
	return key === null ? 0 : balanceKey(exchange, key);
}

const copies = new RequestCopies();

/** During a roll-out: marked requests go to the new version, of some others it gets a copy. */
function ofVersion(exchange: Exchange, route: Route, next: NextVersion): Route {
	const { cells } = route.service;
	if (next.by !== null && cells.get(ServiceCell.marked) === 1 && isMarked(exchange, next.by)) return next.marked;
	const safe = (exchange.method === 'GET' || exchange.method === 'HEAD') && exchange.body.done && !exchange.mayUpgrade;
	if (safe && copies.wants(cells.get(ServiceCell.copies))) exchange.copied = copies.send(exchange, next.copies);
	return route;
}

/** A small body of an idempotent method is kept while it goes out, for another attempt. */
function keepsBody(exchange: Exchange, { retry }: Route): boolean {
	if (retry.attempts === 1 || retry.bodyBytes === 0 || exchange.framing.contentLength > retry.bodyBytes) return false;
	exchange.replay = new ReplayBody(retry.bodyBytes);
	return true;
}

/** The path of a request as its route sees it. */
function pathOf({ buffer, pathStart, pathEnd }: Exchange, { path: rewrite }: Route): string {
	const path = buffer.toString('latin1', pathStart, pathEnd);
	return rewrite === null ? path : rewrite(path);
}

/** From here on its target is the one that instances see. */
function rewrite(exchange: Exchange): void {
	const change = exchange.route?.path ?? null;
	if (change === null) return;
	const { buffer, pathStart, pathEnd, targetEnd } = exchange;
	const path = buffer.toString('latin1', pathStart, pathEnd);
	const changed = change(path);
	if (changed !== path)
		setTarget(exchange, Buffer.from(changed + buffer.toString('latin1', pathEnd, targetEnd), 'latin1'));
}

/** RFC 9110 §9.2.2. */
function isIdempotent(method: string): boolean {
	return (
		method === 'GET' ||
		method === 'HEAD' ||
		method === 'PUT' ||
		method === 'DELETE' ||
		method === 'OPTIONS' ||
		method === 'TRACE'
	);
}
