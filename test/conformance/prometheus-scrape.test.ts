/**
 * A real Prometheus that scrapes a running Ballast reads the same figures as Ballast itself, and finds data for each
 * query of the dashboards.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FigureInfo, FigureQuery, FigureSeries, Labels } from '../../src/core/metric.ts';
import type { Span } from '../../src/core/span.ts';
import { figurePromql } from '../../src/export/figure-promql.ts';
import { grafanaFiles } from '../../src/export/grafana.ts';
import { CATALOGUE } from '../../src/metrics/catalogue.ts';
import { promqlOf } from '../../src/metrics/promql.ts';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { NO_PROMETHEUS, Prometheus } from '../support/prometheus.ts';
import { eventually } from '../support/suite.ts';

const APP_JS = `
const http = require('node:http');
const body = 'x'.repeat(700);
http.createServer((request, response) => {
	if (request.url === '/v1/slow') response.setHeader('content-type', 'text/plain');
	response.statusCode = request.url === '/v1/missing' ? 404 : request.url === '/v1/failing' || request.url === '/v2/failing' ? 500 : 200;
	const text = request.url === '/v2/credit' ? '{"left":50}' : body;
	request.resume().on('end', () => setTimeout(() => response.end(text), request.url === '/v1/slow' ? 30 : 2));
}).listen(process.env.PORT, '127.0.0.1');
`;
const CONFIG = {
	workers: 2,
	stop: '1s',
	traces: { sample: '100%' },
	services: {
		app: {
			instances: { run: 'node app.js' },
			retry: 'off',
			objective: { availability: '99.9%', latency: '300ms' },
			routes: { '/v1/slow': { compress: { min: '1B' } }, 'POST /v1/items': {}, '/v1/kept': { cache: { ttl: '1h' } } },
		},
		jobs: {
			match: '/v2/*',
			instances: { run: 'node app.js' },
			retry: 'off',
			offload: {
				when: 'always',
				attempts: 1,
				lanes: { main: { concurrency: 4 } },
				credit: { path: '/v2/credit', left: ['/left'] },
				spend: { perTenant: 1000, price: { perCharacter: 1, text: ['/text'], otherwise: 1 } },
			},
		},
	},
};
/** Of each twenty requests. */
const MIX: readonly (readonly [method: string, path: string])[] = [
	...Array.from({ length: 10 }, () => ['GET', '/v1/items'] as const),
	['GET', '/v1/kept'],
	['GET', '/v1/kept'],
	...Array.from({ length: 4 }, () => ['POST', '/v1/items'] as const),
	['GET', '/v1/slow'],
	['GET', '/v1/slow'],
	['GET', '/v1/missing'],
	['GET', '/v1/failing'],
];
const PER_SECOND = 200;
const LOAD_SECONDS = 20;
/** Longer than the load, with seconds before and after it in which nothing happens. */
const WINDOW_SECONDS = 26;
const REQUESTS = PER_SECOND * LOAD_SECONDS;

/** Sends so many requests, at this pace whatever the answers take; the answer: how many failed to be answered. */
async function send(port: number, count: number): Promise<number> {
	const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
	const started = performance.now();
	let failed = 0;
	const one = (at: number): Promise<void> =>
		new Promise((resolve) => {
			const [method, path] = MIX[at % MIX.length] as readonly [string, string];
			const headers = path === '/v1/slow' ? { 'accept-encoding': 'gzip' } : {};
			const request = http.request({ host: '127.0.0.1', port, method, path, agent, headers }, (response) => {
				response.resume().on('end', resolve);
			});
			request.on('error', () => {
				failed++;
				resolve();
			});
			request.end(method === 'POST' ? 'y'.repeat(300) : undefined);
		});
	const all: Promise<void>[] = [];
	while (all.length < count) {
		const due = Math.min(count, Math.ceil(((performance.now() - started) * PER_SECOND) / 1000));
		while (all.length < due) all.push(one(all.length));
		await sleep(20);
	}
	await Promise.all(all);
	agent.destroy();
	return failed;
}

/** Jobs that succeed, one that fails, and one that costs more than may be spent. */
async function sendJobs(port: number): Promise<void> {
	const text = JSON.stringify({ text: 'z'.repeat(2000) });
	for (const [path, body, status] of [
		['/v2/render', '', 202],
		['/v2/render', '', 202],
		['/v2/failing', '', 202],
		['/v2/render', text, 402],
	] as const) {
		const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body });
		assert.equal(answer.status, status, await answer.text());
	}
}

const keyOf = (labels: Labels): string => Object.entries(labels).sort().flat().join('\0');

describe('Prometheus and Ballast', { skip: NO_PROMETHEUS }, () => {
	let ballast: Ballast;
	let prometheus: Prometheus;
	/** The end of the window, epoch seconds: the time of a scrape. */
	let end = 0;

	before(async () => {
		ballast = await startBallast(CONFIG, { files: { 'app.js': APP_JS } });
		prometheus = await Prometheus.scraping(ballast.adminPort);
		// Each series is there before the window begins: what it begins with is no growth to Prometheus.
		assert.equal(await send(ballast.port, MIX.length), 0);
		await sendJobs(ballast.port);
		await sleep(5000);
		const [failed] = await Promise.all([
			send(ballast.port, REQUESTS),
			sleep((LOAD_SECONDS * 1000) / 2).then(() => sendJobs(ballast.port)),
		]);
		assert.equal(failed, 0);
		await sleep(3500);
		const now = Date.now() / 1000;
		const [last] = await prometheus.at('timestamp(up)', now);
		end = last?.value ?? 0;
		assert.ok(now - end < 2, `the last scrape was ${now - end} s ago`);
	});
	after(async () => {
		await prometheus?.stop();
		await ballast?.stop();
	});

	/** Of Ballast over the same window. */
	async function ours(figure: string, of: { where?: string; by?: string } = {}): Promise<Map<string, number>> {
		const { where = '', by = '' } = of;
		const query = `${figure} ${where}${by === '' ? '' : ` by ${by}`} over ${WINDOW_SECONDS}s`;
		const to = Math.floor(end) * 1000;
		const series = (await ballast.control('figures', { query, from: to - 1000, to, points: 1 })) as FigureSeries[];
		return new Map(series.map(({ labels, values }) => [keyOf(labels), values.at(-1) ?? Number.NaN]));
	}

	/** Both have the same groups and, within 1 %, the same values. */
	async function agree(figure: string, promql: string, mine: Map<string, number>): Promise<Map<string, number>> {
		const theirs = new Map(
			(await prometheus.at(promql, end)).map(({ metric, value }) => [keyOf(metric), value] as const),
		);
		const some = [...theirs].filter(([, value]) => value !== 0 && !Number.isNaN(value));
		assert.ok(some.length > 0, `${figure}: Prometheus has nothing: ${promql}`);
		for (const [key, value] of some) {
			const own = mine.get(key) ?? Number.NaN;
			const off = Math.abs(own / value - 1);
			assert.ok(off <= 0.01, `${figure} ${key.replaceAll('\0', ' ')}: ${own} here, ${value} there`);
		}
		for (const [key, value] of mine)
			if (value !== 0 && !Number.isNaN(value)) assert.ok(theirs.has(key), `${figure} ${key}: only here, ${value}`);
		return theirs;
	}

	/**
	 * The window begins and ends in seconds without requests, at times of scrapes: so neither how old a page is nor how
	 * Prometheus extends a rate to the edges of its window (only between scrapes) tells apart what is the same.
	 */
	test('figures are the same, 1 % at most apart', async (context) => {
		const infos = (await ballast.control('figure-list')) as FigureInfo[];
		const over = `${WINDOW_SECONDS}s`;
		const told: string[] = [];
		for (const name of [
			'requests',
			'errors',
			'error_rate',
			'bytes.in',
			'bytes.out',
			'latency.mean',
			'latency.first_byte',
			'apdex',
		]) {
			const info = infos.find((one) => one.name === name);
			assert.ok(info !== undefined, name);
			const promql = figurePromql(info, { where: '', by: '', over });
			const mine = await ours(name);
			const [theirs] = (await agree(name, promql ?? '', mine)).values();
			told.push(`${name} ${[...mine.values()].join()} / ${theirs}`);
		}
		context.diagnostic(`here / there: ${told.join('; ')}`);
		const [requests] = (await ours('requests', { where: 'service:app' })).values();
		// A look that came some 100 ms late makes the window as much longer.
		assert.ok(Math.abs((requests ?? 0) / (REQUESTS / WINDOW_SECONDS) - 1) < 0.005, `${requests}`);
		const [rate] = (await ours('error_rate', { where: 'service:app' })).values();
		assert.ok(Math.abs((rate ?? 0) - 1 / MIX.length) < 0.0001, `${rate}`);
	});

	test('so they are by route, by class, by instance and narrowed down', async () => {
		// Of the few requests of the other, Prometheus takes what it adds at the edges of the window for growth.
		const APP = { service: 'app' };
		const cases: [figure: string, where: Record<string, string>, by: string[]][] = [
			['requests', APP, ['service', 'route']],
			['requests', APP, ['class']],
			['requests', { service: 'a*' }, ['instance']],
			['errors', { ...APP, route: '*' }, ['route']],
			['errors', APP, ['service']],
			['error_rate', APP, ['route']],
			['latency.mean', {}, ['service', 'route']],
			['latency.mean', {}, ['instance']],
			['latency.transfer', {}, ['route']],
			['bytes.out', APP, ['route']],
			['bytes.in', APP, ['instance']],
			['slo.burn', {}, ['route']],
			['instances.ready', {}, ['service', 'pool']],
		];
		for (const [name, where, by] of cases) {
			const figure = CATALOGUE.find(({ info }) => info.name === name);
			assert.ok(figure !== undefined, name);
			const query: FigureQuery = { figure: name, where, by, overMs: WINDOW_SECONDS * 1000 };
			const text = Object.entries(where).map(([label, pattern]) => `${label}:${pattern}`);
			await agree(name, promqlOf(figure, query) ?? '', await ours(name, { where: text.join(' '), by: by.join(',') }));
		}
	});

	test('percentiles lie between the same two bounds', async () => {
		const bounds = [0, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, Infinity];
		for (const name of ['p50', 'p95', 'p99']) {
			const figure = CATALOGUE.find(({ info }) => info.name === name);
			assert.ok(figure !== undefined);
			const query = { figure: name, where: {}, by: [], overMs: WINDOW_SECONDS * 1000 };
			const [theirs] = await prometheus.at(promqlOf(figure, query) ?? '', end);
			const [mine = Number.NaN] = (await ours(name)).values();
			const at = bounds.findIndex((bound) => bound >= (theirs?.value ?? Number.NaN));
			const [low, high] = [bounds[at - 1] ?? Number.NaN, bounds[at] ?? Number.NaN];
			// A cell of ours may reach over a bound by its width, 1/32.
			assert.ok(mine > low * 0.96 && mine < high * 1.04, `${name}: ${mine} here, ${theirs?.value} there`);
		}
	});

	test('Prometheus takes the page as OpenMetrics, each line of it', async () => {
		const { health, lastError } = (await prometheus.target()) ?? {};
		assert.deepEqual({ health, lastError }, { health: 'up', lastError: '' });
		const lines = async (): Promise<number> => {
			const page = await fetch(`http://127.0.0.1:${ballast.adminPort}/metrics`, {
				headers: { accept: 'application/openmetrics-text;version=1.0.0' },
			});
			assert.match(page.headers.get('content-type') ?? '', /^application\/openmetrics-text; version=1\.0\.0/);
			return (await page.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
		};
		const scraped = async (): Promise<number> =>
			(await prometheus.at('scrape_samples_scraped', Date.now() / 1000))[0]?.value ?? 0;
		// The page has more lines when the first of something is counted.
		await eventually(
			async () => ({ lines: await lines(), scraped: await scraped() }),
			(both) => both.lines === both.scraped && both.lines > 200,
		);
	});

	test('promtool finds nothing wrong with the page', async () => {
		const page = await (await fetch(`http://127.0.0.1:${ballast.adminPort}/metrics`)).text();
		assert.ok(page.includes('ballast_requests_total{'));
		const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' });
		assert.equal(`${stdout}${stderr}`, '');
		assert.equal(status, 0);
	});

	test('an exemplar leads to a trace that is kept', async () => {
		const exemplars = await prometheus.exemplars('ballast_request_duration_seconds_bucket{service="app"}');
		assert.ok(exemplars.length > 0);
		const id = exemplars.at(-1)?.labels['trace_id'] ?? '';
		assert.match(id, /^[0-9a-f]{32}$/);
		const { spans } = (await eventually(
			() => ballast.control('trace', { id }),
			(trace) => (trace as { spans: Span[] }).spans.length > 1,
		)) as { spans: Span[] };
		assert.ok(spans.every(({ traceId }) => traceId === id));
	});

	test("each query of Grafana's dashboards has data", async (context) => {
		/** Queries that have none here, and why. */
		const without: Record<string, string> = {};
		const files = grafanaFiles((await ballast.control('figure-list')) as FigureInfo[]);
		const values: Record<string, string> = { __rate_interval: `${WINDOW_SECONDS}s`, service: '.*', instance: '.*' };
		const seen = new Set<string>();
		let asked = 0;
		for (const { path, text } of files.filter((file) => file.path.endsWith('.json'))) {
			const { panels } = JSON.parse(text) as {
				panels: { title: string; targets: { expr: string; legendFormat: string }[] }[];
			};
			for (const { title, targets } of panels) {
				for (const { expr, legendFormat } of targets) {
					const query = expr.replaceAll(
						/\$(\w+)/g,
						(_, name: string) => values[name] ?? assert.fail(`$${name} in ${path}`),
					);
					const name = legendFormat.includes('{') ? title : legendFormat;
					const found = (await prometheus.at(query, end)).filter(({ value }) => !Number.isNaN(value));
					asked++;
					if (found.length === 0) seen.add(name);
					assert.ok(
						found.length > 0 || Object.hasOwn(without, name),
						`${path}: ${title}: ${name}: nothing for ${query}`,
					);
				}
			}
		}
		assert.deepEqual([...seen].sort(), Object.keys(without).sort());
		context.diagnostic(`${asked} queries have data`);
		assert.ok(asked > 40);
	});
});
