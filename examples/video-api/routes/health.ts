import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { Problem } from '../http/problem.ts';

/** `GET /healthz`: 200 while the database answers; 503 when it does not, and when the process is stopping. */
export function healthRoutes(app: FastifyInstance, { db, config, stopping }: Context): void {
	const ask = db.prepare('SELECT 1');
	app.get('/healthz', async (_request, reply) => {
		if (stopping.aborted) throw new Problem('unavailable', 'This process is stopping.');
		try {
			ask.get();
		} catch (cause) {
			throw new Problem('unavailable', 'The database does not answer.', { cause });
		}
		reply.header('cache-control', 'no-store');
		return { status: 'ok', instance: config.instance };
	});
}
