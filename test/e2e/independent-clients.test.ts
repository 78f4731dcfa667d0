import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import http, { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Agent, Client, EventSource } from 'undici';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { eventually, inFlight } from '../support/suite.ts';

const run = promisify(execFile);
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const LARGE = randomBytes(12_000_000);

/** Clients and a server that know nothing of one another's authors. */
describe('independent clients', () => {
	let server: Server;
	let ballast: Ballast;
	before(async () => {
		server = createServer((request, response) => {
			const hash = createHash('sha256');
			let length = 0;
			if (request.url === '/refused') {
				response.writeHead(413, { 'content-length': 7 }).end('too big');
				return;
			}
			request.on('data', (chunk: Buffer) => {
				hash.update(chunk);
				length += chunk.length;
			});
			request.on('end', () => answer(request, response, { length, sha: hash.digest('hex') }));
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const { port } = server.address() as { port: number };
		const app = { instances: [`http://127.0.0.1:${port}`], limits: { body: '100MiB' } };
		ballast = await startBallast({ workers: 2, stop: '0s', services: { app } });
	});
	after(async () => {
		await ballast?.stop();
		server?.closeAllConnections();
		server?.close();
		assert.doesNotMatch(ballast.output(), /worker \d+: |worker \d+ (?:failed|ended)/);
	});

	function answer(
		request: http.IncomingMessage,
		response: http.ServerResponse,
		got: { length: number; sha: string },
	): void {
		if (request.url === '/large') response.writeHead(200, { 'content-length': LARGE.length }).end(LARGE);
		else if (request.url === '/chunked') {
			response.writeHead(200, { trailer: 'x-sha' });
			response.write(LARGE.subarray(0, 5_000_000));
			response.addTrailers({ 'x-sha': sha(LARGE) });
			response.end(LARGE.subarray(5_000_000));
		} else if (request.url === '/events') {
			response.writeHead(200, { 'content-type': 'text/event-stream' });
			for (let i = 0; i < 3; i++) response.write(`id: ${i}\ndata: ${i}\n\n`);
		} else response.end(JSON.stringify({ method: request.method, ...got }));
	}

	const curl = async (...args: string[]): Promise<string> =>
		(await run('curl', ['-sS', ...args], { maxBuffer: 1e8 })).stdout;

	test('curl: keep-alive, HEAD, large bodies, chunked uploads, Expect, HTTP/1.0', async () => {
		const { url } = ballast;
		const file = join(tmpdir(), `ballast-upload-${process.pid}`);
		writeFileSync(file, LARGE);
		try {
			const reused = await curl(`${url}/a`, `${url}/b`, `${url}/c`, '-w', ' %{num_connects}\n');
			assert.deepEqual(
				reused
					.trim()
					.split('\n')
					.map((line) => line.slice(-1)),
				['1', '0', '0'],
			);
			assert.match(await curl('-I', `${url}/large`), /^HTTP\/1\.1 200 OK\r\n[\s\S]*content-length: 12000000/i);
			const got = { length: LARGE.length, sha: sha(LARGE) };
			const expecting = JSON.parse(await curl('-T', file, '-H', 'Expect: 100-continue', `${url}/put`));
			assert.deepEqual(expecting, { method: 'PUT', ...got });
			const chunked = JSON.parse(
				await curl('-X', 'POST', '-T', file, '-H', 'Transfer-Encoding: chunked', '-H', 'Expect:', `${url}/post`),
			);
			assert.deepEqual(chunked, { method: 'POST', ...got });
			assert.match(await curl('-0', '-i', `${url}/old`), /^HTTP\/1\.1 200[\s\S]*connection: close[\s\S]*"GET"/i);
			assert.match(await curl('-i', '-T', file, `${url}/refused`), /413 Payload Too Large[\s\S]*too big$/);
			for (const path of ['/large', '/chunked']) {
				const { stdout } = await run('curl', ['-sS', `${url}${path}`], { maxBuffer: 1e8, encoding: 'buffer' });
				assert.equal(sha(stdout), sha(LARGE), path);
			}
		} finally {
			rmSync(file, { force: true });
		}
	});

	test('undici: pipelining, parallel requests, streams and trailers', async () => {
		const client = new Client(ballast.url, { pipelining: 10 });
		const answers = await Promise.all(
			Array.from({ length: 50 }, async (_, i) => {
				const { statusCode, body } = await client.request({ path: `/${i}`, method: 'GET' });
				return [statusCode, ((await body.json()) as { method: string }).method];
			}),
		);
		assert.deepEqual(answers, Array(50).fill([200, 'GET']));
		await client.close();
		const agent = new Agent({ connections: 20 });
		const uploads = await Promise.all(
			Array.from({ length: 10 }, async () => {
				const { body } = await agent.request({ origin: ballast.url, path: '/up', method: 'POST', body: LARGE });
				return ((await body.json()) as { sha: string }).sha;
			}),
		);
		assert.deepEqual(uploads, Array(10).fill(sha(LARGE)));
		const { body, trailers } = await agent.request({ origin: ballast.url, path: '/chunked', method: 'GET' });
		assert.equal(sha(new Uint8Array(await body.arrayBuffer())), sha(LARGE));
		assert.equal((trailers as Record<string, string>)['x-sha'], sha(LARGE));
		await agent.close();
	});

	test('undici: server-sent events arrive one by one', async () => {
		const source = new EventSource(`${ballast.url}/events`);
		const ids: string[] = [];
		await new Promise<void>((resolve, reject) => {
			source.onmessage = (event) => {
				ids.push(event.lastEventId);
				if (ids.length === 3) resolve();
			};
			source.onerror = () => reject(new Error('the stream broke'));
		});
		assert.deepEqual(ids, ['0', '1', '2']);
		source.close();
	});

	test("Node's own client: an agent that keeps connections, bodies piped both ways", async () => {
		const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
		const ask = (path: string, body?: Buffer) =>
			new Promise<string>((resolve, reject) => {
				const request = http.request(`${ballast.url}${path}`, { agent, method: body ? 'POST' : 'GET' }, (response) =>
					text(response).then(resolve, reject),
				);
				request.on('error', reject);
				request.end(body);
			});
		const answers = await Promise.all(
			Array.from({ length: 100 }, (_, i) => ask(`/${i}`, i % 2 === 0 ? LARGE.subarray(0, i * 1000) : undefined)),
		);
		for (const [i, found] of answers.entries()) assert.equal(JSON.parse(found).length, i % 2 === 0 ? i * 1000 : 0);
		agent.destroy();
	});

	test('wrk: two seconds of load without an error', async (t) => {
		const found = await run('wrk', ['-t1', '-c32', '-d2s', '--latency', `${ballast.url}/load`]).catch(
			(error: NodeJS.ErrnoException) => {
				if (error.code !== 'ENOENT') throw error;
				return null;
			},
		);
		if (found === null) return t.skip('wrk is not installed');
		assert.doesNotMatch(found.stdout, /Socket errors|Non-2xx/);
		const [, requests = '0'] = /(\d+) requests in/.exec(found.stdout) ?? [];
		assert.ok(Number(requests) > 500, found.stdout);
		await eventually(
			() => inFlight(ballast),
			(count) => count === 0,
		);
	});
});
