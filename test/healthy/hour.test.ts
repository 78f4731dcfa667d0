/** The recorded hour of healthy, noisy load, held against the default alerts; and that they would see a fault in it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseFigureQuery } from '../../src/metrics/query-text.ts';
import type { Registry } from '../../src/metrics/registry.ts';
import { CounterSeries, GaugeSeries, HistogramSeries, type Series } from '../../src/metrics/series.ts';
import { type Fault, type Replayed, RULES, replay } from './replay.ts';
import { type About, readTape } from './tape.ts';

const tape = readTape(new URL('hour.ndjson.br', import.meta.url));
const about = JSON.parse(readFileSync(new URL('hour.json', import.meta.url), 'utf8')) as About;

/** Rules of whose figures the hour has nothing, and why. */
const UNSEEN: Readonly<Record<string, string>> = {
	permission_missing: 'measured where a platform has the instances',
	instances_full: 'counted once it happens',
	dead_letters: 'no route makes jobs',
	jobs_parked: 'no route makes jobs',
	jobs_late: 'no route makes jobs',
	credit_low: 'no route makes jobs',
	credit_unread: 'no route makes jobs',
	cache_level_down: 'measured where a Redis is behind the memory',
	cache_purges_missed: 'measured where a Redis is behind the memory',
	cache_purges_untold: 'measured where a Redis is behind the memory',
};

let hour: Promise<Replayed> | undefined;
const replayed = (): Promise<Replayed> => (hour ??= replay(tape));

test('the recording is of an hour of healthy, noisy load', () => {
	assert.ok(tape.length >= 3500, `${tape.length} s`);
	const { load, done } = about;
	const share = (load['answers5xx'] ?? 0) / (load['requests'] ?? 0);
	assert.ok((load['requests'] ?? 0) > 80_000 && share > 0.001 && share < 0.01, JSON.stringify(load));
	assert.deepEqual(
		done.filter((each) => each.includes(': failed: ')),
		[],
	);
});

test('the replay comes to the figures that Ballast itself told at the end', async () => {
	const { figures } = await replayed();
	const sorted = (series: readonly unknown[]): string[] => series.map((each) => JSON.stringify(each)).sort();
	for (const { query, from, to, points, series } of about.answers) {
		const asked = { ...parseFigureQuery(query, figures), fromMs: from, toMs: to, points };
		assert.ok(series.length > 0);
		assert.deepEqual(sorted(await figures.range(asked)), sorted(series), query);
	}
});

test('no alert fires, but those that held in truth', async () => {
	const { fired, blind } = await replayed();
	assert.deepEqual(blind, []);
	assert.deepEqual([...fired.keys()].sort(), Object.keys(about.held).sort(), JSON.stringify([...fired]));
	for (const [rule, second] of fired) {
		const real = about.alerts.find(({ name, state }) => name === rule && state === 'firing')?.minute ?? Number.NaN;
		assert.ok(Math.abs(real * 60 - second) < 15, `${rule} fired after ${second} s, and in truth after ${real} minutes`);
	}
});

test('each rule was looked at with figures', async () => {
	const { seeing } = await replayed();
	const unseen = RULES.filter(({ name }) => !seeing.has(name)).map(({ name }) => name);
	assert.deepEqual(unseen.sort(), Object.keys(UNSEEN).sort());
});

/** The series of a metric whose labels have these values. */
function seriesOf(registry: Registry, name: string, labels: Record<string, string>): Series[] {
	const metric = registry.find(name);
	const found = (metric?.all ?? []).filter(({ values }) =>
		Object.entries(labels).every(([label, value]) => values[metric?.definition.labels.indexOf(label) ?? -1] === value),
	);
	assert.ok(found.length > 0, `the hour has no ${name} of ${JSON.stringify(labels)}`);
	return found;
}

/** Each second so many more of a counter, such a value of a gauge, or one observation of so many seconds. */
const adds =
	(name: string, labels: Record<string, string>, amount: number): Fault =>
	(registry) => {
		const [first] = seriesOf(registry, name, labels);
		if (first instanceof CounterSeries) first.add(amount);
		else if (first instanceof GaugeSeries) first.set(amount);
		else if (first instanceof HistogramSeries) first.observe(amount);
	};

const videos = { service: 'videos' };
/** When the faults begin: beside the most of the load, or in a quiet time, all the same. */
const AT = [700, 1900];

const CONTROLS: readonly [alert: string, seconds: number, fault: Fault][] = [
	['errors', 45, adds('ballast_responses_total', { ...videos, class: '5xx' }, 20)],
	['no_ready_instance', 15, adds('ballast_pool_ready', videos, 0)],
	['pool_down', 15, adds('ballast_pool_ready', videos, 0)],
	[
		'instance_died',
		10,
		(registry, second) => {
			if (second === 0) adds('ballast_instance_starts_total', { ...videos, cause: 'crash' }, 1)(registry, second);
		},
	],
	['retries', 45, adds('ballast_retries_total', videos, 20)],
	['shedding', 25, adds('ballast_shed_total', videos, 5)],
	['slow', 300, adds('ballast_request_duration_seconds', videos, 8)],
	['loop_late', 130, adds('ballast_worker_lag_seconds', { worker: 'main' }, 0.6)],
	['memory_full', 200, adds('ballast_host_memory_used_ratio', {}, 0.97)],
	['store_failing', 15, adds('ballast_store_failed', {}, 1)],
	['config_refused', 15, adds('ballast_config_refused', {}, 1)],
	['certificate_ends', 75, adds('ballast_certificate_expires_in_seconds', {}, 86_400 * 10)],
];

for (const [alert, seconds, fault] of CONTROLS)
	test(`a fault laid over the same hour raises ${alert} within ${seconds} s`, async () => {
		for (const at of AT) {
			const { fired } = await replay(tape, { from: at - 60, to: at + seconds + 1, faultAt: at, fault });
			const after = (fired.get(alert) ?? Number.POSITIVE_INFINITY) - at;
			assert.ok(after >= 0 && after <= seconds, `at ${at}: after ${after} s; ${JSON.stringify([...fired])}`);
		}
	});
