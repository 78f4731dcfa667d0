import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { inTransaction, openDatabase } from '../core/database.ts';
import type { FigureQuery } from '../core/metric.ts';
import { Figures } from './figure-source.ts';
import { bucketOf } from './meter.ts';
import { Recent } from './recent.ts';
import { Registry } from './registry.ts';
import { ROLLUP_STEPS, Rollups } from './rollups.ts';
import { bimodal, heavyTailed, logNormal, randomFrom } from './testing-latencies.ts';

const START = Date.UTC(2026, 0, 5, 12);
const DAY = 86_400_000;
const KEEP = { minutes: 7 * DAY, fiveMinutes: 30 * DAY, hours: 400 * DAY };
const ROUTE = ['service', 'route'] as const;
const requestsTotal = {
	name: 'ballast_requests_total',
	kind: 'counter',
	unit: 'number',
	help: 'R',
	labels: ROUTE,
} as const;
const responsesTotal = { ...requestsTotal, name: 'ballast_responses_total', labels: [...ROUTE, 'class'] } as const;
const duration = {
	name: 'ballast_request_duration_seconds',
	kind: 'histogram',
	unit: 'seconds',
	help: 'D',
	labels: ROUTE,
} as const;
const ready = {
	name: 'ballast_pool_ready',
	kind: 'gauge',
	unit: 'number',
	help: 'G',
	labels: ['service', 'pool'],
} as const;

/** A registry with its history, on a clock that the test moves. */
class Bench {
	readonly registry = new Registry();
	recent: Recent = new Recent(this.registry);
	readonly requests = this.registry.define(requestsTotal);
	readonly responses = this.registry.define(responsesTotal);
	readonly durations = this.registry.define(duration);
	readonly ready = this.registry.define(ready);
	readonly folder: string = mkdtempSync(join(tmpdir(), 'ballast-metrics-'));
	readonly database = openDatabase(join(this.folder, 'metrics.db'), ROLLUP_STEPS);
	readonly rollups: Rollups;
	timeMs = START;

	constructor() {
		const { database } = this;
		const retention = { keepMs: KEEP, maxBytes: 1e9 };
		this.rollups = new Rollups({ database, transact: (work) => inTransaction(database, work) }, retention);
		this.recent.record(START);
	}

	/** Goes on by some seconds, a record each. */
	run(seconds: number, each: (second: number) => void = () => {}, stepMs = 1000): void {
		for (let second = 0; second < seconds; second++) {
			each(second);
			this.timeMs += stepMs;
			const minute = this.recent.record(this.timeMs);
			if (minute !== null) this.rollups.add(structuredClone(minute));
		}
	}

	/** As after a new start of the program. */
	forget(): void {
		const last = this.recent.flush();
		if (last !== null) this.rollups.add(last);
		this.recent = new Recent(this.registry);
		this.recent.record(this.timeMs);
	}

	figures(): Figures {
		const { registry, recent, rollups } = this;
		const reader = {
			read: async (requests: Parameters<Rollups['read']>[0]) => structuredClone(rollups.read(requests)),
			span: async () => rollups.span(),
		};
		return new Figures({ registry, recent, rollups: reader, kept: KEEP, now: () => this.timeMs });
	}

	async at(figure: string, of: Partial<FigureQuery> = {}): Promise<[string, number][]> {
		const query = { figure, where: {}, by: [], overMs: 60_000, ...of };
		const values = await this.figures().at(query, this.timeMs);
		return values.map(({ labels, value }) => [Object.values(labels).join(' '), value]);
	}

	end(): void {
		this.database.close();
		rmSync(this.folder, { recursive: true });
	}
}

async function withBench(play: (bench: Bench) => Promise<void>): Promise<void> {
	const bench = new Bench();
	try {
		await play(bench);
	} finally {
		bench.end();
	}
}

test('rates and shares, in all and by label', () =>
	withBench(async (bench) => {
		bench.run(120, () => {
			bench.requests.series('api', 'a').add(30);
			bench.requests.series('api', 'b').add(10);
			bench.requests.series('web', 'c').add(2);
			bench.responses.series('api', 'b', '5xx').add(1);
			bench.responses.series('api', 'b', '2xx').add(9);
		});
		assert.deepEqual(await bench.at('requests'), [['', 42]]);
		assert.deepEqual(await bench.at('requests', { by: ['service'], where: { route: '*' } }), [
			['api', 40],
			['web', 2],
		]);
		assert.deepEqual(await bench.at('error_rate', { where: { service: 'a*' } }), [['', 0.025]]);
		assert.deepEqual(await bench.at('error_rate', { by: ['route'] }), [
			['b', 0.1],
			['a', 0],
			['c', 0],
		]);
		assert.deepEqual(await bench.at('requests', { by: ['class'] }), [
			['5xx', 1],
			['2xx', 9],
		]);
		assert.deepEqual(await bench.at('ballast_requests_total', { by: ['route'], where: { service: 'web' } }), [
			['c', 2],
		]);
		bench.run(61);
		// Nothing is known of a share of no requests; of a rate it is 0.
		assert.deepEqual(await bench.at('error_rate'), []);
		assert.deepEqual(await bench.at('requests'), [['', 0]]);
	}));

test('percentiles of bimodal, heavy-tailed and log-normal latencies are at most 3 % off, from memory and from disk', (context) =>
	withBench(async (bench) => {
		let worst = { of: '', off: 0 };
		const shapes = { bimodal, heavyTailed, logNormal };
		const random = randomFrom(7);
		const exact = new Map<string, number[]>(Object.keys(shapes).map((name) => [name, []]));
		bench.run(600, () => {
			for (const [name, of] of Object.entries(shapes)) {
				const series = bench.durations.series('api', name);
				for (let i = 0; i < 50; i++) {
					const us = of(random);
					series.observe(us / 1e6);
					exact.get(name)?.push(us / 1e6);
				}
			}
		});
		const check = async (): Promise<void> => {
			for (const [figure, share] of Object.entries({ p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999 })) {
				const values = await bench.at(figure, { by: ['route'], overMs: 600_000 });
				assert.equal(values.length, 3);
				for (const [name, value] of values) {
					const sorted = (exact.get(name) as number[]).sort((one, other) => one - other);
					const expected = sorted[Math.ceil(sorted.length * share) - 1] as number;
					const off = Math.abs(value / expected - 1);
					if (off > worst.off) worst = { of: `${figure} of ${name}`, off };
					assert.ok(off < 0.03, `${figure} of ${name}: ${value}, not ${expected}`);
				}
			}
		};
		await check();
		bench.forget();
		await check();
		context.diagnostic(`p50 to p999 of three shapes are at most ${(worst.off * 100).toFixed(1)} % off (${worst.of})`);
	}));

test('a curve has no more points than asked for, and their sum is exact', () =>
	withBench(async (bench) => {
		const random = randomFrom(3);
		let total = 0;
		bench.run(1800, () => {
			const count = Math.floor(random() * 100);
			total += count;
			bench.requests.series('api', 'a').add(count);
		});
		for (const points of [1, 7, 60, 300, 2000]) {
			const range = { figure: 'requests', where: {}, by: [], overMs: 1000, points };
			const [series] = await bench.figures().range({ ...range, fromMs: START, toMs: bench.timeMs });
			assert.ok(series !== undefined);
			assert.ok(series.values.length <= points, `${series.values.length} of ${points}`);
			assert.equal(series.fromMs + (series.values.length - 1) * series.stepMs >= bench.timeMs, true);
			if (points < 60) continue;
			// The first second begins with the first record, so it is one short of the step.
			const seconds = series.stepMs / 1000;
			const sum = series.values.reduce<number>((all, value) => all + (value ?? 0) * seconds, 0);
			assert.ok(Math.abs(sum / total - 1) < 0.01, `${sum} of ${total}`);
		}
	}));

test('after a new start older values come from disk, and a count that begins anew is no jump', () =>
	withBench(async (bench) => {
		bench.requests.series('api', 'a').add(1e9);
		bench.recent.rebase();
		bench.run(600, () => bench.requests.series('api', 'a').add(5));
		bench.forget();
		// The next core starts to count from 0, or takes over what was counted.
		bench.run(1, () => bench.requests.series('api', 'a').read(3));
		bench.requests.series('api', 'a').add(1e9);
		bench.recent.rebase();
		bench.run(300, () => bench.requests.series('api', 'a').add(5));
		const range = { figure: 'requests', where: {}, by: [], overMs: 60_000, points: 20 };
		const [series] = await bench.figures().range({ ...range, fromMs: START, toMs: bench.timeMs });
		assert.ok(series !== undefined && series.stepMs === 60_000);
		assert.ok(series.values.length >= 14);
		for (const value of series.values) assert.ok(value !== null && value > 4.5 && value <= 5.1, String(value));
		const [[, over] = ['', 0]] = await bench.at('requests', { overMs: 900_000 });
		assert.ok(Math.abs(over - 5) < 0.05, String(over));
	}));

test('a gauge is the mean over time of what its series are together', () =>
	withBench(async (bench) => {
		const one = bench.ready.series('api', 'main');
		const other = bench.ready.series('api', 'standby');
		one.set(2);
		bench.run(30);
		other.set(4);
		bench.run(30);
		assert.deepEqual(await bench.at('instances.ready', { by: ['pool'] }), [
			['main', 2],
			['standby', 4],
		]);
		const [[, sum] = ['', 0]] = await bench.at('instances.ready');
		assert.ok(Math.abs(sum - 4) < 0.1, String(sum));
		bench.ready.remove('api', 'standby');
		bench.run(61);
		assert.deepEqual(await bench.at('instances.ready'), [['', 2]]);
		assert.deepEqual(await bench.at('instances.ready', { by: ['pool'] }), [['main', 2]]);
		bench.forget();
		// From disk it is the last whole minute, in the first second of which the other one was there still.
		assert.deepEqual(await bench.at('instances.ready', { overMs: 60_000 }), [['', 2 + 4 / 60]]);
	}));

test('a program that began in the middle of a minute is asked for its seconds, not for minutes that are still to come', () =>
	withBench(async (bench) => {
		// 45 s into a minute: what is on disk of it begins, by its minute, before memory does.
		bench.run(45);
		bench.recent = new Recent(bench.registry);
		bench.recent.record(bench.timeMs);
		const asked = bench.requests.series('api', 'all');
		for (let second = 0; second < 90; second++) {
			if (second === 2) asked.add(40);
			bench.run(1);
			const [[, rate] = ['', 0]] = await bench.at('requests', { overMs: 120_000 });
			if (second > 3) assert.ok(rate > 0, `after ${second} s nothing of them is left`);
		}
	}));

test('minutes, five minutes and hours on disk are the exact sums of the seconds', () =>
	withBench(async (bench) => {
		const expected = new Map<string, number>();
		const random = randomFrom(11);
		const cells = new Float64Array(896);
		// A day in steps of 10 s.
		bench.run(
			8640,
			() => {
				for (const route of ['a', 'b', 'c']) {
					if (random() < 0.5) continue;
					const count = Math.floor(random() * 1000);
					bench.requests.series('api', route).add(count);
					expected.set(route, (expected.get(route) ?? 0) + count);
				}
				const us = heavyTailed(random);
				bench.durations.series('api', 'a').observe(us / 1e6);
				cells[bucketOf(us)] = (cells[bucketOf(us)] as number) + 1;
			},
			10_000,
		);
		bench.forget();
		for (const slotMs of [60_000, 300_000, 900_000, 3_600_000]) {
			const request = {
				where: {},
				by: ['route'],
				fold: 'sum',
				fromMs: START,
				slotMs,
				grainMs: slotMs,
				slots: DAY / slotMs + 1,
			} as const;
			const [counted, timed] = bench.rollups.read([
				{ ...request, metric: 'ballast_requests_total' },
				{ ...request, metric: 'ballast_request_duration_seconds' },
			]);
			const sums = counted?.groups.map(({ labels, values }) => [labels['route'], values.reduce((a, b) => a + b, 0)]);
			assert.deepEqual(new Map(sums as [string, number][]), expected, String(slotMs));
			const merged = new Float64Array(896);
			for (const sparse of timed?.groups[0]?.cells ?? [])
				for (const [at, cell] of (sparse?.index ?? []).entries())
					merged[cell] = (merged[cell] as number) + (sparse?.count[at] as number);
			assert.deepEqual(merged, cells, String(slotMs));
		}
		assert.equal(bench.rollups.damaged, 0);
	}));

test('an unknown figure, a label that it does not have and a window without end are refused', () =>
	withBench(async (bench) => {
		const at = (query: Partial<FigureQuery>): Promise<unknown> => bench.at(query.figure ?? 'p95', query);
		await assert.rejects(at({ figure: 'eror_rate' }), /there is no figure `eror_rate`; did you mean `error_rate`\?/);
		await assert.rejects(
			at({ by: ['mount'] }),
			/`p95` has no `mount`; it has service, route; or service, pool, instance/,
		);
		await assert.rejects(at({ overMs: 1e12 }), /1s to 400d/);
	}));

test('every figure of the catalogue can be asked for, has data or none, and stays in its window', () =>
	withBench(async (bench) => {
		bench.run(5);
		for (const { name, labels } of bench.figures().list()) {
			if (name === 'series.dropped') assert.deepEqual(await bench.at(name), [['', 0]]);
			else assert.deepEqual(await bench.at(name), [], name);
			for (const label of labels) assert.deepEqual(await bench.at(name, { by: [label] }), [], name);
		}
	}));

test('memory holds what it may, in time and in bytes', () => {
	const registry = new Registry();
	const metric = registry.define(requestsTotal);
	const recent = new Recent(registry, { keepMs: 600_000, maxBytes: 20_000 });
	const random = randomFrom(5);
	for (let second = 0; second < 2000; second++) {
		if (second === 1000) for (let i = 0; i < 200; i++) metric.series('s', `${i}`);
		for (const series of metric.all) series.add(Math.floor(random() * 1000));
		recent.record(START + second * 1000);
		assert.ok(recent.bytes < 20_000 + 60 * 200 * 4, String(recent.bytes));
		if (second === 900) assert.equal(recent.fromMs, START + 300_000);
	}
	assert.ok(recent.fromMs > START + 1_800_000);
});

test('whatever the clock does, nothing is lost or counted twice', () => {
	fc.assert(
		fc.property(fc.array(fc.integer({ min: -90_000, max: 200_000 }), { maxLength: 60 }), (steps) => {
			const registry = new Registry();
			const series = registry.define(requestsTotal).series('a', 'b');
			const recent = new Recent(registry);
			let timeMs = START;
			recent.record(timeMs);
			for (const step of steps) {
				series.add(1);
				recent.record((timeMs += step));
			}
			const metric = 'ballast_requests_total';
			const fromMs = START - 86_400_000;
			const read = recent.read({
				metric,
				where: {},
				by: [],
				fold: 'sum',
				fromMs,
				slotMs: 1000,
				grainMs: 1000,
				slots: 200_000,
			});
			const sum = read.groups[0]?.values.reduce((a, b) => a + b, 0) ?? 0;
			assert.ok(sum <= steps.length && sum >= 0);
			for (const ms of read.coveredMs) assert.ok(ms >= 0);
		}),
		{ numRuns: 40 },
	);
});
