import { type CacheReport, cacheStatusLine, type Forwarded } from '../../cache/rules/cache-status.ts';
import { Cached } from '../../core/cached.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import { withoutRemoved } from '../../gateway/field-edits.ts';
import { problemOf } from '../../gateway/problem.ts';
import type { AnswerWatch } from '../../gateway/response-cache.ts';
import type { RouteCache } from './route-cache.ts';

/** Of an answer that the store has no part in. */
export const PLAIN_REPORT: Omit<CacheReport, 'fwd'> = {
	fwdStatus: 0,
	stored: false,
	collapsed: false,
	ttlMs: null,
	key: null,
	detail: null,
};

/** The last one: those that are not stored mostly say the same, too. */
let passed = { fwd: '', status: 0, detail: '' as string | null, line: Buffer.alloc(0) };

/** Of an answer that the client gets as it comes, and that is not stored; `detail`: why, null: there is no more to say. */
export function passedLine(fwd: Forwarded, status: number, detail: string | null): Buffer {
	if (passed.fwd !== fwd || passed.status !== status || passed.detail !== detail) {
		const report = { ...PLAIN_REPORT, fwd, fwdStatus: status, detail };
		passed = { fwd, status, detail, line: Buffer.from(cacheStatusLine(report), 'latin1') };
	}
	return passed.line;
}

/** It goes its way as if there were no cache. */
export function forward(exchange: Exchange, cache: RouteCache, fwd: Forwarded): true {
	exchange.cache.cached = Cached.bypass;
	cache.passes(exchange);
	if (cache.policy.tell) exchange.cache.extra = forwardedLine(fwd);
	return true;
}

/** Of a scan: nobody waits for it, and it is not stored. */
export function passScanned(exchange: Exchange, cache: RouteCache): true {
	exchange.cache.cached = Cached.miss;
	if (cache.policy.tell) exchange.cache.watch = SCANNED;
	return true;
}

const SCANNED: AnswerWatch<Exchange> = {
	answered(exchange, { status }) {
		exchange.cache.extra = passedLine('uri-miss', status, 'scan');
	},
};

const lines = new Map<Forwarded, Buffer>();

function forwardedLine(fwd: Forwarded): Buffer {
	let line = lines.get(fwd);
	if (line === undefined) {
		line = Buffer.from(cacheStatusLine({ ...PLAIN_REPORT, fwd }), 'latin1');
		lines.set(fwd, line);
	}
	return line;
}

/** The last one: answers that are stored within the same second mostly say the same. */
let stored = { fwd: '', status: 0, ttlS: 0, line: Buffer.alloc(0) };

/** Of an answer that the client gets as it comes, beside the store. */
export function storedLine(fwd: Forwarded, status: number, ttlMs: number): Buffer {
	const ttlS = Math.floor(ttlMs / 1000);
	if (stored.fwd !== fwd || stored.status !== status || stored.ttlS !== ttlS) {
		const report = { ...PLAIN_REPORT, fwd, fwdStatus: status, stored: true, ttlMs };
		stored = { fwd, status, ttlS, line: Buffer.from(cacheStatusLine(report), 'latin1') };
	}
	return stored.line;
}

/** The client takes what is stored or nothing (RFC 9111 §5.2.1.7). */
export function refuseUncached(exchange: Exchange): void {
	exchange.cache.cached = Cached.miss;
	exchange.failure = 'not_cached';
	exchange.answerProblem(problemOf('not_cached'));
}

/** A line, and those that only this client gets; null: none. */
export function moreLines({ route }: Exchange, line: string, own: Buffer | null): Buffer | null {
	const lines = Buffer.from(line, 'latin1');
	if (own !== null) return Buffer.concat([withoutRemoved(own, route?.response ?? null), lines]);
	return lines.length === 0 ? null : lines;
}
