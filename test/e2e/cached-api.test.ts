/** examples/cached-api as its README has it: two instances behind Ballast, one PostgreSQL, one Redis. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import type { FigureSeries } from '../../src/core/metric.ts';
import { startBallast } from '../support/ballast.ts';
import { NO_POSTGRES, Postgres } from '../support/postgres.ts';
import { NO_REDIS, RedisServer } from '../support/redis.ts';
import { eventually } from '../support/suite.ts';

const folder = join(import.meta.dirname, '..', '..', 'examples', 'cached-api');

interface Answer {
	instance: string | null;
	value: { stars: number | null };
}

test('what one instance takes ends the answers of both; hits and misses are figures', {
	skip: NO_POSTGRES || NO_REDIS,
}, async () => {
	const [postgres, redis] = await Promise.all([Postgres.start(), RedisServer.start()]);
	try {
		const config = parse(readFileSync(join(folder, 'ballast.yaml'), 'utf8'));
		config.listen = undefined;
		config.workers = 1;
		config.services.films.instances = { ...config.services.films.instances, cwd: folder };
		await using ballast = await startBallast(JSON.parse(JSON.stringify(config)), {
			env: { DATABASE_URL: postgres.url, REDIS_URL: redis.url },
			startMs: 40_000,
		});
		await eventually(
			async () => new Set((await answers(`${ballast.url}/films/1`, 4)).map(({ instance }) => instance)).size,
			(instances) => instances === 2,
			20_000,
		);
		for (const stars of [5, 3]) {
			const taken = await fetch(`${ballast.url}/films/1/reviews`, { method: 'POST', body: JSON.stringify({ stars }) });
			assert.equal(taken.status, 201);
			await eventually(
				() => answers(`${ballast.url}/films/1`, 4),
				(all) => all.every(({ value }) => value.stars === (stars === 5 ? 5 : 4)),
			);
		}
		assert.equal((await fetch(`${ballast.url}/films/999`)).status, 404);
		assert.equal((await fetch(`${ballast.url}/films/1/reviews`, { method: 'POST', body: '{"stars":9}' })).status, 400);
		// What was counted before the first look at an instance's page is no growth: it goes on meanwhile.
		await eventually(
			async () => {
				await answers(`${ballast.url}/films`, 4);
				return total(ballast, 'app_cache_hits_total service:films');
			},
			(hits) => hits >= 5,
			30_000,
		);
		await eventually(
			async () => {
				await fetch(`${ballast.url}/films/1/reviews`, { method: 'POST', body: JSON.stringify({ stars: 4 }) });
				await answers(`${ballast.url}/films/1`, 4);
				return total(ballast, 'app_cache_misses_total service:films');
			},
			(misses) => misses >= 1,
			30_000,
		);
		// The page of an instance is not the clients'.
		assert.equal((await fetch(`${ballast.url}/metrics`)).status, 404);
	} finally {
		await Promise.all([postgres.stop(), redis.end()]);
	}
});

async function answers(url: string, times: number): Promise<Answer[]> {
	return Promise.all(
		Array.from({ length: times }, async () => {
			const response = await fetch(url);
			return { instance: response.headers.get('x-instance'), value: (await response.json()) as Answer['value'] };
		}),
	);
}

/** The sum over all instances; a counter of others is told as so many a second, so its points are added up. */
async function total(ballast: Awaited<ReturnType<typeof startBallast>>, query: string): Promise<number> {
	const asked = { query, points: 60, from: Date.now() - 60_000 };
	// There is no such figure before the first look at the pages of the instances.
	const series = (await ballast.control('figures', asked).catch(() => [])) as FigureSeries[];
	return series.flatMap(({ values }) => values).reduce<number>((sum, value) => sum + (value ?? 0), 0);
}
