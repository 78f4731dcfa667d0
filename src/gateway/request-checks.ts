import type { ErrorCode } from '../core/errors.ts';
import type { Refusal } from '../core/refusal.ts';
import { isAuthority } from '../wire/authority.ts';
import { BodyKind } from '../wire/body.ts';
import { LOWER } from '../wire/bytes.ts';
import { Field } from '../wire/field-names.ts';
import { ConnectionOption } from '../wire/framing.ts';
import { HeadFault, STRIDE, text } from '../wire/head.ts';
import type { RequestHead } from '../wire/request-head.ts';
import type { Exchange } from './exchange.ts';
import { resolveDotSegments } from './path.ts';

const HEAD_FAULTS: Readonly<Record<number, ErrorCode>> = {
	[HeadFault.tooLarge]: 'head_too_large',
	[HeadFault.targetTooLong]: 'target_too_long',
	[HeadFault.version]: 'version_not_supported',
};

/** What is answered to a head that cannot be read. `result`: of its parse; one that is a head was too large. */
export function headRefusal({ fields }: RequestHead, result: number): Refusal {
	return result === HeadFault.bad ? fields.fault : (HEAD_FAULTS[result] ?? 'head_too_large');
}

const ONE = 49;

const COMMON = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const;

/** The method as text; no string is made for a common one. */
function methodOf(buffer: Uint8Array, start: number, end: number): string {
	const length = end - start;
	for (let i = 0; i < COMMON.length; i++) {
		const name = COMMON[i] as string;
		if (name.length !== length || buffer[start] !== name.charCodeAt(0)) continue;
		let same = 1;
		while (same < length && buffer[start + same] === name.charCodeAt(same)) same++;
		if (same === length) return name;
	}
	return text(buffer, start, end);
}

/**
 * Refuses what is ambiguous or malformed (RFC 9112 §3, §6) and settles target, host, connection
 * and upgrade. null: the request may go on.
 */
export function checkRequest(exchange: Exchange): Refusal | null {
	const { head, framing, buffer } = exchange;
	exchange.method = methodOf(buffer, head.start, head.methodEnd);
	if (!framing.read(buffer, head.fields)) return framing.fault;
	// HTTP/1.0 knows no chunked coding; one that claims it was put there to be read differently by somebody.
	if (head.minor === 0 && framing.chunked) return 'transfer_encoding_in_http_1_0';
	if (!readHost(exchange)) return framing.hostAt < 0 ? 'host_missing' : 'bad_host';
	if (exchange.method === 'CONNECT') return 'not_implemented';
	const fault = readTarget(exchange);
	if (fault !== null) return fault;
	const keep =
		(framing.connection & ConnectionOption.close) === 0 &&
		(head.minor === 1 || (framing.connection & ConnectionOption.keepAlive) !== 0);
	exchange.closing = !keep;
	if (framing.expectAt >= 0 && !expectsContinue(exchange)) return 'expectation_failed';
	exchange.mayUpgrade = framing.upgradeAt >= 0 && mayUpgrade(exchange);
	// The request line is passed on with our version, which is 1.1 (RFC 9112 §2.3).
	if (head.minor === 1 && buffer[head.lineEnd - 3] !== ONE) exchange.rewritten = true;
	return null;
}

/** Prepares the request body; one that was refused is not read. */
export function startBody(exchange: Exchange, read: boolean): void {
	const { framing, body } = exchange;
	if (!read) {
		// Whether bytes are still to come decides how the connection ends.
		body.start(BodyKind.none, 0);
	} else if (framing.chunked) body.start(BodyKind.chunked, 0);
	else if (framing.contentLength > 0) body.start(BodyKind.length, framing.contentLength);
	else body.start(BodyKind.none, 0);
}

function readHost(exchange: Exchange): boolean {
	const { head, framing, buffer } = exchange;
	exchange.hostStart = exchange.hostEnd = 0;
	if (framing.hostAt < 0) return head.minor === 0;
	const start = head.valueStart(framing.hostAt);
	const end = head.valueEnd(framing.hostAt);
	exchange.hostStart = start;
	exchange.hostEnd = end;
	return isAuthority(buffer, start, end);
}

/** The forms of RFC 9112 §3.2: origin, absolute (it overrides Host and must agree with it), asterisk. */
function readTarget(exchange: Exchange): Refusal | null {
	const { head, buffer } = exchange;
	const start = head.targetStart;
	let pathStart = start;
	if (buffer[start] !== 47) {
		if (buffer[start] === 42 && head.targetEnd - start === 1) {
			exchange.pathStart = start;
			exchange.pathEnd = head.targetEnd;
			return exchange.method === 'OPTIONS' ? null : 'bad_target';
		}
		pathStart = readAbsolute(exchange);
		if (pathStart < 0) return pathStart === OTHER_HOST ? 'host_differs' : 'bad_target';
	}
	const pathEnd = Math.max(pathStart, head.queryAt);
	if (pathStart !== start || pathEnd === pathStart) {
		// Forwarded in origin form; a missing path is `/`, or for OPTIONS the server as a whole (RFC 9112 §3.2.4).
		const rest = buffer.subarray(pathStart, head.targetEnd);
		if (rest.length === 0 && exchange.method === 'OPTIONS') setTarget(exchange, ASTERISK);
		else setTarget(exchange, rest[0] === 47 ? Buffer.from(rest) : Buffer.concat([SLASH, rest]));
	} else {
		exchange.pathStart = pathStart;
		exchange.pathEnd = pathEnd;
	}
	return head.special ? resolvePath(exchange) : null;
}

const SLASH = Buffer.from('/');
const ASTERISK = Buffer.from('*');

const OTHER_HOST = -2;

/** `http://host/path`: returns where the path begins; less than 0: it is none, or `OTHER_HOST` than the field names. */
function readAbsolute(exchange: Exchange): number {
	const { head, buffer } = exchange;
	const scheme = text(buffer, head.targetStart, Math.min(head.targetEnd, head.targetStart + 8)).toLowerCase();
	const length = scheme.startsWith('http://') ? 7 : scheme === 'https://' ? 8 : 0;
	if (length === 0) return -1;
	const start = head.targetStart + length;
	let end = start;
	while (end < head.targetEnd && buffer[end] !== 47 && buffer[end] !== 63) end++;
	if (!isAuthority(buffer, start, end)) return -1;
	const { hostStart, hostEnd } = exchange;
	if (hostEnd > hostStart) {
		if (hostEnd - hostStart !== end - start) return OTHER_HOST;
		for (let i = 0; i < end - start; i++) {
			if (LOWER[buffer[start + i] as number] !== LOWER[buffer[hostStart + i] as number]) return OTHER_HOST;
		}
	}
	exchange.hostStart = start;
	exchange.hostEnd = end;
	exchange.absolute = true;
	return end;
}

/** Replaces the target: appended to the pinned head, so that all offsets stay in one buffer. */
export function setTarget(exchange: Exchange, target: Uint8Array): void {
	const at = exchange.append(target);
	exchange.targetStart = at;
	exchange.targetEnd = at + target.length;
	exchange.rewritten = true;
	const query = target.indexOf(63);
	exchange.pathStart = at;
	exchange.pathEnd = query < 0 ? exchange.targetEnd : at + query;
}

/** `%00` is refused and dot segments are resolved before anything is decided by the path. */
function resolvePath(exchange: Exchange): Refusal | null {
	const { buffer, pathStart, pathEnd } = exchange;
	for (let at = pathStart; at + 2 < pathEnd; at++) {
		if (buffer[at] === 37 && buffer[at + 1] === 48 && buffer[at + 2] === 48) return 'nul_in_path';
	}
	const resolved = resolveDotSegments(buffer, pathStart, pathEnd);
	if (resolved !== null) setTarget(exchange, Buffer.concat([resolved, buffer.subarray(pathEnd, exchange.targetEnd)]));
	return null;
}

function expectsContinue(exchange: Exchange): boolean {
	const { head, framing, buffer } = exchange;
	return (
		text(buffer, head.valueStart(framing.expectAt), head.valueEnd(framing.expectAt)).toLowerCase() === '100-continue'
	);
}

/** Only a GET without a body, and never to HTTP/2: what follows such an upgrade could not be checked. */
function mayUpgrade(exchange: Exchange): boolean {
	const { head, framing, buffer } = exchange;
	if ((framing.connection & ConnectionOption.upgrade) === 0 || head.minor === 0 || exchange.method !== 'GET')
		return false;
	if (framing.chunked || framing.contentLength > 0 || upgradeFields(exchange) > 1) return false;
	const protocol = text(buffer, head.valueStart(framing.upgradeAt), head.valueEnd(framing.upgradeAt)).toLowerCase();
	return !/(^|[\s,])(?:h2c?|http)([\s,/]|$)/.test(protocol);
}

function upgradeFields({ head }: Exchange): number {
	const { table, count } = head.fields;
	let found = 0;
	for (let row = 0; row < count * STRIDE; row += STRIDE) if (table[row + 4] === Field.upgrade) found++;
	return found;
}
