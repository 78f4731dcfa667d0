/** What an attack on an earlier state of the gateway showed; each must stay mended. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { Certificates } from '../support/certificates.ts';
import { connections, eventually, get, inFlight, post, statusOf, suite } from '../support/suite.ts';

describe('hostile clients and instances', () => {
	const it = suite(({ url }) => ({
		services: {
			app: {
				instances: [url],
				headers: { request: { set: { 'X-Sec': 'ours' } }, response: { remove: ['X-Internal'] } },
				routes: { '/away/*': { redirect: { to: '$path$query', status: 302 } } },
			},
		},
	}));

	test('hundreds of interim answers end the request, not the memory', async () => {
		it.upstream.on('/flood', async (_, peer) => {
			for (let i = 0; i < 200 && !peer.closed; i++)
				peer.send(`HTTP/1.1 103 Early Hints\r\nLink: ${'x'.repeat(1000)}\r\n\r\n`);
		});
		const client = await it.client();
		client.send(get('/flood'));
		let answer = await client.answer();
		let hints = 0;
		for (; answer.status === 103; hints++) answer = await client.answer();
		assert.equal(answer.status, 502);
		assert.ok(hints <= 32, `${hints} interim answers`);
	});

	test('a redirect to the own path stays on the site', async () => {
		for (const path of ['/away/x', '//evil.example/away/', '/\\evil.example/x', '//\\evil.example']) {
			const answer = await it.ask(get(`${path}`));
			const location = answer.field('location');
			if (location !== undefined) assert.doesNotMatch(location, /^[/\\]{2}/);
		}
		assert.equal((await it.ask(get('/away/x?y'))).field('location'), '/away/x?y');
	});

	test('trailers do not get around the fields that a policy sets', async () => {
		const received: string[] = [];
		it.upstream.on('/trailers', (request, peer) => {
			received.push(...request.lines, ...request.trailers);
			peer.send(
				'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Internal: 1\r\nX-Sum: 2\r\n\r\n',
			);
		});
		const client = await it.client();
		client.send(
			'POST /trailers HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Sec: theirs\r\nX-Sum: 1\r\n\r\n',
		);
		const answer = await client.answer();
		assert.deepEqual(answer.trailers, ['X-Sum: 2']);
		assert.deepEqual(
			received.filter((line) => /^x-s/i.test(line)),
			['X-Sec: ours', 'X-Sum: 1'],
		);
	});

	test('an untrusted client can claim nothing about its way here', async () => {
		const seen: string[] = [];
		it.upstream.on('/claims', (request, peer) => {
			seen.push(...request.lines);
			peer.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
		});
		const names = [
			'X-Real-IP',
			'X-Forwarded-Prefix',
			'X-Forwarded-Server',
			'X-Forwarded-Ssl',
			'X-Forwarded-Port',
			'Forwarded',
		];
		await it.ask(get('/claims', ...names.map((name) => `${name}: evil`)));
		assert.deepEqual(
			seen.filter((line) => line.includes('evil')),
			[],
		);
	});

	test('a connection whose end came in the same moment is not used for a POST', async () => {
		it.upstream.on('/bye', (_, peer) => peer.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
		const client = await it.client();
		client.send(get('/bye'));
		assert.equal((await client.answer()).text, 'ok');
		const { core } = await statusOf(it.ballast);
		// Both the FIN of the instance and the POST are there when the core looks again.
		process.kill(core.pid, 'SIGSTOP');
		try {
			for (const peer of it.upstream.peers) peer.finish();
			await new Promise((resolve) => setTimeout(resolve, 50));
			client.send(post('/bye', 'x'));
			await new Promise((resolve) => setTimeout(resolve, 50));
		} finally {
			process.kill(core.pid, 'SIGCONT');
		}
		assert.equal((await client.answer()).status, 200);
	});

	test('a tunnel whose instance resets behind a slow client is closed and forgotten', async () => {
		it.upstream.on('/tunnel', async (_, peer) => {
			peer.send('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: test\r\n\r\n');
			peer.send('x'.repeat(8_000_000));
			await new Promise((resolve) => setTimeout(resolve, 200));
			peer.socket.resetAndDestroy();
		});
		const client = await it.client();
		client.send(get('/tunnel', 'Connection: upgrade', 'Upgrade: test'));
		assert.equal((await client.answer()).status, 101);
		client.socket.pause();
		await new Promise((resolve) => setTimeout(resolve, 400));
		client.send('late');
		client.finish();
		client.socket.resume();
		await eventually(
			() => connections(it.ballast),
			(open) => open === 0,
		);
		assert.equal(await inFlight(it.ballast), 0);
	});
});

describe('TLS handshakes that are never finished', () => {
	let certificates: Certificates;
	let ballast: Ballast;
	before(async () => {
		certificates = new Certificates();
		const tls = certificates.issue('localhost');
		ballast = await startBallast({
			workers: 1,
			listen: [{ port: 0, tls }],
			limits: { connections: 20, head: { time: '1s' } },
			services: { app: { match: '/*', respond: 'hello' } },
		});
	});
	after(async () => {
		await ballast?.stop();
		certificates.remove();
	});

	test('they count as connections, and end', async () => {
		const sockets = Array.from({ length: 40 }, () => net.connect(ballast.port, '127.0.0.1').on('error', () => {}));
		let open = sockets.length;
		for (const socket of sockets) socket.on('close', () => open--).resume();
		const counted = await eventually(
			() => connections(ballast),
			(count) => count > 0,
		);
		assert.ok(counted <= 20, `${counted} connections`);
		await eventually(
			() => open,
			(left) => left === 0,
		);
		assert.equal(
			await eventually(
				() => connections(ballast),
				(count) => count === 0,
			),
			0,
		);
	});
});

describe('a stray line end behind a body', () => {
	const it = suite(({ url }) => ({ limits: { head: { time: '500ms' } }, services: { app: { instances: [url] } } }));

	test('begins no request, so no time limit of one', async () => {
		const client = await it.client();
		client.send(`${post('/x', 'body')}\r\n`);
		assert.equal((await client.answer()).status, 200);
		await new Promise((resolve) => setTimeout(resolve, 900));
		assert.equal(client.received.length, client.at, client.shown());
		client.send(get('/y'));
		assert.equal((await client.answer()).status, 200);
	});
});
