import type { ResponseHead } from '../../wire/response-head.ts';
import type { CacheRequest } from './cache-request.ts';
import { ownTarget } from './same-origin.ts';

/** Registered as safe (RFC 9110 §9.2.1, RFC 4918, RFC 3253, RFC 5323); what is not known is not. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'REPORT', 'SEARCH', 'QUERY']);

/** Whether stored answers to its target must not be given any more once this succeeded. */
export function isUnsafe(method: string): boolean {
	return !SAFE.has(method);
}

/**
 * Targets whose stored answers an answer makes invalid (RFC 9111 §4.4): of an unsafe request that did not fail, its own
 * and those that the answer names, as far as they are of the same origin. Empty: none.
 */
export function invalidated(request: CacheRequest, head: ResponseHead, bytes: Buffer): string[] {
	if (!isUnsafe(request.method) || head.status < 200 || head.status > 399) return [];
	const targets = new Set([request.buffer.toString('latin1', request.targetStart, request.targetEnd)]);
	for (const name of ['location', 'content-location']) {
		const reference = head.fields.value(bytes, name);
		const target = reference === undefined ? null : ownTarget(request, reference);
		if (target !== null) targets.add(target);
	}
	return [...targets];
}
