import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttp, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer as createTls } from 'node:tls';
import type { HealthConfig } from './config.ts';
import type { Outcome } from './decide.ts';
import { probe, requestText } from './probe.ts';
import { readHead } from './probe-answer.ts';
import type { ProbeTarget, ProbeTls } from './probe-target.ts';

const health: HealthConfig = {
	kind: 'http',
	method: 'GET',
	headers: [],
	secretHeaders: [],
	body: null,
	path: '/healthz',
	intervalMs: 2000,
	timeoutMs: 250,
	healthyAfter: 1,
	unhealthyAfter: 2,
	statuses: [[200, 399]],
};

function probing(port: number, changes: Partial<HealthConfig> = {}, tls: ProbeTls | null = null): Promise<Outcome> {
	const target: ProbeTarget = {
		host: '127.0.0.1',
		port,
		tls,
		hostHeader: 'api.example',
		health: { ...health, ...changes },
		starting: false,
	};
	return new Promise((resolve) => probe(target, resolve));
}

async function serving<T>(server: Server, body: (port: number) => Promise<T>): Promise<T> {
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	try {
		return await body((server.address() as AddressInfo).port);
	} finally {
		server.close();
	}
}

const raw = (answer: (socket: Socket) => void): Server =>
	createServer((socket) => {
		socket.on('error', () => {});
		socket.once('data', () => answer(socket));
	});

test('a GET that names the host, asks for no keep-alive and is judged by its status', async () => {
	const seen: IncomingMessage[] = [];
	let status = 200;
	const server = createHttp((request, response) => {
		seen.push(request);
		response.writeHead(status).end('fine');
	});
	await serving(server, async (port) => {
		assert.deepEqual(await probing(port), { kind: 'up' });
		status = 500;
		assert.deepEqual(await probing(port), {
			kind: 'failed',
			why: 'GET /healthz answered 500',
			contact: 'answer',
		});
		assert.deepEqual(
			await probing(port, {
				statuses: [
					[200, 200],
					[500, 500],
				],
			}),
			{ kind: 'up' },
		);
	});
	assert.equal(seen[0]?.url, '/healthz');
	assert.equal(seen[0]?.headers.host, 'api.example');
	assert.equal(seen[0]?.headers.connection, 'close');
});

test('503 with x-ballast-drain: 1 is draining; without it, or with another status, it is not', async () => {
	let answer: [number, Record<string, string>] = [503, { 'X-Ballast-Drain': '1' }];
	const server = createHttp((_, response) => response.writeHead(...answer).end());
	await serving(server, async (port) => {
		assert.deepEqual(await probing(port), { kind: 'draining' });
		answer = [503, { 'x-ballast-drain': '0' }];
		assert.equal((await probing(port)).kind, 'failed');
		answer = [200, { 'x-ballast-drain': '1' }];
		assert.equal((await probing(port)).kind, 'up');
	});
});

test('an answer in single bytes, behind an interim one, is read', async () => {
	const server = raw(async (socket) => {
		for (const byte of Buffer.from('HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 \r\n\r\n')) {
			socket.write(Buffer.of(byte));
			await new Promise((resolve) => setImmediate(resolve));
		}
		socket.end();
	});
	await serving(server, async (port) => assert.deepEqual(await probing(port), { kind: 'up' }));
});

test('what is no HTTP, endless, silent, cut off or refused fails with its reason', async () => {
	const why = async (server: Server): Promise<string> => {
		const outcome = await serving(server, (port) => probing(port));
		return outcome.kind === 'failed' ? outcome.why : outcome.kind;
	};
	assert.equal(await why(raw((socket) => socket.end('SSH-2.0-OpenSSH\r\n\r\n'))), 'its answer is not HTTP/1.1');
	assert.equal(await why(raw((socket) => socket.end('HTTP/2 200\r\n\r\n'))), 'its answer is not HTTP/1.1');
	assert.equal(
		await why(raw((socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}`))),
		'the head of its answer is too long',
	);
	assert.equal(await why(raw(() => {})), 'no answer within 250 ms');
	assert.equal(
		await why(raw((socket) => socket.end('HTTP/1.1 200 OK\r\n'))),
		'the connection was closed without an answer',
	);
	const port = await serving(createServer(), async (free) => free);
	assert.deepEqual(await probing(port), { kind: 'failed', why: 'the connection was refused', contact: 'none' });
});

test('a body that never ends is not read on for ever, and the verdict does not wait for it', async () => {
	const ended = Promise.withResolvers<void>();
	const server = raw((socket) => {
		socket.on('close', () => ended.resolve());
		const more = () => {
			while (!socket.destroyed && socket.write('x'.repeat(16_384)));
		};
		socket.write('HTTP/1.1 200 OK\r\n\r\n');
		socket.on('drain', more);
		more();
	});
	await serving(server, async (port) => {
		assert.deepEqual(await probing(port), { kind: 'up' });
		await ended.promise;
	});
});

test('tcp: the connect is enough, and a refused one is not', async () => {
	await serving(
		createServer((socket) => socket.resume()),
		async (port) => {
			assert.deepEqual(await probing(port, { kind: 'tcp' }), { kind: 'up' });
		},
	);
	const port = await serving(createServer(), async (free) => free);
	assert.equal((await probing(port, { kind: 'tcp' })).kind, 'failed');
});

test('readHead waits for a whole head and skips interim answers', () => {
	const read = (text: string) => {
		const head = readHead(Buffer.from(text));
		return head === null || 'kind' in head ? head : head.status;
	};
	const none = { kind: 'failed', why: 'its answer is not HTTP/1.1', contact: 'answer' };
	assert.equal(read(''), null);
	assert.equal(read('HT'), null);
	assert.deepEqual(read('HX'), none);
	assert.equal(read('HTTP/1.1 100 Continue\r\n\r\n'), null);
	assert.equal(read('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200\r\n\r\n'), 200);
	assert.deepEqual(read('HTTP/1.1 2000 OK\r\n\r\n'), none);
});

test('method and fields of the configuration; what it says replaces what Ballast says', () => {
	const changes: Partial<HealthConfig> = {
		method: 'POST',
		headers: [
			['X-Key', 'k'],
			['accept', 'text/plain'],
		],
		body: { kind: 'text', text: 'ok' },
	};
	assert.equal(
		requestText({ health: { ...health, ...changes }, hostHeader: 'api.example' }),
		[
			'POST /healthz HTTP/1.1',
			'Host: api.example',
			'User-Agent: ballast-probe',
			'Accept-Encoding: identity',
			'X-Key: k',
			'accept: text/plain',
			'Content-Length: 0',
			'Connection: close',
			'\r\n',
		].join('\r\n'),
	);
});

const OK_BODY = { kind: 'text', text: '"ok"' } as const;

test('the body: by length, in chunks, until the end, over 64 KiB, to HEAD', async () => {
	let answer = '';
	const server = raw((socket) => socket.end(answer));
	await serving(server, async (port) => {
		const outcome = async (text: string, changes: Partial<HealthConfig> = { body: OK_BODY }) => {
			answer = text;
			const found = await probing(port, changes);
			return found.kind === 'failed' ? found.why : found.kind;
		};
		const head = 'HTTP/1.1 200 OK\r\n';
		const without = 'GET /healthz answered 200 without "\\"ok\\"" in its body';
		assert.equal(await outcome(`${head}Content-Length: 15\r\n\r\n{"status":"ok"}`), 'up');
		assert.equal(await outcome(`${head}Content-Length: 17\r\n\r\n{"status":"down"}`), without);
		// The text lies across a border of chunks.
		assert.equal(await outcome(`${head}Transfer-Encoding: chunked\r\n\r\n2\r\n"o\r\n2\r\nk"\r\n0\r\n\r\n`), 'up');
		assert.equal(
			await outcome(`${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n"ok"`),
			'the body of its answer is malformed',
		);
		assert.equal(await outcome(`${head}\r\n"ok"`), 'up');
		assert.equal(await outcome(`${head}\r\n${'x'.repeat(65_540)}"ok"`), without);
		assert.equal(await outcome(`${head}Content-Length: 999999\r\n\r\n"ok"${'x'.repeat(65_540)}`), 'up');
		// A part is no whole body: the text may be yet to come, or what was cut off may matter.
		assert.equal(await outcome(`${head}Content-Length: 99\r\n\r\n"ok"`), 'the connection was closed without an answer');
		assert.equal(await outcome('HTTP/1.1 500 No\r\n\r\n"ok"'), 'GET /healthz answered 500');
		const pattern = (source: string) => ({ body: { kind: 'pattern' as const, source } });
		assert.equal(await outcome(`${head}\r\nstatus=ok`, pattern('^status=(?:ok|up)$')), 'up');
		assert.equal(
			await outcome(`${head}\r\nstatus=no`, pattern('^status=(?:ok|up)$')),
			'GET /healthz answered 200, and its body does not match "^status=(?:ok|up)$"',
		);
		assert.match(await outcome(`${head}\r\n${'a'.repeat(65_536)}`, pattern('.*x')), /takes too long/);
		assert.equal(await outcome(`${head}Content-Length: 9\r\n\r\n`, { method: 'HEAD' }), 'up');
	});
});

test('an outcome says how far the probe got', async () => {
	const contact = async (server: Server) => {
		const outcome = await serving(server, (port) => probing(port));
		return outcome.kind === 'failed' ? outcome.contact : outcome.kind;
	};
	assert.equal(await contact(raw(() => {})), 'silent');
	assert.equal(await contact(raw((socket) => socket.destroy())), 'silent');
	assert.equal(await contact(raw((socket) => socket.end('HTTP/1.1 404 No\r\n\r\n'))), 'answer');
});

const folder = mkdtempSync(join(tmpdir(), 'ballast-probe-'));
test.after(() => rmSync(folder, { recursive: true }));

/** A certificate for `api.internal` that is its own authority; false when there is no openssl here. */
function certificate(): boolean {
	const args =
		'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=api.internal -keyout key.pem -out cert.pem';
	try {
		execFileSync('openssl', [...args.split(' '), '-addext', 'subjectAltName=DNS:api.internal'], {
			cwd: folder,
			stdio: 'ignore',
		});
		return true;
	} catch {
		return false;
	}
}

test('TLS: the authority and the name are checked, unless verify is off', async (context) => {
	if (!certificate()) return context.skip('openssl is not installed: no certificate to test with');
	const pem = (name: string) => readFileSync(join(folder, name));
	const server = createTls({ key: pem('key.pem'), cert: pem('cert.pem') }, (socket) => {
		socket.on('error', () => {});
		socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
	});
	server.on('tlsClientError', () => {});
	const ca = join(folder, 'cert.pem');
	await serving(server, async (port) => {
		const good = { ca, serverName: 'api.internal', verify: true };
		assert.deepEqual(await probing(port, {}, good), { kind: 'up' });
		assert.deepEqual(await probing(port, { kind: 'tcp' }, good), { kind: 'up' });
		const why = async (tls: ProbeTls) => {
			const outcome = await probing(port, {}, tls);
			return outcome.kind === 'failed' ? outcome.why : '';
		};
		assert.match(await why({ ...good, serverName: 'other.internal' }), /other\.internal/);
		assert.match(await why({ ...good, serverName: null }), /127\.0\.0\.1/);
		assert.match(await why({ ...good, ca: null }), /self-signed/);
		assert.match(await why({ ...good, ca: join(folder, 'none.pem') }), /ENOENT/);
		assert.deepEqual(await probing(port, {}, { ca: null, serverName: null, verify: false }), { kind: 'up' });
	});
});
