import type { FastifyReply } from 'fastify';

/** Set off when the connection ends before the answer is complete. */
export function goneSignal(reply: FastifyReply): AbortSignal {
	const gone = new AbortController();
	reply.raw.once('close', () => {
		if (!reply.raw.writableFinished) gone.abort();
	});
	if (reply.raw.destroyed) gone.abort();
	return gone.signal;
}
