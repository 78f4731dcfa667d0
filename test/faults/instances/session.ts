/**
 * A stateless API with sessions: what a session holds travels in its cookie, signed with a key that all instances share.
 * `POST /login?user=U` begins one, `POST /add?item=I` puts something in, `GET /cart` shows it; other requests are 404.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';

interface Session {
	user: string;
	items: string[];
}

const key = process.env['SESSION_KEY'] ?? '';
const sign = (text: string): string => createHmac('sha256', key).update(text).digest('base64url');

function write({ user, items }: Session): string {
	const text = Buffer.from(JSON.stringify({ user, items })).toString('base64url');
	return `session=${text}.${sign(text)}; Path=/; HttpOnly`;
}

function read(cookies = ''): Session | null {
	const [, text = '', signature = ''] = /(?:^|; )session=([\w-]+)\.([\w-]+)/.exec(cookies) ?? [];
	const given = Buffer.from(signature);
	const right = Buffer.from(sign(text));
	if (given.length !== right.length || !timingSafeEqual(given, right)) return null;
	return JSON.parse(Buffer.from(text, 'base64url').toString()) as Session;
}

function answer(response: ServerResponse, status: number, session: Session | null): void {
	const cookie = session === null ? {} : { 'set-cookie': write(session) };
	response.writeHead(status, { 'content-type': 'application/json', ...cookie });
	response.end(JSON.stringify({ instance: process.env['BALLAST_INSTANCE'], pid: process.pid, ...session }));
}

const server = createServer((request, response) => {
	const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
	const session =
		pathname === '/login' ? { user: searchParams.get('user') ?? '', items: [] } : read(request.headers.cookie);
	request.resume().on('end', () => {
		if (pathname === '/') answer(response, 200, null);
		else if (session === null) answer(response, 401, null);
		else if (pathname === '/add')
			answer(response, 200, { ...session, items: [...session.items, searchParams.get('item') ?? ''] });
		else answer(response, pathname === '/cart' || pathname === '/login' ? 200 : 404, session);
	});
});
server.keepAliveTimeout = 60_000;
process.on('SIGTERM', () => server.close(() => process.exit(0)));
server.listen(Number(process.env['PORT']), '127.0.0.1');
