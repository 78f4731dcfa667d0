import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Blackhole, openBlackhole } from '../support/blackhole.ts';
import { type RawUpstream, type Script, startUpstream } from '../support/raw-upstream.ts';
import { eventually, get, inFlight, statusOf, suite, TRANSPORTS } from '../support/suite.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine';
const failing = (status: number, ...lines: string[]): string =>
	`HTTP/1.1 ${status} X\r\nContent-Length: 4\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\nfail`;
const put = (path: string, body: string, method = 'PUT'): string =>
	`${method} ${path} HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

for (const [transport, env] of Object.entries(TRANSPORTS)) {
	describe(`a failed attempt, over the ${transport}`, () => {
		let other: RawUpstream;
		after(() => other.close());
		const it = suite(
			async ({ url }) => {
				other = await startUpstream();
				const instances = [url, other.url];
				const health = { interval: '1h' };
				return {
					// These tests have instances fail on purpose, again and again: none is taken out for it.
					defaults: { outliers: 'off' },
					services: {
						app: { instances, health, balance: 'round-robin', hold: 'off' },
						strict: { match: '/strict/*', instances, health, retry: { on: ['connect'] } },
						off: { match: '/off/*', instances, health, balance: 'round-robin', retry: 'off' },
						timed: { match: '/timed/*', instances, health, retry: { timeout: '300ms' }, timeouts: { firstByte: '5s' } },
					},
				};
			},
			{ env },
		);
		/** The first request for a path, at whatever instance, gets this; each later one 200. */
		const first = (path: string, deed: Script | string): void => {
			let done = false;
			for (const upstream of [it.upstream, other]) {
				upstream.on(path, (request, peer) => {
					if (done) return peer.send(OK);
					done = true;
					return typeof deed === 'string' ? peer.send(deed) : deed(request, peer);
				});
			}
		};
		const asked = (path: string): number => it.upstream.count(path) + other.count(path);

		test('a GET that is reset, closed or answered 502, 503, 504 succeeds at the other', async () => {
			const deeds: Record<string, Script | string> = {
				'/reset': (_, peer) => peer.reset(),
				'/closed': (_, peer) => peer.finish(),
				'/502': failing(502),
				'/503': failing(503),
				'/504': failing(504),
				'/503-close': failing(503, 'Connection: close'),
			};
			for (const [path, deed] of Object.entries(deeds)) {
				first(path, deed);
				const answer = await it.ask(get(path));
				assert.deepEqual([answer.status, answer.text, asked(path)], [200, 'fine', 2], path);
				assert.deepEqual([it.upstream.count(path), other.count(path)], [1, 1], `${path}: never the same one`);
			}
			await eventually(
				() => inFlight(it.ballast),
				(count) => count === 0,
			);
		});

		test('500, 501 and what the policy leaves out are passed on', async () => {
			for (const path of ['/500', '/501']) {
				first(path, failing(Number(path.slice(1))));
				assert.equal((await it.ask(get(path))).status, Number(path.slice(1)));
				assert.equal(asked(path), 1);
			}
			first('/strict/503', failing(503));
			assert.equal((await it.ask(get('/strict/503'))).text, 'fail');
			first('/off/503', failing(503));
			assert.equal((await it.ask(get('/off/503'))).text, 'fail');
		});

		test('when both fail the last answer is passed on', async () => {
			for (const upstream of [it.upstream, other]) upstream.on('/both', failing(503, 'X-By: instance'));
			const answer = await it.ask(get('/both'));
			assert.deepEqual([answer.status, answer.field('x-by'), asked('/both')], [503, 'instance', 2]);
		});

		test('a POST is not sent again, whatever happened', async () => {
			for (const [path, deed] of [
				['/post-reset', (_: unknown, peer: { reset(): void }) => peer.reset()],
				['/post-503', failing(503)],
			] as [string, Script | string][]) {
				first(path, deed);
				const { status } = await it.ask(put(path, 'body', 'POST'));
				assert.deepEqual([status, asked(path)], [path === '/post-503' ? 503 : 502, 1], path);
			}
		});

		test('a PUT within the bound goes again with its whole body; a larger one goes once', async () => {
			for (const [size, times] of [
				[0, 2],
				[10, 2],
				[60_000, 2],
				[70_000, 1],
			] as const) {
				const path = `/put-${size}`;
				first(path, failing(503));
				const answer = await it.ask(put(path, 'x'.repeat(size)));
				assert.equal(answer.status, times === 2 ? 200 : 503, path);
				const bodies = [...it.upstream.requests, ...other.requests].filter((request) => request.path === path);
				assert.deepEqual(
					bodies.map(({ body }) => body.length),
					new Array(times).fill(size),
				);
			}
		});

		test('a chunked PUT goes again, trailers included, though the instance failed in its middle', async () => {
			const path = '/put-chunked';
			let done = false;
			for (const upstream of [it.upstream, other]) {
				upstream.onHead(path, async (_, peer) => {
					if (!done) {
						done = true;
						await peer.readTo('first', 5000);
						return peer.reset();
					}
					const { body, trailers } = await peer.readChunks(5000);
					assert.deepEqual([body.toString(), trailers], ['firstsecond', ['X-Sum: 1']]);
					return peer.send(OK);
				});
			}
			const client = await it.client();
			client.send(
				`PUT ${path} HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nfirst\r\n`,
			);
			await eventually(
				() => asked(path),
				(count) => count === 2,
			);
			client.send('6\r\nsecond\r\n0\r\nX-Sum: 1\r\n\r\n');
			assert.equal((await client.answer()).text, 'fine');
		});

		test('once a part of the answer is out nothing is sent again', async () => {
			first('/part', (_, peer) => {
				peer.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart');
				peer.finish();
			});
			const client = await it.client();
			client.send(get('/part'));
			await client.until(() => client.closed || client.ended, 'the end');
			assert.match(client.received.toString(), /part$/);
			assert.equal(asked('/part'), 1);
		});

		test('an attempt has a time limit of its own where another may follow', async () => {
			first('/timed/silent', () => sleep(2000));
			const since = performance.now();
			assert.equal((await it.ask(get('/timed/silent'))).text, 'fine');
			const took = performance.now() - since;
			assert.ok(took >= 280 && took < 1900, `${took} ms`);
			assert.equal(asked('/timed/silent'), 2);
		});

		test('an instance that says Retry-After is not chosen while the other is ready', async () => {
			let busy = 0;
			for (const upstream of [it.upstream, other]) {
				upstream.on('/rest', (_, peer) => {
					if (busy === 0) busy = upstream.port;
					return peer.send(busy === upstream.port ? failing(503, 'Retry-After: 20') : OK);
				});
			}
			for (let i = 0; i < 10; i++) assert.equal((await it.ask(get('/rest'))).status, 200);
			const count = busy === it.upstream.port ? it.upstream.count('/rest') : other.count('/rest');
			assert.equal(count, 1);
		});

		test('retries are counted', async () => {
			const { services } = await statusOf(it.ballast);
			assert.ok((services.find(({ name }) => name === 'app')?.counts.retries ?? 0) >= 6);
		});
	});
}

describe('a connection that cannot be opened', () => {
	let hole: Blackhole;
	let gone: RawUpstream;
	const it = suite(async ({ url }) => {
		hole = await openBlackhole();
		gone = await startUpstream();
		const health = { interval: '1h' };
		const balance = 'round-robin';
		return {
			services: {
				refused: { instances: [gone.url, url], health, balance },
				silent: {
					match: '/silent/*',
					instances: [`http://127.0.0.1:${hole.port}`, url],
					health,
					balance,
					timeouts: { connect: '200ms' },
				},
				alone: { match: '/alone/*', instances: [gone.url], health },
			},
		};
	});
	after(() => hole.remove());

	test('sends any method to the other, with its body', async () => {
		await gone.close();
		await hole.close();
		for (let i = 0; i < 6; i++) {
			const answer = await it.ask(put('/any', `body ${i}`, 'POST'));
			assert.deepEqual([answer.status, answer.json<{ body: string }>().body], [200, `body ${i}`]);
		}
		for (let i = 0; i < 3; i++) assert.equal((await it.ask(put('/silent/any', 'body', 'POST'))).status, 200);
	});

	test('is tried again a little later where there is no other, and then told', async () => {
		const answer = await it.ask(get('/alone/x'));
		assert.equal(answer.status, 502);
		assert.equal(answer.json<{ code: string }>().code, 'connect_refused');
	});
});

describe('a storm of failures', () => {
	let other: RawUpstream;
	after(() => other.close());
	const it = suite(async ({ url }) => {
		other = await startUpstream();
		return {
			workers: 2,
			services: {
				app: {
					instances: [url, other.url],
					health: { interval: '1h' },
					retryBudget: { share: '20%', floor: 0 },
				},
			},
		};
	});

	test('adds no more retries than the budget allows', async () => {
		for (const upstream of [it.upstream, other]) upstream.on('/', failing(503));
		for (let i = 0; i < 200; i++) assert.equal((await it.ask(get('/'))).status, 503);
		const { services } = await statusOf(it.ballast);
		assert.ok((services[0]?.counts.retries ?? 0) > 0);
		assert.ok((services[0]?.retriesRefused ?? 0) > 0);
		const asked = it.upstream.count('/') + other.count('/');
		assert.ok(asked > 200 && asked <= 240, `${asked} for 200`);
	});
});
