import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { Certificates } from '../support/certificates.ts';
import { connect, type RawClient } from '../support/raw-client.ts';
import { eventually, get, post, statusOf } from '../support/suite.ts';

describe('TLS to instances', () => {
	let files: Certificates;
	let strangers: Certificates;
	let ballast: Ballast;
	const servers: Server[] = [];
	let connectionsTo = 0;

	/** A real HTTPS server with this certificate. */
	async function instance({ cert, key }: { cert: string; key: string }): Promise<string> {
		const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
			const { servername } = request.socket as TLSSocket & { servername?: string };
			const chunks: Buffer[] = [];
			request.on('data', (chunk) => chunks.push(chunk));
			request.on('end', () => {
				const body = Buffer.concat(chunks);
				response.setHeader('x-server-name', String(servername));
				if (request.url?.endsWith('/cut')) {
					response.writeHead(200);
					response.write('half', () => request.socket.destroy());
				} else response.end(body.length > 0 ? body : 'secure');
			});
		});
		server.on('secureConnection', () => connectionsTo++);
		servers.push(server);
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		return `https://127.0.0.1:${(server.address() as { port: number }).port}`;
	}

	before(async () => {
		[files, strangers] = [new Certificates(), new Certificates()];
		const good = await instance(files.issue('127.0.0.1'));
		const named = await instance(files.issue('api.internal'));
		const strange = await instance(strangers.issue('127.0.0.1'));
		const plain = await instance(files.issue('unused.example'));
		const exchanged = await instance(files.pair('127.0.0.1'));
		const ca = files.authorityFile;
		const service = (url: string, tls: Record<string, unknown>) => ({
			instances: [url],
			upstream: { tls, idle: '100ms' },
			health: { interval: '1h' },
		});
		const services = {
			good: { match: '/good/*', ...service(good, { ca }) },
			named: { match: '/named/*', ...service(named, { ca, serverName: 'api.internal' }) },
			'wrong-name': { match: '/wrong-name/*', ...service(named, { ca }) },
			'wrong-server-name': { match: '/wrong-server-name/*', ...service(named, { ca, serverName: 'other.internal' }) },
			stranger: { match: '/stranger/*', ...service(strange, { ca }) },
			system: { match: '/system/*', instances: [good], health: { interval: '1h' } },
			unchecked: { match: '/unchecked/*', ...service(strange, { verify: false }) },
			'plain-to-tls': {
				match: '/plain-to-tls/*',
				instances: [plain.replace('https', 'http')],
				health: { interval: '1h' },
			},
			exchanged: { match: '/exchanged/*', ...service(exchanged, { ca }) },
		};
		ballast = await startBallast({ workers: 1, stop: '0s', services }, { ready: false });
		await ballast.printed('exchanged@127.0.0.1');
	});
	after(async () => {
		await ballast?.stop();
		for (const server of servers) {
			server.closeAllConnections();
			server.close();
		}
		files?.remove();
		strangers?.remove();
	});

	const using = async <T>(work: (client: RawClient) => Promise<T>): Promise<T> => {
		const client = await connect(ballast.port);
		try {
			return await work(client);
		} finally {
			client.destroy();
		}
	};
	const ask = (path: string, request = get(path)) =>
		using((client) => {
			client.send(request);
			return client.answer();
		});

	test('a certificate of the authority that names the address is taken, and its connection used again', async () => {
		const before = connectionsTo;
		for (let i = 0; i < 5; i++) assert.equal((await ask('/good/x')).text, 'secure');
		assert.equal(connectionsTo - before, 1);
		const body = 'x'.repeat(2_000_000);
		assert.equal((await ask('/good/x', post('/good/x', body))).text.length, body.length);
	});

	test('another name can be asked for and is found in the certificate', async () => {
		const answer = await ask('/named/x');
		assert.deepEqual([answer.text, answer.field('x-server-name')], ['secure', 'api.internal']);
	});

	test('an instance with a wrong name or of a strange authority is never ready, and status says why', async () => {
		for (const name of ['wrong-name', 'wrong-server-name', 'stranger', 'system']) {
			const answer = await ask(`/${name}/x`);
			assert.deepEqual([answer.status, answer.json<{ code: string }>().code], [503, 'no_ready_instance'], name);
			const { services } = await statusOf(ballast);
			const note = services.find((service) => service.name === name)?.instances[0]?.note ?? '';
			assert.match(note, /certificate|altnames|issuer|self.signed/i, name);
		}
	});

	test('one whose certificate is exchanged for a strange one is 502 tls_failed with the next connection, then down', async () => {
		assert.equal((await ask('/exchanged/x')).text, 'secure');
		const { cert, key } = strangers.pair('127.0.0.1');
		servers.at(-1)?.setSecureContext({ cert: readFileSync(cert), key: readFileSync(key) });
		await sleep(400);
		const answer = await ask('/exchanged/x', post('/exchanged/x', 'x'));
		assert.deepEqual([answer.status, answer.json<{ code: string }>().code], [502, 'tls_failed']);
		assert.equal(answer.field('proxy-status'), 'ballast; error=tls_certificate_error; details="tls_failed"');
		// Its probe, which that request called for, fails as well.
		await eventually(
			() => ask('/exchanged/x'),
			({ status }) => status === 503,
		);
	});

	test('unchecked, it is taken', async () => {
		assert.equal((await ask('/unchecked/x')).text, 'secure');
	});

	test('an instance that speaks TLS where plain HTTP was meant is 502', async () => {
		const answer = await ask('/plain-to-tls/x');
		assert.equal(answer.status, 502);
	});

	test('an answer until close that the instance breaks off is not ended cleanly', async () => {
		await using(async (client) => {
			client.send(get('/good/cut'));
			await client.until(() => client.closed || client.ended, 'the end');
			assert.equal(client.ended, false);
			assert.doesNotMatch(client.text(), /\r\n0\r\n\r\n$/);
		});
	});
});
