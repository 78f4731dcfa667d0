import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { goneSignal } from '../http/gone.ts';
import { Problem } from '../http/problem.ts';
import { followVideo } from '../render/follow.ts';
import { isFinal, timelineOf } from '../render/timeline.ts';
import { existing } from './videos.ts';

const retryMs = 1000;

/**
 * `GET /v1/videos/:id/events`: the progress of a video as server-sent events. It begins with the present state, or
 * behind the event that `Last-Event-ID` names, and ends with the final one; who has that one already gets 204, which
 * tells an EventSource to stop. As an event's id is the same on every process, a client may go on at another.
 */
export function eventRoutes(app: FastifyInstance, context: Context): void {
	const { videos, config, stopping } = context;

	app.get<{ Params: { id: string } }>('/v1/videos/:id/events', async ({ params, headers }, reply) => {
		const video = existing(videos, params.id);
		const lastId = lastEventId(headers['last-event-id']);
		const end = timelineOf(video).at(-1);
		if (end && end.at <= Date.now() && isFinal(end.status) && lastId >= end.id) return reply.code(204).send();

		const signal = AbortSignal.any([stopping, goneSignal(reply)]);
		reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no').type('text/event-stream');
		return reply.send(Readable.from(events(params.id, lastId, signal), { objectMode: false }));
	});

	async function* events(id: string, lastId: number, signal: AbortSignal) {
		yield `retry: ${retryMs}\n\n`;
		const moments = followVideo(videos, { id, lastId, signal })[Symbol.asyncIterator]();
		let next = moments.next();
		while (!signal.aborted) {
			const silence = new AbortController();
			const beat = sleep(config.heartbeatMs, 'heartbeat' as const, { signal: silence.signal }).catch(() => undefined);
			const first = await Promise.race([next, beat]);
			silence.abort();
			if (first === 'heartbeat') {
				yield ': heartbeat\n\n';
				continue;
			}
			if (!first || first.done) return;
			const { id: eventId, ...data } = first.value;
			const event = isFinal(data.status) ? data.status : 'progress';
			yield `id: ${eventId}\nevent: ${event}\ndata: ${JSON.stringify({ video_id: id, ...data })}\n\n`;
			next = moments.next();
		}
	}
}

function lastEventId(header: string | string[] | undefined): number {
	if (header === undefined || header === '') return 0;
	if (typeof header === 'string' && /^\d{1,9}$/.test(header)) return Number(header);
	throw new Problem('invalid_parameter', 'The Last-Event-ID is not one that this API gave.');
}
