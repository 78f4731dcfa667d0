import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Status } from '../../src/app/status.ts';
import { type RawUpstream, type Script, startUpstream } from '../support/raw-upstream.ts';
import { eventually, get, post, type Suite, statusOf, suite } from '../support/suite.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine';
const BROKEN = 'HTTP/1.1 500 X\r\nContent-Length: 6\r\n\r\nbroken';

type Instance = Status['services'][number]['instances'][number];

/** Several instances of one service, whose answers to everything but probes a test may change. */
function poolOf(count: number, service: Record<string, unknown>, scripts: Record<string, string> = { '/up': OK }) {
	const upstreams: RawUpstream[] = [];
	after(async () => {
		for (const upstream of upstreams) await upstream.close();
	});
	const it: Suite = suite(async (first) => {
		upstreams.push(first);
		while (upstreams.length < count) upstreams.push(await startUpstream());
		for (const upstream of upstreams) for (const [path, script] of Object.entries(scripts)) upstream.on(path, script);
		return { services: { app: { instances: upstreams.map(({ url }) => url), health: UP, hold: 'off', ...service } } };
	});
	const instances = async (): Promise<Instance[]> => (await statusOf(it.ballast)).services[0]?.instances ?? [];
	const instance = async (at: number): Promise<Instance> => {
		const { port } = upstreams[at] as RawUpstream;
		return (await instances()).find((each) => each.port === port) as Instance;
	};
	return {
		get it() {
			return it;
		},
		upstreams,
		instance,
		instances,
		answers: (at: number, path: string, script: Script | string) => (upstreams[at] as RawUpstream).on(path, script),
		breakers: async () => (await instances()).map(({ breaker }) => breaker.state),
		figures: async () => (await statusOf(it.ballast)).services[0]?.pools[0]?.outliers,
		/** So many requests, one after another; how many were answered with each status. */
		ask: async (path: string, times: number, method = 'GET') => {
			const statuses: Record<number, number> = {};
			for (let sent = 0; sent < times; sent++) {
				const { status } = await it.ask(method === 'GET' ? get(path) : post(path, 'x'));
				statuses[status] = (statuses[status] ?? 0) + 1;
			}
			return statuses;
		},
	};
}

const UP = { path: '/up', interval: '300ms', timeout: '1s' };

const said = (text: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`;

// Each has a Ballast of its own, and mostly waits for it.
describe('outliers', { concurrency: 2 }, () => {
	describe('slow start', { concurrency: 1 }, () => {
		const pool = poolOf(2, { balance: 'weighted-round-robin', slowStart: '4s' });

		test('an instance that is back gets a small part of the requests at first', async () => {
			await eventually(
				pool.instances,
				(all) => all.every(({ weight, state }) => state === 'ready' && weight === 1),
				8000,
			);
			pool.answers(0, '/up', BROKEN);
			await eventually(
				() => pool.instance(0),
				({ state }) => state === 'down',
			);
			pool.answers(0, '/up', OK);
			await eventually(
				() => pool.instance(0),
				({ state }) => state === 'ready',
				8000,
			);
			await pool.ask('/work', 20);
			const first = (pool.upstreams[0] as RawUpstream).count('/work');
			assert.ok(first < 8, `${first} of 20`);
			await eventually(
				() => pool.instance(0),
				({ weight }) => weight === 1,
				15_000,
			);
			await pool.ask('/later', 20);
			const later = (pool.upstreams[0] as RawUpstream).count('/later');
			assert.ok(later >= 9 && later <= 11, `${later} of 20`);
		});
	});

	describe('an instance whose requests fail although its probes are good', { concurrency: 1 }, () => {
		const pool = poolOf(3, { balance: 'round-robin', outliers: { ejection: '2s', failures: 4 } });

		test('is ejected, tried again, and taken back once it behaves', async () => {
			pool.answers(0, '/work', BROKEN);
			const found = await pool.ask('/work', 30, 'POST');
			assert.ok((found[500] as number) >= 4, JSON.stringify(found));
			const { state, note, breaker } = await eventually(
				() => pool.instance(0),
				(one) => one.state === 'down',
			);
			assert.deepEqual([state, breaker.state], ['down', 'open']);
			assert.match(note, /^ejected for 2\.0 s: \d+ failures in a row$/);
			assert.deepEqual(await pool.ask('/work', 10, 'POST'), { 200: 10 });

			// The trial fails: once in all, and it is out for longer.
			await eventually(pool.breakers, (states) => states.includes('half-open'), 6000);
			const trial = await pool.ask('/work', 6, 'POST');
			assert.equal(trial[500], 1);
			await eventually(
				() => pool.instance(0),
				(one) => one.note === 'ejected for 4.0 s: its trial failed',
			);

			pool.answers(0, '/work', OK);
			await eventually(pool.breakers, (states) => states.includes('half-open'), 8000);
			const before = (pool.upstreams[0] as RawUpstream).count('/work');
			assert.deepEqual(await pool.ask('/work', 12, 'POST'), { 200: 12 });
			assert.deepEqual(await pool.breakers(), ['closed', 'closed', 'closed']);
			assert.equal((pool.upstreams[0] as RawUpstream).count('/work') - before, 4);
			const said = pool.it.ballast.output();
			for (const line of [
				/ejected for 2\.0 s/,
				/half-open after [23]\.\d s: one request at a time/,
				/returned: its trial/,
			])
				assert.match(said, line);
			const figures = await pool.figures();
			assert.deepEqual([figures?.ejections.failures, figures?.ejections.trial, figures?.ejected], [1, 1, 0]);
		});

		test('while it is half-open only one request at a time goes there', async () => {
			pool.answers(1, '/work', BROKEN);
			await pool.ask('/work', 30, 'POST');
			await eventually(pool.breakers, (states) => states.includes('half-open'), 8000);
			let underWay = 0;
			let most = 0;
			pool.answers(1, '/slow', async (_, peer) => {
				most = Math.max(most, ++underWay);
				await sleep(300);
				underWay--;
				peer.send(OK);
			});
			const statuses = await Promise.all(Array.from({ length: 12 }, () => pool.ask('/slow', 1)));
			assert.ok(statuses.every((each) => each[200] === 1));
			assert.equal(most, 1);
		});
	});

	describe('where most instances fail', { concurrency: 1 }, () => {
		const pool = poolOf(4, { balance: 'round-robin', outliers: { ejection: '1m', failures: 3, panic: 'off' } });

		test('no more than the share that may be is ejected, and where all fail none is', async () => {
			for (const at of [0, 1, 2]) pool.answers(at, '/work', BROKEN);
			await pool.ask('/work', 60, 'POST');
			await eventually(pool.figures, (figures) => figures?.ejected === 2);
			await sleep(1200);
			assert.deepEqual((await pool.breakers()).sort(), ['closed', 'closed', 'open', 'open']);
			assert.match(pool.it.ballast.output(), /stays: \d+ failures in a row, but 2 of 4 are ejected already/);
		});
	});

	describe('where all instances fail alike', { concurrency: 1 }, () => {
		const pool = poolOf(3, { balance: 'round-robin', outliers: { failures: 3 } });

		test('none is ejected, and that is said', async () => {
			for (const at of [0, 1, 2]) pool.answers(at, '/work', BROKEN);
			assert.deepEqual(await pool.ask('/work', 30, 'POST'), { 500: 30 });
			assert.deepEqual(await pool.breakers(), ['closed', 'closed', 'closed']);
			await pool.it.ballast.printed(/failures in a row, but no other instance of its pool does better/);
		});
	});

	describe('an instance that is slow', { concurrency: 1 }, () => {
		const pool = poolOf(3, { outliers: { ejection: '1m', latency: { least: '200ms' } } });

		test('is ejected within seconds, although it gets few requests for it', async () => {
			let slow = false;
			for (const at of [0, 1, 2]) {
				pool.answers(at, '/work', async (_, peer) => {
					await sleep(slow && at === 0 ? 1000 : 5);
					peer.send(OK);
				});
			}
			let going = true;
			const clients = Array.from({ length: 4 }, async () => {
				while (going) {
					await pool.ask('/work', 1);
					await sleep(10);
				}
			});
			await sleep(2500);
			assert.deepEqual(await pool.breakers(), ['closed', 'closed', 'closed']);
			slow = true;
			const since = performance.now();
			await eventually(
				() => pool.instance(0),
				({ breaker }) => breaker.state === 'open',
				15_000,
			);
			const tookMs = performance.now() - since;
			going = false;
			await Promise.all(clients);
			assert.ok(tookMs < 9000, `${tookMs} ms`);
			assert.match(
				(await pool.instance(0)).note,
				/^ejected for 60 s: answers after 1\.\d s where the others take [\d.]+ ms$/,
			);
		});
	});

	describe('where too few instances are ready', { concurrency: 1 }, () => {
		const pool = poolOf(3, { balance: 'round-robin', outliers: { ejection: '1m', failures: 3 } });

		test('those that only answer their probes wrongly are used again, until enough are', async () => {
			for (const at of [0, 1]) pool.answers(at, '/up', 'HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n');
			await eventually(pool.figures, (figures) => figures?.panic === true, 10_000);
			const { warnings, services } = await statusOf(pool.it.ballast);
			assert.equal(services[0]?.ready, 1);
			assert.match(warnings[0] ?? '', /^app: only 1 of 3 instances is ready, so those .* are used too \(panic\)$/);
			const counts = () => pool.upstreams.map((upstream) => upstream.count('/work'));
			assert.deepEqual(await pool.ask('/work', 12), { 200: 12 });
			assert.deepEqual(counts(), [4, 4, 4]);
			assert.match((await pool.instance(0)).note, /used all the same/);
			for (const at of [0, 1]) pool.answers(at, '/up', OK);
			await eventually(pool.figures, (figures) => figures?.panic === false, 20_000);
			await pool.it.ballast.printed(/app +warn: panic ends after \d+ s: 3 of 3 instances are ready/);
		});
	});

	describe('probes', { concurrency: 1 }, () => {
		const health = {
			method: 'POST',
			path: '/deep',
			headers: { 'X-Probe-Key': 'k-1', Accept: 'application/json' },
			body: { matches: '"status": *"(?:ok|degraded)"' },
			interval: '200ms',
			statuses: 200,
		};
		const pool = poolOf(2, { balance: 'round-robin', health }, { '/deep': said('{"status": "ok"}') });

		test('send what the configuration says and look at the body', async () => {
			await eventually(pool.instances, (all) => all.every(({ state }) => state === 'ready'));
			const probe = (pool.upstreams[0] as RawUpstream).requests.find(({ path }) => path === '/deep');
			assert.equal(probe?.method, 'POST');
			assert.deepEqual(
				['x-probe-key', 'accept', 'content-length', 'accept-encoding'].map((name) => probe?.field(name)),
				['k-1', 'application/json', '0', 'identity'],
			);
			pool.answers(0, '/deep', said('{"status": "broken"}'));
			await eventually(
				() => pool.instance(0),
				({ state }) => state === 'down',
			);
			assert.equal(
				(await pool.instance(0)).note,
				'its probe failed: POST /deep answered 200, and its body does not match "\\"status\\": *\\"(?:ok|degraded)\\""',
			);
			pool.answers(0, '/deep', said('{"status": "degraded"}'));
			await eventually(pool.instances, (all) => all.every(({ state }) => state === 'ready'));
		});

		test('an instance may say itself that it drains', async () => {
			pool.answers(1, '/deep', 'HTTP/1.1 503 X\r\nX-Ballast-Drain: 1\r\nContent-Length: 0\r\n\r\n');
			await eventually(
				() => pool.instance(1),
				({ state }) => state === 'draining',
			);
			assert.deepEqual(await pool.ask('/work', 6), { 200: 6 });
			assert.equal((pool.upstreams[1] as RawUpstream).count('/work'), 0);
			pool.answers(1, '/deep', said('{"status": "ok"}'));
			await eventually(
				() => pool.instance(1),
				({ state }) => state === 'ready',
			);
		});
	});

	describe('an instance that refuses connections', { concurrency: 1 }, () => {
		const health = { path: '/up', interval: '1h' };
		const pool = poolOf(2, { balance: 'round-robin', health });

		test('is out with the first request that finds out, not with its next probe', async () => {
			const [gone] = pool.upstreams as [RawUpstream];
			await gone.close();
			assert.deepEqual(await pool.ask('/work', 4), { 200: 4 });
			const { note, breaker } = await eventually(
				() => pool.instance(0),
				({ state }) => state === 'down',
			);
			assert.deepEqual([note, breaker.state], ['its probe failed: the connection was refused', 'closed']);
		});
	});
});
