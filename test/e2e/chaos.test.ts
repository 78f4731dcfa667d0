import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Certificates } from '../support/certificates.ts';
import { endAtOnce } from '../support/end-at-once.ts';
import { freePorts } from '../support/free-ports.ts';
import type { RawClient } from '../support/raw-client.ts';
import { type ReceivedRequest, readBody } from '../support/raw-upstream.ts';
import {
	connections,
	eventually,
	get,
	inFlight,
	post,
	type SuiteOptions,
	statusOf,
	suite,
	TRANSPORTS,
} from '../support/suite.ts';

endAtOnce();

const SEED = Number(process.env['BALLAST_SEED'] ?? 1);
const CHAOS_MS = Number(process.env['BALLAST_CHAOS_MS'] ?? 2000);

/** A sequence that is the same for the same seed. */
function randomOf(seed: number): (below: number) => number {
	let state = seed | 1;
	return (below) => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
		return Math.floor(((state >>> 0) / 2 ** 32) * below);
	};
}

const variants: Record<string, SuiteOptions> = {
	'the handle': { env: TRANSPORTS.handle },
	'the stream': { env: TRANSPORTS.stream },
	TLS: { client: { tls: { rejectUnauthorized: false } } },
};

for (const [transport, options] of Object.entries(variants)) {
	describe(`clients and instances that do anything, over ${transport}`, () => {
		const certificates = new Certificates();
		after(() => certificates.remove());
		const listen = async () => {
			const [port] = await freePorts(1);
			return options.client === undefined ? port : { port, tls: certificates.issue('test.example') };
		};
		const it = suite(
			async ({ url }) => ({
				listen: await listen(),
				workers: 2,
				limits: { keepAlive: '500ms', head: { time: '500ms' } },
				services: {
					app: {
						instances: [url],
						upstream: { connections: 8, idle: '300ms' },
						timeouts: { connect: '300ms', firstByte: '400ms', idle: '400ms', request: '900ms' },
						limits: { body: '100KiB' },
						// Reached now and then.
						concurrency: 20,
						health: { interval: '1h' },
						routes: { '/fixed': { respond: 'x'.repeat(3000) } },
					},
				},
			}),
			options,
		);

		/** Deeds of the instance for one request; each ends or leaves the connection somehow. */
		const answers: ((peer: RawClient, random: (below: number) => number, request: ReceivedRequest) => unknown)[] = [
			async (peer, random, request) => {
				await readBody(peer, request);
				const text = 'a'.repeat(random(50_000));
				peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
			},
			async (peer, random, request) => {
				await readBody(peer, request);
				peer.send('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
				for (let i = random(20); i > 0; i--) {
					peer.send(`5\r\nhello\r\n`);
					if (random(3) === 0) await sleep(random(20));
				}
				peer.send('0\r\n\r\n');
			},
			(peer) => peer.finish('HTTP/1.1 200 OK\r\n\r\nuntil close'),
			(peer, random) => peer.send(`HTTP/1.1 ${401 + random(20)} No\r\nContent-Length: 2\r\n\r\nno`),
			(peer) => peer.reset(),
			(peer) => peer.finish(),
			(_peer, random) => sleep(random(600)),
			async (peer, random) => {
				peer.send('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf');
				await sleep(random(100));
				if (random(2) === 0) peer.reset();
				else peer.finish();
			},
			(peer, random) => peer.send(['garbage\r\n\r\n', 'HTTP/1.1 200 OK\r\nX : 1\r\n\r\n', '\0'][random(3)] as string),
			(peer, random) => {
				peer.send('HTTP/1.1 200 OK\r\nContent-Length: 30000000\r\n\r\n');
				peer.send(Buffer.alloc(random(30_000_000)));
			},
			async (peer, random) => {
				peer.send('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhello');
				await sleep(random(50));
				if (random(2) === 0) peer.reset();
				else peer.finish();
			},
			async (peer) => {
				peer.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n');
				await peer.until(() => peer.ended || peer.closed, 'the end', 3000);
			},
		];
		const ask = (random: (below: number) => number): string => {
			const chunked = `PUT /any HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`;
			const kinds = [
				get('/any'),
				get('/any', 'Connection: close'),
				get('/fixed'),
				post('/any', 'b'.repeat(random(60_000))),
				post('/any', 'b'.repeat(110_000)),
				`${chunked}0\r\n\r\n`,
				chunked,
				get('/any').slice(0, random(30)),
				'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
				'POST /any HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
				`${get('/any', 'Connection: Upgrade', 'Upgrade: echo')}early`,
				'HEAD /any HTTP/1.1\r\nHost: a\r\n\r\n',
				'GET /any HTTP/1.0\r\n\r\n',
			];
			return Array.from({ length: 1 + random(3) }, () => kinds[random(kinds.length)]).join('');
		};

		/** Clients that are open when the last has asked. */
		const left: RawClient[] = [];

		async function client(random: (below: number) => number, until: number): Promise<void> {
			while (performance.now() < until) {
				const one = await it.client(random(8) === 0 ? { paused: true } : {});
				const bytes = ask(random);
				const cut = random(4) === 0 ? random(bytes.length) : 0;
				one.send(bytes.slice(0, cut));
				if (cut > 0) await sleep(random(30));
				one.send(bytes.slice(cut));
				const ends = [() => one.destroy(), () => one.reset(), () => one.finish(), () => {}];
				await sleep([0, 1, 5, 50, 200][random(5)] as number);
				ends[random(4)]?.();
				await Promise.race([one.until(() => one.ended || one.closed, 'the end', 60_000), sleep(random(300))]);
				if (random(4) > 0) one.destroy();
				else left.push(one);
			}
		}

		test(`leave nothing behind (seed ${SEED})`, async () => {
			const served = randomOf(SEED);
			it.upstream.onHead('/any', (request, peer) => answers[served(answers.length)]?.(peer, served, request));
			const until = performance.now() + CHAOS_MS;
			await Promise.all(Array.from({ length: 24 }, (_, i) => client(randomOf(SEED * 1000 + i), until)));
			const { requests } = it.upstream;
			assert.ok(requests.length > 30, `${requests.length} requests`);
			for (const one of left) one.destroy();
			await eventually(
				() => inFlight(it.ballast),
				(count) => count === 0,
				6000,
			);
			await eventually(
				async () => (await statusOf(it.ballast)).services[0]?.concurrency?.inFlight,
				(count) => count === 0,
			);
			await eventually(
				() => it.upstream.peers.filter((peer) => !peer.ended && !peer.closed).length,
				(open) => open === 0,
				4000,
			);
			assert.equal((await it.ask(get('/still-there'))).status, 200);
		});

		test('and no connection of a client', async () => {
			await eventually(
				() => connections(it.ballast),
				(count) => count === 0,
				4000,
			);
		});
	});
}
