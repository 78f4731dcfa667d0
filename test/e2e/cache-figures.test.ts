/** What is seen of the response cache: metrics, status, access log, the store, figures. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Status } from '../../src/app/status.ts';
import type { LogEntry } from '../../src/core/log-entry.ts';
import type { FigureSeries } from '../../src/core/metric.ts';
import { eventually, get, statusOf, suite } from '../support/suite.ts';

describe('the cache is seen', () => {
	const it = suite(({ url }) => ({
		logs: { access: './access.log', sample: '100%' },
		services: {
			app: {
				instances: [url],
				routes: { 'GET /kept/*': { cache: {} }, 'GET /plain/*': {} },
			},
		},
	}));
	const FRESH = 'HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nContent-Length: 4\r\n\r\nkept';
	const OLD = 'HTTP/1.1 200 OK\r\nCache-Control: no-cache\r\nETag: "a"\r\nContent-Length: 3\r\n\r\nold';

	const metrics = async (): Promise<Map<string, number>> => {
		const page = await (await fetch(`http://127.0.0.1:${it.ballast.adminPort}/metrics`)).text();
		return new Map(
			page
				.split('\n')
				.filter((line) => line !== '' && !line.startsWith('#'))
				.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
		);
	};
	const answers = (all: Map<string, number>, result: string): number | undefined =>
		all.get(`ballast_cache_answers_total{service="app",route="GET /kept/*",result="${result}"}`);

	test('each answer by where it came from, everywhere', async () => {
		it.upstream.on('/kept/a', FRESH);
		it.upstream.on('/kept/old', OLD);
		it.upstream.on('/plain/a', FRESH);
		for (let i = 0; i < 4; i++) await it.ask(get('/kept/a'));
		await it.ask(get('/kept/old'));
		it.upstream.on('/kept/old', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n');
		assert.equal((await it.ask(get('/kept/old'))).status, 200);
		await it.ask(get('/kept/a', 'Expect: 100-continue', 'Content-Length: 1', '', 'x'));
		await it.ask(get('/plain/a'));

		const seen = await eventually(metrics, (all) => answers(all, 'hit') === 3 && answers(all, 'bypass') === 1);
		for (const [result, count] of [
			['miss', 2],
			['revalidated', 1],
			['stale', 0],
			['collapsed', 0],
		] as const)
			assert.equal(answers(seen, result), count, result);
		const names = [...seen.keys()];
		assert.ok(!names.some((name) => name.startsWith('ballast_cache_answers_total') && name.includes('/plain/')));
		assert.equal(seen.get('ballast_cache_entries'), 2);
		assert.ok((seen.get('ballast_cache_bytes') ?? 0) > 0);
		assert.equal(seen.get('ballast_cache_evicted_total'), 0);

		const [service] = (await statusOf(it.ballast)).services as [Status['services'][number]];
		assert.deepEqual(
			{ ...service.counts.cached },
			{ hit: 3, stale: 0, revalidated: 1, collapsed: 0, miss: 2, bypass: 1 },
		);
		// Three of the eight were given without it.
		assert.equal(service.counts.requests, 8);
		assert.equal(
			service.instances.reduce((sum, { counts }) => sum + counts.requests, 0),
			5,
		);
	});

	test('the access log and the store tell it, and it can be searched for', async () => {
		it.upstream.on('/kept/b', FRESH);
		for (let i = 0; i < 3; i++) await it.ask(get('/kept/b?n=b'));
		await it.ask(get('/plain/a?n=b'));
		const file = join(it.ballast.folder, 'access.log');
		const lines = await eventually(
			() =>
				readFileSync(file, 'utf8')
					.split('\n')
					.filter((line) => line.includes('"n=b"')),
			(found) => found.length === 4,
		);
		const results = lines.map((line) => (JSON.parse(line) as Record<string, unknown>)['cache.status']);
		assert.deepEqual(results, ['miss', 'hit', 'hit', undefined]);
		const found = async (query: string): Promise<LogEntry[]> =>
			((await it.ballast.control('logs', { query })) as { entries: LogEntry[] }).entries;
		const [hit] = await eventually(
			() => found('cache:hit path:/kept/b'),
			(entries) => entries.length === 2,
		);
		assert.equal(hit?.instance, '');
		assert.equal(hit?.fields['upstream.attempts'], undefined);
		const [miss] = await found('cache:miss path:/kept/b');
		assert.notEqual(miss?.instance, '');
	});

	test('its figures can be asked for', async () => {
		const ask = async (query: string): Promise<FigureSeries[]> => {
			const to = Date.now();
			return (await it.ballast.control('figures', { query, from: to - 60_000, to, points: 1 })) as FigureSeries[];
		};
		const [ratio] = await eventually(
			() => ask('cache.hit_ratio by route over 1m'),
			([one]) => (one?.values.at(-1) ?? 0) === 5 / 9,
		);
		assert.equal(ratio?.labels['route'], 'GET /kept/*');
		assert.ok(((await ask('cache.memory'))[0]?.values.at(-1) ?? 0) > 0);
	});
});
