import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { DEFAULT_SCALE } from '../../scaling/default-policy.ts';
import type { ScalePolicy, Signal } from '../../scaling/policy.ts';
import { config, run, service } from '../fleet-testing.ts';
import { Scaler } from './scaler.ts';
import { TestingScalerPort } from './testing/scaler-port.ts';

const BEGIN = Date.UTC(2026, 10, 28, 12);

const requests = (target: number): Signal => ({
	...{ name: 'requestsPerSecond', source: { from: 'requests' }, kind: 'total', target, unit: 'per-second' },
});
const CALM: Partial<ScalePolicy> = {
	...{ min: 1, max: 10, signals: [requests(10)], windowMs: 5000, panic: null },
	in: { ...DEFAULT_SCALE.in, windowMs: 5000, cooldownMs: 5000 },
};

function scalerOf(policy: Partial<ScalePolicy>, size = 1) {
	const port = new TestingScalerPort();
	const pool = port.add('videos', size);
	const scaler = new Scaler(port);
	scaler.leads = true;
	const configure = (changes: Partial<ScalePolicy>) =>
		scaler.configure(config(service('videos', run(), { scale: { ...CALM, ...changes } })), BEGIN);
	configure(policy);
	let second = 0;
	/** Seconds with so many requests each. */
	const seconds = (count: number, perSecond: number) => {
		for (let end = second + count; second < end; second++) {
			pool.answer(perSecond);
			scaler.everySecond(BEGIN + second * 1000);
		}
	};
	return { port, pool, scaler, seconds, configure };
}

test('out with the load, in behind the cool-down, each with its sentence and its outcome', () => {
	const { port, pool, seconds } = scalerOf({});
	seconds(20, 38);
	assert.equal(pool.desired, 4);
	seconds(30, 5);
	assert.equal(pool.desired, 1);
	assert.ok(port.said.length >= 2 && port.said.every((text) => /^videos: \d+ → \d+: /.test(text)), `${port.said}`);
	assert.ok(
		port.outcomes.some((text) => /^4 ready after/.test(text)),
		`${port.outcomes}`,
	);
	const changes = port.kept.filter(({ decision }) => decision.desired !== decision.before);
	assert.equal(changes.length, port.said.length);
	assert.ok(port.kept.length < 15, 'what stays the same is not kept each second');
});

test('shadow and off: nothing is set; shadow says once what it would do', () => {
	const shadow = scalerOf({ mode: 'shadow' });
	shadow.seconds(20, 38);
	assert.equal(shadow.pool.desired, 1);
	assert.match(shadow.port.said.at(-1) as string, /^videos: would go 1 → 4 \(shadow\)/);
	const off = scalerOf({ mode: 'off' });
	off.seconds(20, 38);
	assert.deepEqual([off.pool.desired, off.port.kept.length], [1, 0]);
});

test('a core that does not lead sets nothing; what it decided is handed on', () => {
	const { pool, scaler, seconds } = scalerOf({});
	scaler.leads = false;
	seconds(20, 38);
	assert.equal(pool.desired, 1);
	const next = scalerOf({});
	next.scaler.adopt(JSON.parse(JSON.stringify(scaler.snapshot(BEGIN))));
	next.scaler.adopt({ videos: { state: null }, other: 7 });
	next.scaler.adopt(null);
	next.seconds(1, 38);
	assert.equal(next.port.kept.length, 1);
});

test('counts that come with the lead are no load', () => {
	const { port, pool, scaler, seconds } = scalerOf({}, 4);
	scaler.leads = false;
	seconds(3, 0);
	pool.answer(9000);
	scaler.leads = true;
	seconds(4, 38);
	assert.equal(pool.desired, 4);
	assert.equal(port.kept[0]?.sentence, 'videos: stays at 4: requestsPerSecond is not known: no reading');
	assert.deepEqual(port.said, []);
});

test('requests a second are by the time that went by, however late a look is', () => {
	const { pool, scaler } = scalerOf({}, 4);
	for (const [atMs, answered] of [
		[0, 0],
		[1000, 38],
		[3000, 76],
		[3050, 2],
		[4000, 36],
	] as const) {
		pool.answer(answered);
		scaler.everySecond(BEGIN + atMs);
	}
	const value = scaler.view()[0]?.last?.samples.readings['requestsPerSecond']?.stable;
	assert.deepEqual(value, { value: 38 });
});

test('while the provider is in trouble the size stays, and that is said once', () => {
	const { port, pool, seconds } = scalerOf({});
	pool.trouble = { out: 'no answer for 30 s', in: 'no answer for 30 s' };
	seconds(20, 90);
	assert.equal(pool.desired, 1);
	assert.deepEqual(
		port.said.filter((text) => text.includes('no answer')),
		['videos: the size stays as it is: no answer for 30 s'],
	);
	pool.trouble = { out: null, in: null };
	seconds(20, 90);
	assert.equal(pool.desired, 9);
});

test('what cannot be made holds nothing that goes in, what cannot be removed nothing that goes out', () => {
	const { port, pool, seconds } = scalerOf({}, 4);
	pool.trouble = { out: 'no room for more', in: null };
	seconds(20, 90);
	assert.equal(pool.desired, 4);
	assert.match(port.kept.at(-1)?.sentence ?? '', /^videos: stays at 4: .*, but nothing goes out: no room for more$/);
	seconds(30, 15);
	assert.equal(pool.desired, 2);
	pool.trouble = { out: null, in: 'a removal is stuck' };
	seconds(20, 5);
	assert.equal(pool.desired, 2);
	seconds(20, 60);
	assert.equal(pool.desired, 6);
	assert.deepEqual(
		port.said.filter((text) => / nothing goes /.test(text) && !text.includes('→')),
		['videos: nothing goes out: no room for more', 'videos: nothing goes in: a removal is stuck'],
	);
});

test('nothing goes in or out while a new version is rolled out', () => {
	const { port, pool, seconds } = scalerOf({}, 4);
	port.rollouts.add('videos');
	seconds(30, 5);
	assert.equal(pool.desired, 4);
});

test('a size that was set by hand is a change as well: it stays for the cool-down, and no is no', () => {
	const { port, pool, seconds } = scalerOf({});
	seconds(10, 5);
	pool.desired = 4;
	seconds(5, 5);
	assert.equal(pool.desired, 4);
	assert.match(port.kept.at(-1)?.sentence as string, /the last change was less than 5s ago/);
	seconds(2, 5);
	assert.equal(pool.desired, 1);
	pool.desired = 0;
	seconds(20, 90);
	assert.equal(pool.desired, 0);
	pool.desired = 1;
	seconds(3, 90);
	assert.ok(pool.desired > 1);
});

test('asleep, and woken by the request that waits', () => {
	const { port, pool, scaler, seconds } = scalerOf({ min: 0, idleMs: 5000 });
	seconds(20, 0);
	assert.equal(pool.desired, 0);
	port.waiting.set('videos', 1);
	scaler.wake(BEGIN + 20_050);
	assert.equal(pool.desired, 1);
});

test('a figure without values holds what goes in', () => {
	const source = { from: 'figure', query: { figure: 'queue.length', where: {}, by: [], overMs: 0 } } as const;
	const queue: Signal = { name: 'queue.length', source, kind: 'total', target: 5, unit: 'number' };
	const { pool, port, seconds } = scalerOf({ signals: [requests(10), queue] }, 4);
	seconds(40, 5);
	assert.equal(pool.desired, 4);
	assert.equal(port.kept.at(-1)?.samples.failures['queue.length'], 'no answer yet');
});

test('a query that cannot be asked is told of once, and when it is known again', async () => {
	let answer = '5';
	const server = createServer((_, response) =>
		response.end(JSON.stringify({ status: 'success', data: { resultType: 'scalar', result: [1, answer] } })),
	);
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const source = { from: 'prometheus', url, query: 'x', headers: {} } as const;
	const { pool, port, scaler } = scalerOf({
		signals: [{ name: 'x', source, kind: 'total', target: 5, unit: 'number' }],
	});
	let second = 0;
	/** It is asked each 5 s, and what it said is good for 30 s. */
	const until = async (holds: () => boolean): Promise<void> => {
		for (let round = 0; round < 40 && !holds(); round++) {
			scaler.everySecond(BEGIN + second++ * 5000);
			await setTimeout(20);
		}
		assert.ok(holds(), `${port.said}`);
	};
	await until(() => scaler.view()[0]?.last?.samples.readings['x'] !== undefined);
	assert.deepEqual(port.said, []);
	answer = 'NaN';
	await until(() => port.said.length > 0);
	assert.deepEqual(port.said, ['videos: x is not known: the query gives no number']);
	assert.equal(port.kept.at(-1)?.sentence, 'videos: stays at 1: x is not known: the query gives no number');
	answer = '5';
	await until(() => port.said.length > 1);
	server.close();
	server.closeAllConnections();
	assert.equal(port.said[1], 'videos: x is known again');
	assert.equal(pool.desired, 1);
});

test('CPU of each instance, of what it is given; what it used to start does not count', () => {
	const cpu: Signal = { name: 'cpu', source: { from: 'cpu' }, kind: 'each', target: 0.6, unit: 'ratio' };
	const { port, pool, seconds } = scalerOf({ signals: [cpu] }, 2);
	pool.size = { cpu: 0.5, memoryBytes: null };
	let used = 0;
	for (let second = 0; second < 20; second++) {
		used += 0.4;
		port.readings = [1, 2].map((at) => ({ instance: `videos-${at}`, cpuSeconds: used, memoryBytes: 1e6 }));
		seconds(1, 0);
	}
	// 0.4 of a core is 80 % of half a core: 2 × 0.8 / 0.6.
	assert.equal(pool.desired, 3);
});

test('a policy that changes keeps what was decided; a pool without one is left alone', () => {
	const { pool, scaler, seconds, configure } = scalerOf({});
	seconds(20, 38);
	configure({ max: 20 });
	seconds(40, 150);
	// Over 14 the load is within the tolerance.
	assert.equal(pool.desired, 14);
	configure({ signals: [] });
	seconds(30, 0);
	assert.equal(pool.desired, 14);
	assert.deepEqual(scaler.view(), []);
});

test('1,000 pools of 20 instances: a round takes at most 100 ms', () => {
	const port = new TestingScalerPort();
	const cpu: Signal = { name: 'cpu', source: { from: 'cpu' }, kind: 'each', target: 0.6, unit: 'ratio' };
	const names = Array.from({ length: 1000 }, (_, at) => `s${at}`);
	const pools = names.map((name) => port.add(name, 20));
	const scaler = new Scaler(port);
	scaler.leads = true;
	const scale = { ...CALM, min: 2, max: 100, signals: [requests(10), cpu] };
	scaler.configure(config(...names.map((name) => service(name, run(), { scale }))), BEGIN);
	const rounds: number[] = [];
	for (let second = 0; second < 15; second++) {
		for (const pool of pools) pool.answer(200);
		port.readings = names.flatMap((name) =>
			Array.from({ length: 20 }, (_, at) => ({
				...{ instance: `${name}-${at + 1}`, cpuSeconds: second * 0.5, memoryBytes: 1e6 },
			})),
		);
		const began = process.threadCpuUsage();
		scaler.everySecond(BEGIN + second * 1000);
		const { user, system } = process.threadCpuUsage(began);
		rounds.push((user + system) / 1000);
	}
	const [median] = rounds.toSorted((a, b) => a - b).slice(7);
	console.log(`a round of 1,000 pools × 20 instances: ${(median as number).toFixed(1)} ms of CPU (median of 15)`);
	assert.ok((median as number) <= 100, `${rounds.map(Math.round)}`);
});
