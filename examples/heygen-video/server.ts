/** The API: `PORT`, `HOST`, and `VIDEO_URL`, where HeyGen and the jobs are reached. SIGTERM ends it. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { createVideo, filmOf, listAvatars, type Reply } from './videos.ts';

const { PORT = '3000', HOST = '127.0.0.1' } = process.env;
/** Most bytes of a body. */
const BODY_MOST = 32 * 1024;
const page = readFileSync(join(import.meta.dirname, 'page.html'));

const server = createServer((request, response) => {
	answer(request)
		.then((reply) => send(response, reply))
		.catch((error: unknown) => {
			console.error(error instanceof Error ? error.message : error);
			send(response, problem(502, 'videos cannot be reached'));
		});
});
// Ballast keeps idle connections for 60 s; they are not to end under its next request.
server.keepAliveTimeout = 72_000;
server.listen(Number(PORT), HOST);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => server.close());

async function answer(request: IncomingMessage): Promise<Reply> {
	const { pathname } = new URL(request.url ?? '/', 'http://api');
	if (pathname === '/healthz') return { status: 200, body: 'ok\n' };
	if (pathname === '/') return { status: 200, fields: { 'content-type': 'text/html; charset=utf-8' }, body: page };
	if (pathname === '/avatars') return listAvatars();
	const user = request.headers.authorization;
	if (user === undefined) return problem(401, 'say who you are: Authorization: Bearer …');
	const caller = { user, prefer: one(request, 'prefer'), key: one(request, 'idempotency-key') };
	if (pathname === '/videos' && request.method === 'POST') {
		const wish = await body(request);
		return wish === undefined ? problem(413, 'a video is described in 32 KiB at most') : createVideo(caller, wish);
	}
	const [, job, film] = /^\/videos\/([A-Za-z0-9_-]{1,64})(\/film)?$/.exec(pathname) ?? [];
	if (job === undefined || request.method !== 'GET') return problem(404, 'not found');
	const reply = await filmOf(caller, job);
	if (typeof reply !== 'string') return reply;
	return film === undefined
		? { status: 200, body: JSON.stringify({ id: job, state: 'succeeded', film: reply }) }
		: { status: 302, fields: { location: reply, 'cache-control': 'no-store' }, body: '' };
}

function one(request: IncomingMessage, name: string): string | undefined {
	const value = request.headers[name];
	return Array.isArray(value) ? value[0] : value;
}

function problem(status: number, title: string): Reply {
	return { status, fields: { 'content-type': 'application/problem+json' }, body: JSON.stringify({ status, title }) };
}

function send(response: ServerResponse, { status, fields, body: bytes }: Reply): void {
	response.writeHead(status, { 'content-type': 'application/json', ...fields }).end(bytes);
}

/** JSON; `{}` for anything else, undefined where it is too large. */
async function body(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
	let text = '';
	for await (const part of request.setEncoding('utf8')) {
		text += part;
		if (text.length > BODY_MOST) return undefined;
	}
	try {
		const value: unknown = JSON.parse(text);
		return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
	} catch {
		return {};
	}
}
