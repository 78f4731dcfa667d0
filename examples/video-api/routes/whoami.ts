import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';

/** `GET /v1/whoami`: which process answers. */
export function whoamiRoutes(app: FastifyInstance, { config, startedAt, slots }: Context): void {
	let requests = 0;
	app.addHook('onRequest', async () => void requests++);

	app.get('/v1/whoami', async (_request, reply) => {
		reply.header('cache-control', 'no-store');
		return {
			instance: config.instance,
			pid: process.pid,
			host: hostname(),
			node: process.version,
			started_at: new Date(startedAt).toISOString(),
			/** Of this route, on this process. */
			requests,
			/** Over all processes. */
			renders_running: slots.inUse(),
		};
	});
}
