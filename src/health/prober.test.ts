import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { HealthConfig } from './config.ts';
import type { Verdict } from './decide.ts';
import type { ProbeTarget } from './probe-target.ts';
import { Prober } from './prober.ts';

const health: HealthConfig = {
	kind: 'http',
	method: 'GET',
	headers: [],
	secretHeaders: [],
	body: null,
	path: '/',
	intervalMs: 100,
	timeoutMs: 500,
	healthyAfter: 1,
	unhealthyAfter: 2,
	statuses: [[200, 399]],
};

interface Api {
	port: number;
	status: number;
	delayMs: number;
	requests: number;
	underWay: number;
	most: number;
}

async function api(): Promise<Api & { close(): void }> {
	const state = { port: 0, status: 200, delayMs: 0, requests: 0, underWay: 0, most: 0 };
	const server = createServer((_, response) => {
		state.requests++;
		state.most = Math.max(state.most, ++state.underWay);
		setTimeout(() => {
			state.underWay--;
			response.writeHead(state.status).end();
		}, state.delayMs).unref();
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	state.port = (server.address() as AddressInfo).port;
	return Object.assign(state, { close: () => server.close() });
}

const target = (port: number, starting = false, intervalMs = 100): ProbeTarget => ({
	host: '127.0.0.1',
	port,
	tls: null,
	hostHeader: 'x',
	health: { ...health, intervalMs },
	starting,
});

const until = async (condition: () => boolean, ms = 15_000): Promise<void> => {
	const end = Date.now() + ms;
	while (!condition()) {
		assert.ok(Date.now() < end, 'did not happen in time');
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
};

test('the first probe goes out at once; verdicts follow the instance', async () => {
	const it = await api();
	const verdicts: Verdict[] = [];
	const began = Date.now();
	const watch = new Prober().watch(target(it.port), (verdict) => verdicts.at(-1) !== verdict && verdicts.push(verdict));
	await until(() => watch.verdict === 'healthy');
	const early = new Prober().watch(target(it.port, false, 60_000), () => {});
	await until(() => early.verdict === 'healthy');
	// The next one would go out after a minute.
	assert.ok(Date.now() - began < 20_000, `first verdicts after ${Date.now() - began} ms`);
	early.stop();
	it.status = 500;
	await until(() => watch.verdict === 'unhealthy');
	it.status = 200;
	await until(() => watch.verdict === 'healthy');
	assert.deepEqual(verdicts, ['healthy', 'unhealthy', 'healthy']);
	watch.stop();
	const { requests } = it;
	await new Promise((resolve) => setTimeout(resolve, 250));
	assert.equal(it.requests, requests);
	it.close();
});

test('no more probes are under way at once than allowed, and every instance gets its turn', async () => {
	const it = await api();
	it.delayMs = 20;
	const prober = new Prober({ concurrency: 5 });
	const watches = Array.from({ length: 30 }, () => prober.watch(target(it.port), () => {}));
	await until(() => watches.every((watch) => watch.verdict === 'healthy'));
	assert.equal(it.most, 5);
	for (const watch of watches) watch.stop();
	it.close();
});

test('a stopped watch ends its probe, calls nobody and gives its place to the next', async () => {
	const slow = await api();
	slow.delayMs = 60_000;
	const fast = await api();
	const prober = new Prober({ concurrency: 1 });
	const patient = { ...target(slow.port), health: { ...health, timeoutMs: 60_000 } };
	const first = prober.watch(patient, () => assert.fail('it was stopped'));
	const second = prober.watch(target(fast.port), () => {});
	await until(() => slow.underWay === 1);
	first.stop();
	await until(() => second.verdict === 'healthy');
	second.stop();
	slow.close();
	fast.close();
});

test('a starting instance is asked often; what is believed from before stays until a probe says otherwise', async () => {
	const it = await api();
	it.status = 500;
	const prober = new Prober();
	const starting = prober.watch(target(it.port, true, 60_000), () => {});
	await until(() => it.requests >= 4);
	assert.equal(starting.verdict, 'unknown');
	const known = prober.watch(target(it.port), () => {}, 'healthy');
	assert.equal(known.verdict, 'healthy');
	await until(() => known.verdict === 'unhealthy');
	starting.stop();
	known.stop();
	it.close();
});

test('the first regular interval is cut at random, later ones vary by a tenth', async () => {
	const it = await api();
	const at: number[] = [];
	const watch = new Prober({ random: () => 0 }).watch(target(it.port, false, 600), () => at.push(performance.now()));
	await until(() => at.length === 3);
	watch.stop();
	it.close();
	const gap = (index: number) => (at[index + 1] as number) - (at[index] as number);
	assert.ok(gap(0) > 290 && gap(0) < 500, `${gap(0)}`);
	assert.ok(gap(1) > 530, `${gap(1)}`);
});

test('a suspect is probed at once, at most every 100 ms, and is out as soon as it cannot be connected to', async (context) => {
	const it = await api();
	const seen: { verdict: Verdict; at: number }[] = [];
	const watch = new Prober({ random: () => 1 }).watch(target(it.port, false, 60_000), (verdict) =>
		seen.push({ verdict, at: performance.now() }),
	);
	context.after(() => watch.stop());
	await until(() => seen.length === 1);
	for (let times = 0; times < 50; times++) watch.suspect();
	await until(() => seen.length === 2);
	assert.ok(at(1) - at(0) < 1000, 'it did not wait for its interval');
	const more = performance.now() + 350;
	while (performance.now() < more) {
		watch.suspect();
		await new Promise((resolve) => setTimeout(resolve, 1));
	}
	assert.ok(seen.length >= 3 && seen.length <= 6, `${seen.length} probes`);
	it.close();
	await until(() => {
		watch.suspect();
		return watch.verdict === 'unhealthy';
	});
	// Once more, for `unhealthyAfter`; then it is out, and there is nothing to hurry for.
	await new Promise((resolve) => setTimeout(resolve, 250));
	const { length } = seen;
	watch.suspect();
	await new Promise((resolve) => setTimeout(resolve, 150));
	assert.equal(seen.length, length);
	function at(index: number): number {
		return seen[index]?.at as number;
	}
});
