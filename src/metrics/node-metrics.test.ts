import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { FigureQuery, MetricDefinition } from '../core/metric.ts';
import { CATALOGUE } from './catalogue.ts';
import type { ObjectiveConfig } from './config.ts';
import { Figures } from './figure-source.ts';
import { collectNodeMetrics } from './node-metrics.ts';
import { promqlOf } from './promql.ts';
import { Recent } from './recent.ts';
import { Registry } from './registry.ts';
import { TestNode } from './testing-node.ts';

const START = Date.UTC(2026, 0, 5, 12);
const OBJECTIVE = { availability: 0.99, latency: { targetMs: 300, share: 0.9 }, windowMs: 86_400_000 };

/** A node with its metrics, on a clock that the test moves. */
class Watched {
	readonly node = new TestNode();
	readonly registry = new Registry();
	readonly recent = new Recent(this.registry);
	readonly figures: Figures;
	apdexMs = 500;
	#timeMs = START;

	constructor(objective: ObjectiveConfig | null = OBJECTIVE) {
		const options = { objective: () => objective, apdexMs: () => this.apdexMs, now: () => this.#timeMs };
		collectNodeMetrics(this.registry, this.node, options);
		const kept = { minutes: 1, fiveMinutes: 1 };
		this.figures = new Figures({ registry: this.registry, recent: this.recent, rollups: null, kept });
		this.#sample();
	}

	#sample(): void {
		this.registry.sample();
		this.recent.record(this.#timeMs);
	}

	run(seconds: number, each: () => void = () => {}): void {
		for (let second = 0; second < seconds; second++) {
			each();
			this.node.serve();
			this.#timeMs += 1000;
			this.#sample();
		}
	}

	async at(figure: string, of: Partial<FigureQuery> = {}): Promise<Record<string, number>> {
		const values = await this.figures.at({ figure, where: {}, by: [], overMs: 60_000, ...of }, this.#timeMs);
		return Object.fromEntries(values.map(({ labels, value }) => [Object.values(labels).join(' '), value]));
	}
}

const near = (value: number | undefined, expected: number, off = 0.02): void =>
	assert.ok(
		value !== undefined && Math.abs(value - expected) <= Math.abs(expected) * off + 1e-9,
		`${value}, not ${expected}`,
	);

test('every figure has data from a node that tells everything, but those of disks that do not fill up', async () => {
	const watched = new Watched();
	watched.run(61);
	for (const { info } of CATALOGUE) {
		const values = await watched.at(info.name);
		const none = ['disk.full_in', 'backup.age'].includes(info.name);
		assert.equal(Object.keys(values).length, none ? 0 : 1, info.name);
	}
	near((await watched.at('requests'))[''], 200);
	near((await watched.at('requests', { by: ['instance'] }))['api-1'], 100);
	near((await watched.at('bytes.out', { where: { route: 'GET*' } }))[''], 400_000);
	near((await watched.at('memory'))[''], 4e9);
	near((await watched.at('memory', { by: ['service'] }))['api'], 1e8);
	near((await watched.at('heap.used', { by: ['worker'] }))['main'], 0.2);
	near((await watched.at('memory.used'))[''], 0.5);
	near((await watched.at('probes', { by: ['service'] }))['api'], 100);
	near((await watched.at('probes.duration'))[''], 0.02);
	near((await watched.at('queue.wait', { by: ['service'] }))['api'], 2);
	assert.deepEqual(Object.keys(await watched.at('probes.failed', { by: ['cause'] })), ['silent']);
	assert.deepEqual(Object.keys(await watched.at('hold.refused', { by: ['cause'] })), ['full', 'timeout']);
	// Each route tells a fifth of all time for each part, so a fifth remains.
	const [whole, own] = [await watched.at('latency.mean'), await watched.at('latency.own')];
	near(own[''], (whole[''] ?? 0) / 5, 0.01);
	near((await watched.at('latency.queue'))[''], (whole[''] ?? 0) / 5, 0.01);
});

test('Apdex: up to T counts 1, up to four times T a half; another T holds from then on', async () => {
	const watched = new Watched();
	let request = 0;
	const mixed = (): void => {
		watched.node.fixedUs = ([100_000, 1_000_000, 3_000_000, 400_000] as const)[request++ % 4] as number;
	};
	watched.run(60, mixed);
	near((await watched.at('apdex'))[''], (1 + 0.5 + 0 + 1) / 4);
	watched.apdexMs = 200;
	watched.run(60, mixed);
	near((await watched.at('apdex'))[''], (1 + 0 + 0 + 0.5) / 4);
});

test('burn and budget of the worse of two objectives, and of each', async () => {
	const watched = new Watched();
	let second = 0;
	watched.run(60, () => {
		// 2 % of requests fail, 5 % are too slow.
		watched.node.failed += 2;
		watched.node.fixedUs = second++ % 20 === 0 ? 2_000_000 : 1000;
	});
	const burn = await watched.at('slo.burn', { by: ['objective'] });
	near(burn['availability'], 2);
	near(burn['latency'], 0.5);
	near((await watched.at('slo.burn'))[''], 2);
	const budget = await watched.at('slo.budget', { by: ['objective'] });
	near(budget['latency'], 0.5);
	near((await watched.at('slo.budget'))[''], -1);
	assert.deepEqual(await new Watched(null).at('slo.burn'), {});
});

test('a route that is gone takes its series with it, and comes back without a jump', async () => {
	const watched = new Watched();
	watched.run(30);
	const { size } = watched.registry;
	const names = watched.node.routeNames;
	watched.node.routeNames = names.slice(0, 1);
	watched.run(5);
	assert.ok(watched.registry.size < size);
	watched.node.routeNames = names;
	watched.run(5);
	assert.equal(watched.registry.size, size);
	near((await watched.at('requests', { overMs: 5000 }))[''], 300);
});

test('PromQL of a figure as it is asked for', () => {
	const of = (name: string, query: Partial<FigureQuery>): string | null => {
		const figure = CATALOGUE.find(({ info }) => info.name === name);
		assert.ok(figure !== undefined);
		return promqlOf(figure, { figure: name, where: {}, by: [], overMs: 60_000, ...query });
	};
	assert.equal(
		of('p95', { where: { service: 'videos', route: 'GET /*' }, by: ['route'] }),
		'histogram_quantile(0.95, sum by (le,route) (rate(ballast_request_duration_seconds_bucket{service="videos",route=~"GET /.*"}[60s])))',
	);
	assert.equal(
		of('requests', { by: ['instance'] }),
		'sum by (instance) (rate(ballast_instance_requests_total{}[60s]))',
	);
	// Prometheus reads a page every 15 s: in two seconds there is none.
	assert.equal(
		of('instances.ready', { by: ['service'], overMs: 2000 }),
		'sum by (service) (last_over_time(ballast_pool_ready{}[60s]))',
	);
	assert.match(of('instances.ready', { overMs: 30_000 }) ?? '', /avg_over_time\(ballast_pool_ready\{\}\[30s\]\)/);
	assert.match(of('slo.burn', { by: ['service'] }) ?? '', /^max by \(service\) \(.*sum by \(service,objective\)/);
	assert.equal(of('p95', { by: ['mount'] }), null);
});

test('errors by cause: what instances answered themselves is one, and all add up', async () => {
	const watched = new Watched();
	watched.node.routeNames = ['GET /*'];
	watched.run(60, () => {
		watched.node.failed += 1;
		watched.node.theirs += 3;
	});
	// A look between two writes of a worker: one count is there, the other is not yet.
	watched.node.failed += 1;
	watched.node.theirs -= 1;
	watched.run(1);
	watched.node.theirs += 1;
	watched.run(1);
	const causes = await watched.at('errors', { by: ['cause'], overMs: 62_000 });
	near(causes['instance_5xx'], 180 / 62);
	near(causes['connect_refused'], 61 / 62);
	const all = await watched.at('errors', { overMs: 62_000 });
	near(
		all[''],
		Object.values(causes).reduce((sum, value) => sum + value, 0),
	);
});

test('docs/metrics.md tells each metric with its labels, and each figure', () => {
	const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
	const registry = new Registry();
	collectNodeMetrics(registry, {}, { objective: () => null, apdexMs: () => 500 });
	for (const { definition } of registry.metrics())
		assert.ok(page.includes(metricRow(definition)), metricRow(definition));
	for (const { info } of CATALOGUE) assert.ok(page.includes(figureRow(info)), figureRow(info));
});

const code = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(' ');
const metricRow = ({ name, kind, labels, help }: MetricDefinition): string =>
	`| \`${name}\` | ${kind} | ${code(labels)} | ${help} |`;
const figureRow = ({ name, unit, perSecond, labels, text }: (typeof CATALOGUE)[number]['info']): string =>
	`| \`${name}\` | ${unit}${perSecond ? ' a second' : ''} | ${code(labels)} | ${text} |`;

test('the share that the cache gives is of what was looked up; a route without a cache has none', async () => {
	const watched = new Watched();
	watched.run(60);
	const all = (await watched.at('requests'))[''] as number;
	near((await watched.at('cache.hit_ratio'))[''], 0.7);
	near((await watched.at('cache.hits'))[''], (all * 7) / 20);
	near((await watched.at('cache.misses'))[''], all / 10);
	const by = await watched.at('cache.answers', { by: ['result'] });
	near(by['bypass'], all / 2);
	near(by['revalidated'], all / 20);
	assert.equal((await watched.at('cache.memory'))[''], 0.5);

	const bare = new Watched();
	const routes = bare.node.routes.bind(bare.node);
	bare.node.routes = () => routes().map((route) => ({ ...route, cached: [0, 0, 0, 0, 0, 0] }));
	bare.run(60);
	assert.deepEqual(await bare.at('cache.hit_ratio', { by: ['route'] }), {});
	assert.equal(bare.registry.find('ballast_cache_answers_total')?.all.length, 0);
});
