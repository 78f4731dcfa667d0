import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { Duplex } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { type ClientOptions, WebSocket } from 'ws';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { Certificates } from '../support/certificates.ts';
import { freePorts } from '../support/free-ports.ts';
import { connect, fieldsOf, type RawClient } from '../support/raw-client.ts';
import { type Echo, type RawUpstream, startUpstream } from '../support/raw-upstream.ts';
import { connections, eventually, get } from '../support/suite.ts';

describe('TLS to clients', () => {
	let files: Certificates;
	let upstream: RawUpstream;
	let ballast: Ballast;
	let strictPort = 0;

	before(async () => {
		files = new Certificates();
		for (const name of ['one.example', 'two.example', '*.wild.example', 'fresh.example']) files.issue(name);
		upstream = await startUpstream();
		const [port, strict] = (await freePorts(2)) as [number, number];
		strictPort = strict;
		const named = ['one.example', 'two.example', '*.wild.example'].map((name) => files.pair(name));
		ballast = await startBallast({
			workers: 2,
			stop: '0s',
			listen: [
				{ port, tls: { certificates: named } },
				{ port: strict, tls: { certificates: [files.pair('one.example')], minVersion: 'TLSv1.3' } },
			],
			services: { app: { instances: [upstream.url] } },
		});
	});
	after(async () => {
		await ballast?.stop();
		await upstream?.close();
		files?.remove();
	});

	const secure = (options: tls.ConnectionOptions = {}): Promise<RawClient> =>
		connect(ballast.port, { tls: { ca: files.authority, servername: 'one.example', ...options } });
	const subject = (client: RawClient): string =>
		(client.socket as tls.TLSSocket).getPeerCertificate().subject.CN as string;

	test('plain HTTP is told that the port speaks HTTPS, and closed', async () => {
		for (const method of ['GET', 'DELETE', 'custom']) {
			const client = await connect(ballast.port);
			client.send(`${method} /evil-marker HTTP/1.1\r\nHost: one.example\r\n\r\n`);
			const answer = await client.answer();
			const { code, reason, detail } = answer.json<Record<string, string>>();
			assert.deepEqual([answer.status, code, reason], [400, 'bad_request', 'https_port']);
			assert.match(detail ?? '', /^This port speaks HTTPS/);
			assert.equal(
				answer.field('proxy-status'),
				'ballast; error=http_request_error; details="bad_request: https_port"',
			);
			assert.equal(answer.field('connection'), 'close');
			await client.until(() => client.ended, 'FIN');
			assert.equal(client.error, '');
			assert.doesNotMatch(client.received.toString(), /evil-marker/);
			client.destroy();
		}
		await eventually(
			() => connections(ballast),
			(open) => open === 0,
		);
	});

	test('plain HTTP byte by byte, a body that never ends: answered at the first byte, gone soon after', async () => {
		const client = await connect(ballast.port);
		client.send('P');
		assert.equal((await client.answer()).status, 400);
		const flood = setInterval(() => client.socket.write('x'.repeat(1000)), 20);
		await client.until(() => client.closed, 'the end', 8000);
		clearInterval(flood);
	});

	test('whatever else is no TLS is closed without an answer; silence and a lone FIN are too', async () => {
		for (const bytes of [
			'\x16\x03\x01\x00\x05hello',
			`\x80\x2e\x01\x00\x02${'x'.repeat(60)}`,
			'\r\n\r\n\r\n',
			'\0'.repeat(8),
		]) {
			const client = await connect(ballast.port);
			client.send(Buffer.from(bytes, 'latin1'));
			client.socket.end();
			await client.until(() => client.closed, JSON.stringify(bytes));
			assert.doesNotMatch(client.received.toString('latin1'), /HTTP/);
		}
		const client = await connect(ballast.port);
		client.socket.end();
		await client.until(() => client.closed, 'a lone FIN');
		assert.equal(client.bytes, 0);
	});

	test('a handshake in single bytes is one all the same', async () => {
		const socket = connectPlain(ballast.port, '127.0.0.1');
		const relay = new Duplex({
			read: () => {},
			write: (bytes: Buffer, _, done) => {
				void (async () => {
					for (const byte of bytes) {
						socket.write(Buffer.of(byte));
						await new Promise((resolve) => setImmediate(resolve));
					}
					done();
				})();
			},
		});
		socket.setNoDelay(true).on('data', (bytes) => relay.push(bytes));
		const secured = tls.connect({ socket: relay, ca: files.authority, servername: 'one.example' });
		await new Promise((resolve, reject) => secured.once('secureConnect', resolve).once('error', reject));
		secured.write(get('/one-by-one'));
		const text = await new Promise<string>((resolve) => secured.once('data', (bytes) => resolve(String(bytes))));
		assert.match(text, /^HTTP\/1\.1 200 /);
		secured.destroy();
		socket.destroy();
	});

	test('the certificate goes by the name that is asked for; wildcards hold for one label; else the first', async () => {
		const asked: [string, string][] = [
			['one.example', 'one.example'],
			['TWO.example', 'two.example'],
			['a.wild.example', '*.wild.example'],
		];
		for (const [servername, expected] of asked) {
			const client = await secure({ servername });
			assert.equal(subject(client), expected);
			client.destroy();
		}
		for (const servername of ['unknown.example', 'a.b.wild.example', '']) {
			const client = await secure({ servername, rejectUnauthorized: false });
			assert.equal(subject(client), 'one.example', servername);
			client.destroy();
		}
	});

	test('requests and bodies pass as over plain connections, and are marked as https', async () => {
		const client = await secure();
		client.send(get('/'));
		const echo = (await client.answer()).json<Echo>();
		assert.deepEqual(fieldsOf(echo.lines, 'x-forwarded-proto'), ['https']);
		const body = 'x'.repeat(3_000_000);
		client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
		assert.equal((await client.answer()).json<Echo>().body, body);
		client.send(`${get('/1')}${get('/2')}${get('/3', 'Connection: close')}`);
		for (const path of ['/1', '/2', '/3']) assert.equal((await client.answer()).json<Echo>().target, path);
		await client.until(() => client.ended, 'FIN');
	});

	test('curl takes it with the authority and by its own rules', async () => {
		const url = `https://one.example:${ballast.port}/x`;
		const args = ['-sS', '--cacert', files.authorityFile, '--resolve', `one.example:${ballast.port}:127.0.0.1`];
		const curl = async (...more: string[]) => (await promisify(execFile)('curl', [...args, ...more, url])).stdout;
		assert.match(await curl('--http1.1', '-w', ' %{http_version} %{ssl_verify_result}'), /"target":"\/x".* 1\.1 0$/);
		assert.match(await curl('--http2', '-w', ' %{http_version}'), / 1\.1$/);
	});

	test('a WebSocket over TLS', async () => {
		upstream.on('/ws', (request, peer) => {
			peer.send(
				`HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept(request.field('sec-websocket-key'))}\r\n\r\n`,
			);
			peer.send(Buffer.from([0x81, 2, 0x68, 0x69]));
			return peer.until(() => peer.ended || peer.closed, 'the end', 60_000);
		});
		const options = { ca: files.authority, servername: 'one.example' } as ClientOptions;
		const socket = new WebSocket(`wss://127.0.0.1:${ballast.port}/ws`, options);
		const text = await new Promise((resolve, reject) => {
			socket.on('message', (data) => resolve(String(data)));
			socket.on('error', reject);
		});
		assert.equal(text, 'hi');
		socket.terminate();
	});

	test('an answer that breaks off does not end cleanly over TLS either', async () => {
		upstream.on('/cut', async (_, peer) => {
			peer.send('HTTP/1.1 200 OK\r\n\r\nhalf');
			await new Promise((resolve) => setTimeout(resolve, 40));
			peer.reset();
		});
		for (const version of ['1.0', '1.1']) {
			const client = await secure();
			client.send(`GET /cut HTTP/${version}\r\nHost: a\r\n\r\n`);
			await client.until(() => client.closed || client.ended, 'the end');
			assert.equal(client.ended, false, `${version} ended cleanly`);
			assert.notEqual(client.error, '');
		}
	});

	test('half a request, garbage and silence on the TLS port harm nobody', async () => {
		const before = await connections(ballast);
		for (const bytes of ['', 'G', '\0'.repeat(1000), '\x16\x03\x01']) {
			const socket = connectPlain(ballast.port, '127.0.0.1');
			socket.on('error', () => {});
			socket.write(bytes, 'latin1');
			setTimeout(() => socket.destroy(), 100);
			let came = '';
			socket.on('data', (data) => (came += data.toString('latin1')));
			await new Promise((resolve) => socket.on('close', resolve));
			assert.equal(came.includes('HTTP'), bytes === 'G', JSON.stringify(bytes));
		}
		const client = await secure();
		client.send(get('/'));
		assert.equal((await client.answer()).status, 200);
		client.destroy();
		await eventually(
			() => connections(ballast),
			(count) => count <= before,
		);
		assert.doesNotMatch(ballast.output(), /worker \d+ (?:failed|ended)/);
	});

	test('a listener that wants TLS 1.3 refuses 1.2, another takes both', async () => {
		const trial = (port: number, maxVersion: tls.SecureVersion) =>
			connect(port, { tls: { ca: files.authority, servername: 'one.example', maxVersion } }).then(
				(client) => {
					const version = (client.socket as tls.TLSSocket).getProtocol();
					client.destroy();
					return version;
				},
				() => 'refused',
			);
		assert.equal(await trial(ballast.port, 'TLSv1.2'), 'TLSv1.2');
		assert.equal(await trial(ballast.port, 'TLSv1.3'), 'TLSv1.3');
		assert.equal(await trial(strictPort, 'TLSv1.2'), 'refused');
		assert.equal(await trial(strictPort, 'TLSv1.3'), 'TLSv1.3');
	});

	test('a session is taken up again by any worker', async () => {
		for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
			const first = await secure({ maxVersion });
			const session = new Promise<Buffer>((resolve) => first.socket.once('session', resolve));
			first.send(get('/'));
			await first.answer();
			const ticket =
				maxVersion === 'TLSv1.2' ? ((first.socket as tls.TLSSocket).getSession() as Buffer) : await session;
			first.destroy();
			// New connections go to both workers in about equal parts: sixteen reach each of them.
			for (let i = 0; i < 16; i++) {
				const again = await secure({ maxVersion, session: ticket });
				assert.equal((again.socket as tls.TLSSocket).isSessionReused(), true, `${maxVersion}, connection ${i}`);
				again.destroy();
			}
		}
	});

	test('files that change are taken up; a pair that does not fit is not', async () => {
		const open = await secure();
		const { cert, key } = files.pair('two.example');
		copyFileSync(files.pair('fresh.example').cert, cert);
		await ballast.printed('goes on with the certificates it has', { withinMs: 6000 });
		const still = await secure({ servername: 'two.example' });
		assert.equal(subject(still), 'two.example');
		still.destroy();
		copyFileSync(files.pair('fresh.example').key, key);
		await ballast.printed('new certificates are in use', { withinMs: 6000 });
		for (let i = 0; i < 8; i++) {
			const fresh = await secure({ servername: 'fresh.example' });
			assert.equal(subject(fresh), 'fresh.example');
			fresh.destroy();
		}
		open.send(get('/'));
		assert.equal((await open.answer()).status, 200);
		open.destroy();
	});
});

const accept = (key = ''): string =>
	createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
