import { randomUUID } from 'node:crypto';
import websocket from '@fastify/websocket';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import type { Context } from './context.ts';
import { answerProblem, answerProblems } from './http/problem.ts';
import { assetRoutes } from './routes/assets.ts';
import { avatarRoutes } from './routes/avatars.ts';
import { echoRoutes } from './routes/echo.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { liveRoutes } from './routes/live.ts';
import { renderRoutes } from './routes/render.ts';
import { videoRoutes } from './routes/videos.ts';
import { voiceRoutes } from './routes/voices.ts';
import { whoamiRoutes } from './routes/whoami.ts';

const requestTimeoutMs = 300_000;
const slowMs = 1000;
const maxMessageBytes = 1024 * 1024;

/** Builds the API on an open context; it does not listen yet. */
export async function buildApp(context: Context): Promise<FastifyInstance> {
	const { config } = context;
	const app = Fastify({
		logger: { level: config.logLevel, base: { instance: config.instance } },
		logController: new LogController({ disableRequestLogging: true }),
		requestIdHeader: false,
		genReqId: ({ headers }) => acceptableId(headers['x-request-id']) ?? randomUUID(),
		requestTimeout: requestTimeoutMs,
		return503OnClosing: false,
		bodyLimit: 1024 * 1024,
		frameworkErrors: answerProblem,
		ajv: { customOptions: { coerceTypes: 'array', removeAdditional: false, allErrors: true } },
	});
	answerProblems(app);
	addHooks(app, context);
	// The sockets are closed by the route itself, as soon as the process begins to stop.
	await app.register(websocket, { options: { maxPayload: maxMessageBytes }, preClose: (done) => done() });

	const all = [
		healthRoutes,
		avatarRoutes,
		voiceRoutes,
		videoRoutes,
		eventRoutes,
		renderRoutes,
		assetRoutes,
		liveRoutes,
		whoamiRoutes,
		echoRoutes,
	];
	for (const routes of all) await app.register(async (scope) => routes(scope, context));
	return app;
}

function addHooks(app: FastifyInstance, { stopping }: Context): void {
	app.addHook('onRequest', async (request, reply) => void reply.header('x-request-id', request.id));
	app.addHook('onSend', async (_request, reply, payload) => {
		if (stopping.aborted) reply.header('connection', 'close');
		return payload;
	});
	app.addHook('onResponse', async (request, reply) => {
		const { method, url } = request;
		const ms = Math.round(reply.elapsedTime);
		const notable = reply.statusCode >= 400 || ms > slowMs || (method !== 'GET' && method !== 'HEAD');
		request.log[notable ? 'info' : 'debug']({ method, url, status: reply.statusCode, ms }, 'answered');
	});
}

function acceptableId(header: string | string[] | undefined): string | undefined {
	return typeof header === 'string' && /^[\w.:-]{1,64}$/.test(header) ? header : undefined;
}
