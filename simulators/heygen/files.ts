/** `/_files/`: results behind signed URLs, pictures, uploaded files. Ranges as in RFC 9110 §14. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { mp4Of } from './mp4.ts';
import { colourOf, pngOf } from './pictures.ts';
import { judgeUrl } from './signed-url.ts';
import { isReady } from './videos.ts';
import type { World } from './world.ts';

interface File {
	type: string;
	bytes: Buffer;
}

const THUMBNAIL = { width: 320, height: 180 };
/** Most results that are kept after they were made. */
const MOST_KEPT = 32;
const made = new WeakMap<World, Map<string, Buffer>>();

export function serveFile(
	world: World,
	{ request, response, url }: { request: IncomingMessage; response: ServerResponse; url: URL },
): void {
	if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(world, response, 405);
	const [, , kind = '', name = ''] = url.pathname.split('/');
	if (kind === 'video' || kind === 'thumbnail') {
		const verdict = judgeUrl(world.urlSecret, {
			path: url.pathname,
			query: url.searchParams,
			nowMs: world.clock.now(),
		});
		if (verdict !== 'good') return refuse(world, response, 403);
	}
	const file = findFile(world, kind, name);
	if (file === undefined) return refuse(world, response, 404);
	send(world, { request, response, file });
}

function findFile(world: World, kind: string, name: string): File | undefined {
	const [id = ''] = name.split('.');
	if (kind === 'asset') {
		const [asset, bytes] = [world.assets.get(id), world.assetBytes.get(id)];
		return asset === undefined || bytes === undefined ? undefined : { type: asset.mimeType, bytes };
	}
	if (kind === 'preview') return { type: 'image/png', bytes: pngOf(id, THUMBNAIL) };
	const video = world.videos.get(id);
	if (video === undefined || video.deletedAtMs !== null || !isReady(video, world.clock.now())) return undefined;
	if (kind === 'thumbnail') return { type: 'image/png', bytes: pngOf(id, THUMBNAIL) };
	if (kind === 'page') return { type: 'text/plain; charset=utf-8', bytes: Buffer.from(`${id}\n`) };
	if (kind !== 'video') return undefined;
	return { type: 'video/mp4', bytes: kept(world, id, () => mp4Of({ ...video, colour: colourOf(id) })) };
}

function kept(world: World, id: string, make: () => Buffer): Buffer {
	const files = made.get(world) ?? new Map<string, Buffer>();
	made.set(world, files);
	const bytes = files.get(id) ?? make();
	files.delete(id);
	files.set(id, bytes);
	for (const oldest of files.keys()) {
		if (files.size <= MOST_KEPT) break;
		files.delete(oldest);
	}
	return bytes;
}

function send(
	world: World,
	{ request, response, file }: { request: IncomingMessage; response: ServerResponse; file: File },
): void {
	const { type, bytes } = file;
	const headers = { 'content-type': type, 'accept-ranges': 'bytes', 'cache-control': 'private' };
	const range = rangeOf(request.headers.range, bytes.length);
	if (range === 'none') {
		world.counts.file(416);
		response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
		return;
	}
	const status = range === undefined ? 200 : 206;
	const [first, last] = range ?? [0, bytes.length - 1];
	const part = bytes.subarray(first, last + 1);
	const where = range === undefined ? {} : { 'content-range': `bytes ${first}-${last}/${bytes.length}` };
	world.counts.file(status);
	response.writeHead(status, { ...headers, ...where, 'content-length': part.length });
	response.end(request.method === 'HEAD' ? undefined : part);
}

/** Bytes that are asked for, the last included; undefined: all; `none`: there are none such. */
function rangeOf(field: string | undefined, size: number): [first: number, last: number] | 'none' | undefined {
	const [whole, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(field ?? '') ?? [];
	if (whole === undefined || (from === '' && to === '')) return undefined;
	if (from === '') return Number(to) === 0 ? 'none' : [Math.max(0, size - Number(to)), size - 1];
	if (to !== '' && Number(to) < Number(from)) return undefined;
	return Number(from) < size ? [Number(from), to === '' ? size - 1 : Math.min(Number(to), size - 1)] : 'none';
}

/** As storage does, in XML. */
function refuse(world: World, response: ServerResponse, status: number): void {
	world.counts.file(status);
	const code = status === 403 ? 'AccessDenied' : status === 404 ? 'NoSuchKey' : 'MethodNotAllowed';
	response.writeHead(status, { 'content-type': 'application/xml' });
	response.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code></Error>\n`);
}
