/**
 * `cacheQueries` where what lies between it and its stores is not plain: PgBouncer in transaction mode, and a Redis
 * whose primary dies in use. They run with `BALLAST_FAULTS=long`.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { type AppCache, type CacheOptions, cacheQueries, createCache, type QueryCache } from '../../cache.ts';
import { LONG } from '../faults/plan.ts';
import { NO_PGBOUNCER, PgBouncer } from '../support/pgbouncer.ts';
import { NO_POSTGRES, Postgres } from '../support/postgres.ts';
import { NO_REDIS, RedisServer } from '../support/redis.ts';
import { PRIMARY, RedisSentinels } from '../support/redis-groups.ts';
import { eventually } from '../support/suite.ts';

const skip = NO_POSTGRES || NO_REDIS || (!LONG && 'it takes a quarter of a minute: BALLAST_FAULTS=long');
const READ = 'select n from stock where id = $1';
const WRITE = 'update stock set n = n + 1 where id = $1 returning n';
const ROWS = 4;

let postgres: Postgres;

before(async () => {
	if (skip) return;
	postgres = await Postgres.start();
	const client = new pg.Client(postgres.url);
	await client.connect();
	await client.query('create table stock (id int primary key, n int not null)');
	await client.query('insert into stock select i, 0 from generate_series(0, 9) i');
	await client.end();
});

after(async () => {
	if (!skip) await postgres.stop();
});

/** What one process of an application has. */
class Application {
	readonly cache: AppCache;
	readonly pool: pg.Pool & QueryCache;
	readonly #raw: pg.Pool;

	private constructor(cache: AppCache, raw: pg.Pool, pool: pg.Pool & QueryCache) {
		this.cache = cache;
		this.#raw = raw;
		this.pool = pool;
	}

	static async open(url: string, redis: NonNullable<CacheOptions['redis']>): Promise<Application> {
		const raw = new pg.Pool({ connectionString: url, max: 6 });
		raw.on('error', () => undefined);
		const cache = await createCache({ redis });
		return new Application(cache, raw, await cacheQueries(raw, cache));
	}

	async read(id: number): Promise<number> {
		const { rows } = await this.pool.query<{ n: number }>(READ, [id]);
		return rows[0]?.n as number;
	}

	async write(id: number): Promise<number> {
		const { rows } = await this.pool.query<{ n: number }>(WRITE, [id]);
		return rows[0]?.n as number;
	}

	async close(): Promise<void> {
		await this.cache.close();
		await this.#raw.end();
	}
}

test('PgBouncer in transaction mode: own writes are seen at once, those of others soon, and most is a hit', {
	skip: skip || NO_PGBOUNCER,
}, async () => {
	const redis = await RedisServer.start();
	const bouncer = await PgBouncer.start(postgres.url, 2);
	const [one, two] = [await Application.open(bouncer.url, redis.url), await Application.open(bouncer.url, redis.url)];
	try {
		// More at a time than there are connections: each statement may find another one.
		const work = async (app: Application, id: number): Promise<void> => {
			for (let round = 0; round < 10; round++) {
				const written = await app.write(id);
				for (let i = 0; i < 4; i++) assert.ok((await app.read(id)) >= written, 'its own write');
				const client = await app.pool.connect();
				try {
					await client.query('begin');
					const within = (await client.query<{ n: number }>(WRITE, [id])).rows[0]?.n as number;
					assert.equal((await client.query<{ n: number }>(READ, [id])).rows[0]?.n, within, 'within a transaction');
					await client.query(round % 2 === 0 ? 'commit' : 'rollback');
					const seen = (await client.query<{ n: number }>(READ, [id])).rows[0]?.n as number;
					assert.ok(round % 2 === 0 ? seen >= within : seen >= written, 'after it');
				} finally {
					client.release();
				}
			}
		};
		await Promise.all([one, two].flatMap((app) => Array.from({ length: ROWS }, (_, id) => work(app, id))));
		for (let id = 0; id < ROWS; id++) {
			const written = await one.write(id);
			await eventually(
				() => two.read(id),
				(n) => n === written,
			);
		}
		for (let i = 0; i < 100; i++) await two.read(i % ROWS);
		const { hits } = two.cache.counts().queries;
		assert.ok(hits >= 100, `${hits} hits`);
	} finally {
		await Promise.all([one.close(), two.close()]);
		await bouncer.stop();
		await redis.end();
	}
});

/** What was written is read by others within this, ms, whatever happens to Redis. */
const SOON_MS = 10_000;

test('Sentinels: the primary is killed in use; no call fails, and no instance goes on with what was written over', {
	skip,
}, async (t) => {
	const group = await RedisSentinels.start();
	const clients = [1, 2].map(
		() =>
			new Redis({
				name: PRIMARY,
				sentinels: group.sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
				sentinelRetryStrategy: () => 100,
			}),
	) as [Redis, Redis];
	for (const client of clients) client.on('error', () => undefined);
	const one = await Application.open(postgres.url, clients[0]);
	const two = await Application.open(postgres.url, clients[1]);
	/** What was committed, and when. */
	const written: { n: number; atMs: number }[] = [];
	let going = true;
	let worstMs = 0;
	let reads = 0;
	const id = 9;
	const writing = (async () => {
		while (going) {
			const n = await one.write(id);
			written.push({ n, atMs: performance.now() });
			assert.equal(await one.read(id), n, 'its own write');
			await sleep(50);
		}
	})();
	const reading = (async () => {
		while (going) {
			const before = performance.now();
			const n = await two.read(id);
			reads++;
			const over = written.find((each) => each.n > n && each.atMs < before);
			if (over !== undefined) worstMs = Math.max(worstMs, before - over.atMs);
			await sleep(5);
		}
	})();
	try {
		await eventually(
			() => two.cache.counts().queries.hits,
			(hits) => hits > 20,
			20_000,
		);
		await group.servers[0]?.end();
		const at = performance.now();
		// The other one is the primary, and both use it.
		await eventually(
			() => group.servers[1]?.ask('INFO', 'replication') ?? '',
			(info) => info.includes('role:master'),
			30_000,
		);
		const tookMs = performance.now() - at;
		const { hits } = two.cache.counts().queries;
		await eventually(
			() => two.cache.counts().queries.hits,
			(now) => now > hits + 20,
			30_000,
		);
		const againMs = performance.now() - at;
		going = false;
		await Promise.all([writing, reading]);
		t.diagnostic(
			`${reads} reads, ${written.length} writes; another primary after ${tookMs.toFixed(0)} ms, hits again after ${againMs.toFixed(0)} ms; oldest answer ${worstMs.toFixed(0)} ms behind`,
		);
		assert.ok(worstMs < SOON_MS, `${worstMs} ms behind`);
	} finally {
		going = false;
		await Promise.allSettled([writing, reading]);
		await Promise.all([one.close(), two.close()]);
		for (const client of clients) client.disconnect();
		await group.end();
	}
});
