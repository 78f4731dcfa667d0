import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { goneSignal } from '../http/gone.ts';
import { Problem } from '../http/problem.ts';
import { type Order, orderSchema, plan } from '../render/order.ts';
import { oneVideoSchema, videoAnswer } from './video-answer.ts';
import { existing } from './videos.ts';

/** `POST /v1/render`: answers only when the video is done. A client that leaves cancels it. */
export function renderRoutes(app: FastifyInstance, context: Context): void {
	const { videos, slots, config, cutOff } = context;

	app.post<{ Body: Order }>(
		'/v1/render',
		{ schema: { body: orderSchema, response: { 200: oneVideoSchema } } },
		async ({ body, log }, reply) => {
			const video = plan(context, body, { queued: false });
			const slot = slots.take(video.id, video.ends_at);
			if (!slot.taken) throw tooMany(config.renderLimit, slot.retryAfterMs);
			try {
				videos.insert(video);
				const gone = goneSignal(reply);
				await wait(video.ends_at, AbortSignal.any([gone, cutOff]));
				if (gone.aborted) {
					videos.cancel(video.id, Date.now());
					log.info({ video: video.id }, 'client left: render cancelled');
					return reply.code(499).hijack();
				}
				if (cutOff.aborted) {
					videos.cancel(video.id, Date.now());
					throw new Problem('unavailable', 'The render was broken off.', { headers: { 'retry-after': '1' } });
				}
			} finally {
				slots.release(video.id);
			}
			const data = videoAnswer(existing(videos, video.id), video.ends_at);
			if (data.status === 'failed') throw new Problem('render_failed', `The video ${video.id} could not be made.`);
			reply.header('cache-control', 'no-store').header('content-location', `/v1/videos/${video.id}`);
			return { data };
		},
	);
}

async function wait(until: number, signal: AbortSignal): Promise<void> {
	await sleep(Math.max(0, until - Date.now()), undefined, { signal }).catch(() => undefined);
}

function tooMany(limit: number, retryAfterMs: number): Problem {
	const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
	return new Problem('rate_limit_exceeded', `${limit} videos are being rendered; that is the most at once.`, {
		headers: { 'retry-after': String(seconds) },
	});
}
