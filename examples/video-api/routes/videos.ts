import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { afterCursor, type Paging, pageOf, pageSchema, pagingSchema } from '../http/paging.ts';
import { Problem } from '../http/problem.ts';
import { captionsOf } from '../render/captions.ts';
import { type Order, orderSchema, plan } from '../render/order.ts';
import { type Status, stateAt, statuses } from '../render/timeline.ts';
import type { Video, VideoTable } from '../store/videos.ts';
import { oneVideoSchema, videoAnswer, videoSchema } from './video-answer.ts';

const listSchema = {
	querystring: {
		type: 'object',
		additionalProperties: false,
		properties: { ...pagingSchema, status: { enum: statuses } },
	},
	response: { 200: pageSchema(videoSchema) },
};

/** Creating, listing, reading and deleting videos, and the captions of those that are done. */
export function videoRoutes(app: FastifyInstance, context: Context): void {
	const { videos, config } = context;
	app.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-store'));

	app.post<{ Body: Order }>(
		'/v1/videos',
		{ schema: { body: orderSchema, response: { 201: oneVideoSchema } } },
		async ({ body }, reply) => {
			const video = plan(context, body, { queued: true });
			videos.insert(video);
			reply.code(201).header('location', `/v1/videos/${video.id}`);
			return { data: videoAnswer(video, video.created_at) };
		},
	);

	app.get<{ Querystring: Paging & { status?: Status } }>(
		'/v1/videos',
		{ schema: listSchema },
		async ({ query: { limit, cursor, ...filter } }) => {
			const now = Date.now();
			const page = pageOf(videos.find({ ...filter, ...afterCursor(cursor), limit: limit + 1 }, now), limit);
			return { ...page, data: page.data.map((video) => videoAnswer(video, now)) };
		},
	);

	app.get<{ Params: { id: string } }>(
		'/v1/videos/:id',
		{ schema: { response: { 200: oneVideoSchema } } },
		async ({ params }, reply) => {
			const now = Date.now();
			const data = videoAnswer(existing(videos, params.id), now);
			if (data.status === 'processing') reply.header('retry-after', Math.ceil(10 / config.speed));
			return { data };
		},
	);

	app.get<{ Params: { id: string } }>('/v1/videos/:id/captions.vtt', async ({ params }, reply) => {
		const video = existing(videos, params.id);
		const { status } = stateAt(video, Date.now());
		if (status !== 'completed') throw new Problem('not_ready', `The video is ${status}.`);
		return reply.type('text/vtt; charset=utf-8').send(captionsOf(video.script));
	});

	app.delete<{ Params: { id: string } }>('/v1/videos/:id', async ({ params }, reply) => {
		if (!videos.delete(params.id)) throw missing(params.id);
		return reply.code(204).send();
	});
}

/** The video with that id; throws a problem if there is none. */
export function existing(videos: VideoTable, id: string): Video {
	const video = videos.get(id);
	if (!video) throw missing(id);
	return video;
}

function missing(id: string): Problem {
	return new Problem('video_not_found', `There is no video '${id}'.`);
}
