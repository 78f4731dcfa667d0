/**
 * An API whose answers say which request they are for: `/echo/ID?size=N&deed=D` gives the text of ID, N long, and
 * `X-Id: ID`; `X-Read` says whether the body that came was that of ID too. The deed is what it does instead of an answer.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { parseArgs } from 'node:util';
import { BIG_BYTES, type Deed, textOf } from '../echo-text.ts';

const LATE_MS = 40;
let big: Buffer | undefined;
/** Beyond every time limit of the tests; then it answers after all, to see who gets it. */
const NEVER_MS = 1200;
const { values: options } = parseArgs({
	options: { errors: { type: 'string', default: '0' }, release: { type: 'string', default: '' } },
});
const name = `${options.release}${process.env['BALLAST_INSTANCE'] ?? 'echo'} ${process.pid}`;
/** Share of the echoing requests that get 500, 0…1. */
const errors = Number(options.errors);

interface Asked {
	id: string;
	size: number;
	deed: Deed;
}

function readTarget(url = '/'): Asked {
	const { pathname, searchParams } = new URL(url, 'http://localhost');
	return {
		id: pathname.slice(pathname.lastIndexOf('/') + 1),
		size: Number(searchParams.get('size') ?? 0),
		deed: (searchParams.get('deed') ?? 'ok') as Deed,
	};
}

const server = createServer((request, response) => {
	request.on('error', () => {});
	response.on('error', () => {});
	const asked = readTarget(request.url);
	if (asked.deed === 'early') answer(request, response, { asked, read: 'early' });
	let body = '';
	request.setEncoding('latin1').on('data', (text: string) => (body += text));
	request.on('end', () => {
		if (asked.deed === 'early') return;
		const read = body === textOf(asked.id, body.length) && request.headers['x-id'] === asked.id ? 'ok' : 'mixed';
		(DEED[asked.deed] ?? answer)(request, response, { asked, read });
	});
});

type Act = (request: IncomingMessage, response: ServerResponse, told: { asked: Asked; read: string }) => void;

const answer: Act = (request, response, { asked, read }) => {
	const status = request.url !== '/' && Math.random() < errors ? 500 : 200;
	const body = textOf(asked.id, asked.size);
	response.writeHead(status, { 'x-id': asked.id, 'x-read': read, 'x-instance': name, 'content-length': body.length });
	response.end(request.method === 'HEAD' ? undefined : body);
};

/** Begins an answer of this length and sends half of it. */
function half(response: ServerResponse, { id, size }: Asked, framing: string): void {
	const text = textOf(id, size);
	const part = text.slice(0, size >> 1);
	const bytes = framing.startsWith('Content') ? part : `${text.length.toString(16)}\r\n${part}`;
	response.socket?.write(`HTTP/1.1 200 OK\r\nX-Id: ${id}\r\nX-Read: ok\r\n${framing}\r\n\r\n${bytes}`, 'latin1');
}

const DEED: Partial<Record<Deed, Act>> = {
	chunked: (_request, response, { asked, read }) => {
		response.writeHead(200, { 'x-id': asked.id, 'x-read': read, 'x-instance': name });
		const text = textOf(asked.id, asked.size);
		for (let at = 0; at < text.length; at += 1500) response.write(text.slice(at, at + 1500));
		response.end();
	},
	close: (_request, response, { asked, read }) => {
		response.removeHeader('transfer-encoding');
		response.writeHead(200, { 'x-id': asked.id, 'x-read': read, connection: 'close' });
		response.end(textOf(asked.id, asked.size));
	},
	hints: (request, response, told) => {
		response.writeEarlyHints({ link: '</style.css>; rel=preload' });
		answer(request, response, told);
	},
	late: (request, response, told) => setTimeout(() => answer(request, response, told), LATE_MS),
	never: (request, response, told) => setTimeout(() => answer(request, response, told), NEVER_MS),
	reset: (request) => request.socket.resetAndDestroy(),
	end: (request) => request.socket.destroy(),
	'half-head': (request, _response, { asked }) => {
		request.socket.end(`HTTP/1.1 200 OK\r\nX-Id: ${asked.id}\r\nContent-`);
	},
	cut: (request, response, { asked }) => {
		half(response, asked, `Content-Length: ${asked.size}`);
		request.socket.end();
	},
	'cut-chunked': (request, response, { asked }) => {
		half(response, asked, 'Transfer-Encoding: chunked');
		request.socket.end();
	},
	'cut-reset': (request, response, { asked }) => {
		half(response, asked, `Content-Length: ${asked.size}`);
		setTimeout(() => request.socket.resetAndDestroy(), 5);
	},
	error: (_request, response, { asked }) => {
		response.writeHead(503, { 'x-id': asked.id, 'x-read': 'ok', 'content-length': 0 }).end();
	},
	big: (_request, response) => {
		big ??= Buffer.alloc(BIG_BYTES, 'x');
		response.end(big);
	},
	die: () => process.kill(process.pid, 'SIGKILL'),
};

server.keepAliveTimeout = 60_000;
process.on('SIGTERM', () => {
	server.close(() => process.exit(0));
	server.closeIdleConnections();
});
server.listen(Number(process.env['PORT'] ?? 0), process.env['ECHO_HOST'] ?? '127.0.0.1', 4096, () => {
	const address = server.address();
	console.log(`port ${typeof address === 'object' ? address?.port : address}`);
});
