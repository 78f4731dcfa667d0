/** The API: `PORT`, `HOST`, `DATABASE_URL`, `REDIS_URL` (several instances need one). SIGTERM ends it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { cacheQueries, createCache } from './ballast-cache.ts';
import { getFilm, listFilms, prepare, quote, review } from './films.ts';

const { PORT = '3000', HOST = '127.0.0.1', DATABASE_URL = '', REDIS_URL } = process.env;
if (DATABASE_URL === '') refuse('DATABASE_URL is not set');

const database = new pg.Pool({ connectionString: DATABASE_URL, max: 10, connectionTimeoutMillis: 3000 });
// A connection that breaks while nobody uses it is replaced.
database.on('error', (error) => console.error(`database: ${error.message}`));
await prepare(database).catch((error: Error) => refuse(`no PostgreSQL answers there: ${error.message}`));

const cache = await createCache({ name: 'cached-api', ...(REDIS_URL ? { redis: REDIS_URL } : {}) });
const pool = await cacheQueries(database, cache);

function refuse(why: string): never {
	console.error(`${why}\nThis example needs a PostgreSQL: DATABASE_URL=postgres://USER@HOST/DATABASE node server.ts`);
	process.exit(2);
}

async function answer(request: IncomingMessage): Promise<[number, unknown]> {
	const { pathname } = new URL(request.url ?? '/', 'http://api');
	const [, id, action] = /^\/films\/(\d{1,9})(?:\/(reviews))?$/.exec(pathname) ?? [];
	if (request.method === 'POST') {
		if (action === undefined) return [404, { error: 'not found' }];
		const { stars } = (await body(request)) as { stars?: unknown };
		if (!Number.isInteger(stars) || Number(stars) < 1 || Number(stars) > 5) return [400, { error: 'stars: 1 to 5' }];
		return (await review(pool, Number(id), Number(stars))) ? [201, { stars }] : [404, { error: 'no such film' }];
	}
	if (pathname === '/films') return [200, await listFilms(pool)];
	if (pathname === '/quote') return [200, { quote: await quote(cache, slowQuote) }];
	const film = id === undefined || action !== undefined ? undefined : await getFilm(pool, Number(id));
	return film === undefined ? [404, { error: 'not found' }] : [200, film];
}

async function slowQuote(): Promise<string> {
	await sleep(200);
	return 'Ship’s weight is what keeps her upright.';
}

/** At most 1 KiB of JSON; nothing for anything else. */
async function body(request: IncomingMessage): Promise<unknown> {
	let text = '';
	for await (const part of request.setEncoding('utf8')) {
		text += part;
		if (text.length > 1024) return {};
	}
	try {
		return JSON.parse(text) ?? {};
	} catch {
		return {};
	}
}

function send(response: ServerResponse, status: number, value: unknown): void {
	response.writeHead(status, { 'content-type': 'application/json', 'x-instance': `${process.pid}` });
	response.end(`${JSON.stringify(value)}\n`);
}

const server = createServer((request, response) => {
	if (request.url === '/healthz') return send(response, 200, { ok: true });
	if (request.url === '/metrics') {
		response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
		return response.end(cache.metrics());
	}
	answer(request).then(
		([status, value]) => send(response, status, value),
		(error: Error) => {
			console.error(error.message);
			send(response, 500, { error: 'the database failed' });
		},
	);
});
server.keepAliveTimeout = 72_000;
server.listen(Number(PORT), HOST);

process.once('SIGTERM', () => {
	server.close(() => {
		void Promise.all([cache.close(), database.end()]).then(() => process.exit(0));
	});
	server.closeIdleConnections();
});
