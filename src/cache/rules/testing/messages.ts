import { randomBytes } from 'node:crypto';
import { Framing } from '../../../wire/framing.ts';
import { formatHttpDate } from '../../../wire/http-date.ts';
import { RequestHead } from '../../../wire/request-head.ts';
import { ResponseHead } from '../../../wire/response-head.ts';
import { type CachePolicy, PLAIN_CACHE } from '../../cache-policy.ts';
import { CacheHash } from '../cache-hash.ts';
import type { CacheRequest } from '../cache-request.ts';
import type { Judging } from '../judge-answer.ts';
import { RequestControl } from '../request-control.ts';
import type { OriginAnswer } from '../stored-head.ts';

/** A Saturday in 2026; what tests call now. */
export const NOW = Date.UTC(2026, 10, 28, 10, 0, 0);

export const HASH: CacheHash = new CacheHash(randomBytes(32));

/** The date so many seconds from now. */
export function date(seconds: number): string {
	return formatHttpDate(NOW + seconds * 1000);
}

export interface RequestOptions {
	method?: string;
	target?: string;
	host?: string;
	secure?: boolean;
	trusted?: boolean;
}

/** A request as a connection would have parsed it; its field lines, without `Host`. */
export function requestOf(lines: readonly string[] = [], options: RequestOptions = {}): CacheRequest {
	const { method = 'GET', target = '/a', host = 'example.com', secure = false, trusted = false } = options;
	const text = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
	const buffer = Buffer.from(text, 'latin1');
	const head = new RequestHead(200);
	if (head.parse(buffer, 0, buffer.length, 10_000) <= 0) throw new Error(`malformed: ${text}`);
	const framing = new Framing();
	if (!framing.read(buffer, head.fields)) throw new Error(`malformed: ${framing.fault}`);
	const { targetStart, targetEnd } = head;
	const hostStart = head.valueStart(framing.hostAt);
	const hostEnd = head.valueEnd(framing.hostAt);
	return { buffer, head, method, targetStart, targetEnd, hostStart, hostEnd, client: { secure, trusted } };
}

export function controlOf(request: CacheRequest): RequestControl {
	const control = new RequestControl();
	control.read(request.head.fields, request.buffer);
	return control;
}

/** An answer's head as it came just now. */
export function answerOf(lines: readonly string[], status = 200, atMs: number = NOW): OriginAnswer {
	const bytes = Buffer.from(`HTTP/1.1 ${status} Some\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`, 'latin1');
	const head = new ResponseHead(200);
	if (head.parse(bytes, 0, bytes.length) <= 0) throw new Error(`malformed: ${lines.join()}`);
	const framing = new Framing();
	if (!framing.read(bytes, head.fields)) throw new Error(`malformed: ${framing.fault}`);
	return { head, bytes, contentLength: framing.contentLength, requestMs: atMs, responseMs: atMs };
}

export function policyOf(changes: Partial<CachePolicy> = {}): CachePolicy {
	return { ...PLAIN_CACHE, ...changes };
}

/** A request, the answer to it, and the plain rules. */
export function judgingOf(answer: OriginAnswer, changes: Partial<Judging> = {}): Judging {
	const request = changes.request ?? requestOf();
	return { request, control: controlOf(request), answer, policy: PLAIN_CACHE, hash: HASH, ...changes };
}
