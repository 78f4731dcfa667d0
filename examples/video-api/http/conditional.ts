import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Gives a JSON answer an ETag, and answers 304 to those who have it already (RFC 9110 §13). An `onSend` hook, for routes
 * that handle HEAD themselves.
 */
export async function withEtag(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
	if (reply.statusCode !== 200 || typeof payload !== 'string') return payload;
	const etag = `"${createHash('sha256').update(payload).digest('base64url').slice(0, 22)}"`;
	reply.header('etag', etag);
	if (!isKnown(etag, request.headers['if-none-match'])) return payload;
	reply.code(304).removeHeader('content-type');
	return null;
}

/** Whether an If-None-Match field names that tag, compared weakly as RFC 9110 §13.1.2 asks. */
export function isKnown(etag: string, ifNoneMatch: string | undefined): boolean {
	if (ifNoneMatch === undefined) return false;
	if (ifNoneMatch.trim() === '*') return true;
	return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
