/** Jobs in Redis beside bare BullMQ on the same server, each with node-redis; in turns, since machines have moods. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { createNodeRedisClient, Queue, Worker } from 'bullmq';
import type { JobStore } from '../../src/jobs/job-store.ts';
import { openRedisJobStore } from '../../src/jobs/redis/redis-job-store.ts';
import { NO_REDIS, RedisServer } from '../../test/support/redis.ts';
import { median } from '../measure/ratios.ts';
import type { Line } from '../stability/verdict.ts';
import { newJob } from './jobs.ts';
import { CALLERS, callersFor, type Plan, throughFor } from './throughput.ts';

/** What BullMQ does with as many at once. */
const CONCURRENCY = 100;
const WARM = 500;
/** A round is not shorter than this, s. */
const SECONDS_LEAST = 3;

export async function redis(plan: Plan): Promise<Line[]> {
	const { rounds } = plan;
	const seconds = Math.max(plan.seconds, SECONDS_LEAST);
	if (NO_REDIS !== false) throw new Error(NO_REDIS);
	const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-redis-'));
	const server = await RedisServer.start(['--appendonly', 'yes', '--appendfsync', 'everysec', '--dir', folder]);
	const found: Record<'ours' | 'bare' | 'oursThrough' | 'bareThrough', number[]> = {
		ours: [],
		bare: [],
		oursThrough: [],
		bareThrough: [],
	};
	try {
		for (let round = 0; round < rounds; round++) {
			await withStore(server, async (store) => {
				const rate = await callersFor(seconds, (at) => store.add([newJob({ group: `g-${at % 8}` })]));
				found.ours.push(rate.perSecond);
			});
			await withQueue(server, async (queue) => {
				found.bare.push((await callersFor(seconds, () => addTo(queue))).perSecond);
			});
			await withStore(server, async (store) => void found.oursThrough.push(await throughFor(store, seconds)));
			await withQueue(server, async (queue) => void found.bareThrough.push(await bareThrough(queue, server, seconds)));
		}
	} finally {
		await server.end();
		rmSync(folder, { recursive: true, force: true });
	}
	return [
		...linesOf(`Redis: enqueue, ${CALLERS} callers`, 'redisEnqueue', found.ours, found.bare),
		...linesOf('Redis: through', 'redisThrough', found.oursThrough, found.bareThrough),
	];
}

function linesOf(figure: string, key: string, ours: readonly number[], bare: readonly number[]): Line[] {
	const ratio = median(ours.map((rate, at) => rate / (bare[at] as number)));
	const told = { most: undefined, unit: '/s' };
	return [
		{ figure, key: `${key}PerSecond`, measured: Math.round(median(ours)), ...told },
		{ figure: `${figure}: bare BullMQ`, key: `${key}BarePerSecond`, measured: Math.round(median(bare)), ...told },
		{
			figure: `${figure}: ÷ bare BullMQ`,
			key: `${key}Ratio`,
			measured: Math.round(ratio * 100) / 100,
			least: 0.8,
			most: undefined,
		},
	];
}

function storeOn(server: RedisServer, keyPrefix: string): Promise<JobStore> {
	return openRedisJobStore({
		config: {
			place: { kind: 'single', node: { host: '127.0.0.1', port: server.port } },
			login: { username: null, password: null },
			database: 0,
			tls: null,
			keyPrefix,
			secrets: [],
		},
		commandMs: 30_000,
	});
}

async function withStore(server: RedisServer, work: (store: JobStore) => Promise<void>): Promise<void> {
	await server.ask('FLUSHALL');
	const store = await storeOn(server, 'bench:');
	try {
		await work(store);
	} finally {
		await store.close();
	}
}

export interface OpenRedis extends AsyncDisposable {
	/** Of a prefix; closed with it. */
	store(keyPrefix: string): Promise<JobStore>;
	/** What it holds. */
	bytes(): Promise<number>;
}

/** A Redis of its own that keeps nothing on disk. */
export async function openRedis(): Promise<OpenRedis> {
	if (NO_REDIS !== false) throw new Error(NO_REDIS);
	const server = await RedisServer.start();
	const stores: JobStore[] = [];
	return {
		async store(keyPrefix) {
			const store = await storeOn(server, keyPrefix);
			stores.push(store);
			return store;
		},
		async bytes() {
			return Number(/used_memory:(\d+)/.exec(await server.ask('INFO', 'memory'))?.[1]);
		},
		async [Symbol.asyncDispose]() {
			for (const store of stores) await store.close();
			await server.end();
		},
	};
}

type Connection = NonNullable<ConstructorParameters<typeof Queue>[1]>['connection'];

/** BullMQ leaves a client open that it was given. */
function connect(server: RedisServer): { connection: Connection; end(): void } {
	const client = createClient({ url: server.url, RESP: 2 });
	const adapter = createNodeRedisClient(client as never);
	adapter.on('error', () => undefined);
	return { connection: adapter as unknown as Connection, end: () => client.destroy() };
}

async function withQueue(server: RedisServer, work: (queue: Queue) => Promise<void>): Promise<void> {
	await server.ask('FLUSHALL');
	const { connection, end } = connect(server);
	const queue = new Queue('videos', { connection });
	try {
		await queue.waitUntilReady();
		await work(queue);
	} finally {
		await queue.close();
		end();
	}
}

/** The same job, its bytes as text: BullMQ keeps JSON. */
function addTo(queue: Queue): Promise<unknown> {
	const { id, request, body, owner } = newJob();
	const inline = body !== null && 'inline' in body ? body.inline : new Uint8Array(0);
	const data = {
		owner,
		request: Buffer.from(request).toString('base64'),
		body: Buffer.from(inline).toString('base64'),
	};
	return queue.add('job', data, { jobId: id, attempts: 5 });
}

async function bareThrough(queue: Queue, server: RedisServer, seconds: number): Promise<number> {
	let done = 0;
	let added = 0;
	const { connection, end } = connect(server);
	const worker = new Worker('videos', async () => void done++, { connection, concurrency: CONCURRENCY });
	// Its blocking connection, which it makes of the other.
	worker.on('error', () => undefined);
	await worker.waitUntilReady();
	// A worker that just began waits for its first jobs one by one.
	for (; added < WARM; added++) await addTo(queue);
	while (done < WARM) await new Promise((resolve) => setTimeout(resolve, 10));
	await callersFor(seconds, async () => {
		if (added - done > 2000) await new Promise((resolve) => setImmediate(resolve));
		else {
			added++;
			await addTo(queue);
		}
	});
	const perSecond = (done - WARM) / seconds;
	await worker.close(true);
	end();
	return perSecond;
}
