/** Two processes, one PostgreSQL, one Redis: what one of them writes ends the answers of the other. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import type { CacheCounts } from '../../cache.ts';
import { NO_POSTGRES, Postgres } from '../support/postgres.ts';
import { NO_REDIS, RedisServer } from '../support/redis.ts';
import { eventually } from '../support/suite.ts';
import type { Order } from './app-cache/instance.ts';

const skip = NO_POSTGRES || NO_REDIS;
const TEXT = 'select n from stock where id = $1';

class Instance {
	readonly #process: ChildProcess;
	readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
	readonly #ready = Promise.withResolvers<void>();
	#last = 0;

	constructor(url: string, redis: string) {
		const { NODE_TEST_CONTEXT: _, ...env } = process.env;
		this.#process = fork(join(import.meta.dirname, 'app-cache', 'instance.ts'), [url, redis], { env });
		this.#process.on('message', ({ id, result, error }: { id: number; result: unknown; error?: string }) => {
			if (id === 0) return this.#ready.resolve();
			const waiting = this.#waiting.get(id);
			this.#waiting.delete(id);
			if (error === undefined) waiting?.resolve(result);
			else waiting?.reject(new Error(error));
		});
	}

	async order<T>(order: Order): Promise<T> {
		await this.#ready.promise;
		const id = ++this.#last;
		const waiting = Promise.withResolvers<unknown>();
		this.#waiting.set(id, waiting);
		this.#process.send({ id, order });
		return (await waiting.promise) as T;
	}

	/** The row that TEXT gives, or another text. */
	async n(id: number): Promise<number> {
		return (await this.order<{ n: number }[]>({ do: 'query', text: TEXT, values: [id] }))[0]?.n as number;
	}

	async set(id: number, n: number): Promise<void> {
		await this.order({ do: 'query', text: 'update stock set n = $2 where id = $1', values: [id, n] });
	}

	counts(): Promise<CacheCounts> {
		return this.order({ do: 'counts' });
	}

	/** Hits while `work` ran. */
	async hits(work: () => Promise<unknown>): Promise<number> {
		const before = (await this.counts()).queries.hits;
		await work();
		return (await this.counts()).queries.hits - before;
	}

	async end(): Promise<void> {
		const closed = once(this.#process, 'close');
		this.#process.kill('SIGKILL');
		await closed;
	}
}

let postgres: Postgres;
let redis: RedisServer;
let one: Instance;
let two: Instance;

before(async () => {
	if (skip) return;
	[postgres, redis] = await Promise.all([Postgres.start(), RedisServer.start()]);
	const client = new pg.Client(postgres.url);
	await client.connect();
	await client.query('create table stock (id int primary key, n int); create table other (id int)');
	await client.query('insert into stock select n, 0 from generate_series(1, 100) n');
	await client.end();
	[one, two] = [new Instance(postgres.url, redis.url), new Instance(postgres.url, redis.url)];
	await Promise.all([one.n(1), two.n(1)]);
});

after(async () => {
	if (skip) return;
	await Promise.all([one?.end(), two?.end()]);
	await Promise.all([redis?.end(), postgres?.stop()]);
});

test('an answer that one has asked for, the other has too', { skip }, async () => {
	await eventually(
		() => one.hits(() => one.n(2)),
		(hits) => hits === 1,
	);
	assert.equal(await two.hits(() => two.n(2)), 1);
});

test('a write ends it on both, after the commit and not before; a rollback does not', { skip }, async () => {
	for (const instance of [one, two]) await instance.n(3);
	await one.order({ do: 'begin' });
	await one.order({ do: 'in', text: 'update stock set n = 5 where id = 3' });
	assert.deepEqual(await one.order({ do: 'in', text: 'select n from stock where id = 3' }), [{ n: 5 }]);
	for (const instance of [one, two])
		assert.equal(await instance.hits(async () => assert.equal(await instance.n(3), 0)), 1);
	await one.order({ do: 'rollback' });
	for (const instance of [one, two]) assert.equal(await instance.hits(() => instance.n(3)), 1);

	await one.order({ do: 'begin' });
	await one.order({ do: 'in', text: 'update stock set n = 6 where id = 3' });
	await one.order({ do: 'commit' });
	assert.equal(await one.n(3), 6);
	await eventually(
		() => two.n(3),
		(n) => n === 6,
	);
	// A write to another table ends nothing here.
	await one.n(3);
	await one.order({ do: 'query', text: 'insert into other values (1)' });
	assert.equal(await one.hits(() => one.n(3)), 1);
});

test('whoever writes sees it at once, whatever the other does meanwhile', { skip }, async () => {
	const write = async (instance: Instance, id: number) => {
		for (let n = 1; n <= 40; n++) {
			await instance.set(id, n);
			assert.equal(await instance.n(id), n);
		}
	};
	await Promise.all([write(one, 10), write(two, 11)]);
	for (const id of [10, 11]) {
		for (const instance of [one, two]) {
			await eventually(
				() => instance.n(id),
				(n) => n === 40,
			);
		}
	}
});

test('under a storm of writes and reads nobody is left with an old answer', { skip }, async () => {
	const last = new Map<number, number>();
	const work = async (instance: Instance, at: number) => {
		for (let round = 0; round < 60; round++) {
			const id = 20 + ((round * 7 + at) % 5);
			if (round % 3 === at % 3) {
				const n = round * 10 + at;
				await instance.order({ do: 'query', text: 'update stock set n = n + 1 where id = $1', values: [id] });
				last.set(id, n);
			} else await instance.n(id);
		}
	};
	await Promise.all([0, 1, 2, 3].map((at) => work(at % 2 === 0 ? one : two, at)));
	const client = new pg.Client(postgres.url);
	await client.connect();
	for (const id of last.keys()) {
		const wanted = (await client.query(TEXT, [id])).rows[0].n;
		for (const instance of [one, two]) {
			await eventually(
				() => instance.n(id),
				(n) => n === wanted,
			);
		}
	}
	await client.end();
});

test('values: tags and keys on both', { skip }, async () => {
	const get = (instance: Instance, key: string, gives: string, tags: string[] = []) =>
		instance.order<string>({ do: 'cached', key, gives, tags });
	assert.equal(await get(one, 'a', 'first', ['t']), 'first');
	assert.equal(await get(two, 'a', 'second', ['t']), 'first');
	await one.order({ do: 'invalidate', tags: ['t'] });
	await eventually(
		() => get(two, 'a', 'third', ['t']),
		(value) => value === 'third',
	);
	assert.equal(await get(one, 'b', 'first'), 'first');
	assert.equal(await get(two, 'b', 'second'), 'first');
	await two.order({ do: 'delete', key: 'b' });
	await eventually(
		() => get(one, 'b', 'third'),
		(value) => value === 'third',
	);
});

test('tables that are changed themselves', { skip }, async () => {
	for (const instance of [one, two]) await instance.order({ do: 'query', text: 'select * from stock where id = 4' });
	await one.order({ do: 'query', text: 'alter table stock add place text' });
	await eventually(
		() => two.order<object[]>({ do: 'query', text: 'select * from stock where id = 4' }),
		([row]) => 'place' in (row as object),
	);
});

test('Redis killed, and empty when it comes back: no query fails or is wrong for long', { skip }, async () => {
	const writes = async (from: number) => {
		for (let n = from; n < from + 5; n++) {
			const began = performance.now();
			await one.set(30, n);
			assert.ok(performance.now() - began < 3000);
			assert.equal(await one.n(30), n, 'who wrote sees it');
		}
	};
	await eventually(
		() => two.hits(() => two.n(30)),
		(hits) => hits === 1,
	);
	await redis.end('SIGKILL');
	await writes(1);
	// The other has not been told; it notices within some seconds that it is deaf, and asks the database.
	await eventually(
		() => two.n(30),
		(n) => n === 5,
		10_000,
	);
	await redis.begin();
	await writes(6);
	await eventually(
		() => two.n(30),
		(n) => n === 10,
		10_000,
	);
	await eventually(
		() => two.hits(() => two.n(30)),
		(hits) => hits === 1,
		10_000,
	);
	assert.ok((await one.counts()).redisErrors > 0);
});

test('a Redis that is silent costs a bounded time', { skip }, async () => {
	redis.freeze();
	try {
		const began = performance.now();
		await one.set(31, 1);
		assert.equal(await one.n(31), 1);
		for (let times = 0; times < 5; times++) await two.n(32);
		assert.ok(performance.now() - began < 8000, `${performance.now() - began} ms`);
	} finally {
		redis.thaw();
	}
	await eventually(
		() => two.n(31),
		(n) => n === 1,
		10_000,
	);
});
