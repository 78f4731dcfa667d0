import type { FastifyInstance } from 'fastify';
import type { RawData, WebSocket } from 'ws';
import type { Context } from '../context.ts';
import { Problem } from '../http/problem.ts';
import { followVideo } from '../render/follow.ts';

const maxWatches = 20;
const maxBufferedBytes = 4 * 1024 * 1024;
const goodbyeMs = 2000;

/**
 * `GET /v1/live`, a WebSocket. It says hello; `{"type":"watch","video_id":"…"}` lets it push the states of that video
 * until it is done; any other message comes back as it was sent.
 */
export function liveRoutes(app: FastifyInstance, context: Context): void {
	const { config, stopping } = context;
	const sockets = new Set<WebSocket>();
	stopping.addEventListener('abort', () => {
		for (const socket of sockets) sayGoodbye(socket);
	});

	app.route({
		method: 'GET',
		url: '/v1/live',
		handler: async () => {
			throw new Problem('upgrade_required', 'This is a WebSocket.', {
				headers: { upgrade: 'websocket', connection: 'Upgrade' },
			});
		},
		wsHandler: (socket) => {
			sockets.add(socket);
			const left = new AbortController();
			const stopBeating = keepBeating(socket, config.heartbeatMs);
			socket.on('close', () => {
				sockets.delete(socket);
				stopBeating();
				left.abort();
			});
			push(socket, { type: 'hello', instance: config.instance, pid: process.pid });
			if (stopping.aborted) return sayGoodbye(socket);
			answer(socket, context, left.signal);
		},
	});
}

function answer(socket: WebSocket, { videos }: Context, left: AbortSignal): void {
	let watches = 0;
	const watch = async (id: string) => {
		if (!videos.get(id)) return push(socket, { type: 'error', code: 'video_not_found', video_id: id });
		if (watches >= maxWatches) return push(socket, { type: 'error', code: 'too_many_watches', video_id: id });
		watches++;
		for await (const { id: _, ...state } of followVideo(videos, { id, lastId: 0, signal: left })) {
			push(socket, { type: 'status', video_id: id, ...state });
		}
		watches--;
	};
	socket.on('message', (data, isBinary) => {
		const id = isBinary ? undefined : watchedVideo(data);
		if (id === undefined) echo(socket, data, isBinary);
		else watch(id).catch(() => socket.close(1011, 'internal error'));
	});
}

/** Reads no further while the client does not take what was sent. */
function echo(socket: WebSocket, data: RawData, binary: boolean): void {
	socket.send(data as Buffer, { binary }, () => {
		if (socket.isPaused && socket.bufferedAmount < maxBufferedBytes) socket.resume();
	});
	if (socket.bufferedAmount >= maxBufferedBytes) socket.pause();
}

function watchedVideo(data: RawData): string | undefined {
	try {
		const message: unknown = JSON.parse(data.toString());
		if (typeof message !== 'object' || message === null || !('type' in message) || !('video_id' in message)) return;
		return message.type === 'watch' && typeof message.video_id === 'string' ? message.video_id : undefined;
	} catch {
		return undefined;
	}
}

function push(socket: WebSocket, message: object): void {
	socket.send(JSON.stringify(message), () => undefined);
}

/** Ends the socket when it has not answered the last ping; returns how to stop. */
function keepBeating(socket: WebSocket, everyMs: number): () => void {
	let alive = true;
	socket.on('pong', () => {
		alive = true;
	});
	const timer = setInterval(() => {
		if (!alive) return socket.terminate();
		alive = false;
		socket.ping();
	}, everyMs);
	return () => clearInterval(timer);
}

function sayGoodbye(socket: WebSocket): void {
	socket.close(1001, 'going away');
	setTimeout(() => socket.terminate(), goodbyeMs).unref();
}
