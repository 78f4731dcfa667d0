/**
 * Jobs in Redis when it fails: what was acknowledged is there afterwards. With the whole program:
 * test/faults/jobs-redis.long.ts. What takes half a minute runs with `BALLAST_FAULTS=long`, as `npm run faults` sets it.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobStore } from '../../src/jobs/job-store.ts';
import { openRedisJobStore, type RedisJobStoreOptions } from '../../src/jobs/redis/redis-job-store.ts';
import { JobStage, LONG_MS } from '../../src/jobs/testing/job-stage.ts';
import type { RedisPlace } from '../../src/redis/config.ts';
import { LONG } from '../faults/plan.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { freePorts } from '../support/free-ports.ts';
import { NO_REDIS, RedisServer } from '../support/redis.ts';
import { RedisFailover } from '../support/redis-failover.ts';
import { openRedis, takesJobsAgain } from '../support/redis-job-home.ts';
import { eventually } from '../support/suite.ts';

const CALLERS = 16;
const SAFE = ['--min-replicas-to-write', '1', '--min-replicas-max-lag', '3'];

function open(place: RedisPlace, more: Partial<RedisJobStoreOptions> = {}): Promise<JobStore> {
	return openRedisJobStore({
		config: openRedis(place, 'ballast:'),
		commandMs: 2000,
		...more,
	});
}

const single = (server: RedisServer): RedisPlace => ({
	kind: 'single',
	node: { host: '127.0.0.1', port: server.port },
});

const stageOf = (store: JobStore): JobStage =>
	new JobStage(
		{
			open: async () => store,
			nowMs: () => performance.timeOrigin + performance.now(),
			pass: async (ms) => void (await sleep(ms)),
			[Symbol.asyncDispose]: async () => undefined,
		},
		store,
		[],
	);

/** Callers that hand in one job after another; each tries the same one again until it is acknowledged. */
class Intake {
	readonly acknowledged: string[] = [];
	refused = 0;
	/** The longest time without any acknowledgement, ms. */
	outageMs = 0;
	#lastMs = performance.now();
	#ended = false;
	readonly #done: Promise<unknown>;

	constructor(stage: JobStage) {
		this.#done = Promise.all(Array.from({ length: CALLERS }, () => this.#call(stage)));
	}

	async #call(stage: JobStage): Promise<void> {
		while (!this.#ended) {
			const job = stage.newJob();
			while (!(await this.#once(stage, job)) && !this.#ended) await sleep(20);
		}
	}

	async #once({ store }: JobStage, job: ReturnType<JobStage['newJob']>): Promise<boolean> {
		try {
			await store.add([job]);
		} catch (error) {
			assert.equal((error as { code?: string }).code, 'jobs_unavailable');
			this.refused++;
			return false;
		}
		const now = performance.now();
		this.outageMs = Math.max(this.outageMs, now - this.#lastMs);
		this.#lastMs = now;
		this.acknowledged.push(job.id);
		return true;
	}

	/** Waits until so many more are acknowledged. */
	async more(count: number): Promise<void> {
		const least = this.acknowledged.length + count;
		await eventually(
			async () => this.acknowledged.length,
			(length) => length >= least,
			60_000,
		);
	}

	async end(): Promise<void> {
		this.#ended = true;
		await this.#done;
	}
}

async function lostOf(store: JobStore, ids: readonly string[]): Promise<number> {
	let lost = 0;
	for (let at = 0; at < ids.length; at += 200) {
		const found = await Promise.all(ids.slice(at, at + 200).map((id) => store.get(id)));
		lost += found.filter((job) => job === null).length;
	}
	return lost;
}

test('kill -9 of the primary: nothing acknowledged is lost', { skip: NO_REDIS }, async (context) => {
	await using stack = new AsyncDisposableStack();
	const group = await RedisFailover.start(SAFE);
	stack.defer(() => group.end());
	const store = await open(group.place, { replicas: 1 });
	stack.defer(() => store.close());
	const intake = new Intake(stageOf(store));
	await intake.more(200);
	await group.servers[0]?.end('SIGKILL');
	await intake.more(200);
	await intake.end();
	const count = intake.acknowledged.length;
	context.diagnostic(`${count} acknowledged, ${intake.refused} refused, outage ${Math.round(intake.outageMs)} ms`);
	assert.equal(await lostOf(store, intake.acknowledged), 0);
});

test('a Redis that Ballast is cut off from: nothing is acknowledged meanwhile, and nothing is lost', {
	skip: NO_REDIS,
}, async (context) => {
	await using stack = new AsyncDisposableStack();
	const server = await RedisServer.start();
	stack.defer(() => server.end());
	const line = stack.use(await startFaultProxy(server.port));
	const store = await open({ kind: 'single', node: { host: '127.0.0.1', port: line.port } }, { commandMs: 300 });
	stack.defer(() => store.close());
	const intake = new Intake(stageOf(store));
	await intake.more(100);
	line.silent = true;
	// What was answered before may still be read.
	await sleep(50);
	const before = intake.acknowledged.length;
	await eventually(
		async () => intake.refused,
		(refused) => refused >= 3 * CALLERS,
		20_000,
	);
	assert.equal(intake.acknowledged.length, before);
	await line.heal();
	await intake.more(100);
	await intake.end();
	context.diagnostic(`${intake.acknowledged.length} acknowledged, ${intake.refused} refused`);
	assert.equal(await lostOf(store, intake.acknowledged), 0);
	const { waiting } = (await store.queue('videos')).counts;
	assert.ok(waiting <= intake.acknowledged.length + CALLERS, 'those that were tried again are there once');
});

test('a primary that is cut off from all others for 12 s: nothing acknowledged is lost', {
	skip: NO_REDIS !== false ? NO_REDIS : !LONG && 'it takes half a minute: BALLAST_FAULTS=long',
}, async (context) => {
	await using stack = new AsyncDisposableStack();
	let line: FaultProxy | undefined;
	const group = await RedisFailover.start(SAFE, async (port) => {
		line = stack.use(await startFaultProxy(port));
		return line.port;
	});
	stack.defer(() => group.end());
	assert.ok(line !== undefined);
	const [primary] = group.servers as [RedisServer];
	const store = await open(group.place, { replicas: 1 });
	stack.defer(() => store.close());
	const intake = new Intake(stageOf(store));
	await intake.more(200);
	line.silent = true;
	// Another primary takes over; all that was acknowledged is looked at below, so that it should not be too much.
	await intake.more(200);
	await intake.end();
	const { outageMs, acknowledged, refused } = intake;
	await sleep(Math.max(0, 12_000 - outageMs));
	const later = new Intake(stageOf(store));
	await later.more(50);
	await line.heal();
	await later.more(50);
	await later.end();
	await eventually(
		// Whoever becomes a replica resets its connections.
		() => primary.ask('INFO', 'replication').catch(() => ''),
		(info) => info.includes('role:slave') && info.includes('master_link_status:up'),
		60_000,
	);
	const all = [...acknowledged, ...later.acknowledged];
	context.diagnostic(`${all.length} acknowledged, ${refused} refused, outage ${Math.round(outageMs)} ms`);
	assert.equal(await lostOf(store, all), 0);
	assert.ok(outageMs < 12_000, 'another primary took over');
});

test('where replicas are asked for and there are none, no job is taken in', { skip: NO_REDIS }, async () => {
	await using stack = new AsyncDisposableStack();
	const server = await RedisServer.start();
	stack.defer(() => server.end());
	const store = await open(single(server), { replicas: 1, replicasMs: 50 });
	stack.defer(() => store.close());
	const stage = stageOf(store);
	const job = stage.newJob();
	await assert.rejects(store.add([job]), { code: 'jobs_unavailable', message: /only 0 of 1 replicas/ });
	await assert.rejects(store.add([job]), { code: 'jobs_unavailable' }, 'the same call is safe to repeat');
});

test('without memory no job is taken in, and what is there is carried out', { skip: NO_REDIS }, async () => {
	await using stack = new AsyncDisposableStack();
	const server = await RedisServer.start(['--maxmemory', '4mb', '--maxmemory-policy', 'noeviction']);
	stack.defer(() => server.end());
	const store = await open(single(server));
	stack.defer(() => store.close());
	const stage = stageOf(store);
	const body = { inline: new Uint8Array(400_000) };
	let kept = 0;
	const fill = async (): Promise<void> => {
		for (; kept < 100; kept++) await stage.add({ body });
	};
	await assert.rejects(fill(), { code: 'jobs_unavailable', message: /no memory left/ });
	assert.deepEqual(await stage.counts(), { waiting: kept }, 'the one that was refused is not there in parts');
	for (const job of await stage.claim({ leaseMs: LONG_MS })) await stage.succeed(job);
	assert.deepEqual(await stage.counts(), { succeeded: kept });
	await store.sweep(stage.nowMs + 2 * LONG_MS);
	assert.deepEqual(await stage.counts(), {});
	await stage.add({ body });
});

test('a body that does not fit is refused with what is needed', { skip: NO_REDIS }, async () => {
	await using stack = new AsyncDisposableStack();
	const server = await RedisServer.start();
	stack.defer(() => server.end());
	const store = await open(single(server));
	stack.defer(() => store.close());
	const stage = stageOf(store);
	await stage.add({ body: { inline: new Uint8Array(1_048_576) } });
	for (const body of [{ inline: new Uint8Array(1_048_577) }, { file: 'b-1', bytes: 5 }]) {
		await assert.rejects(store.add([stage.newJob({ body })]), {
			code: 'jobs_unavailable',
			message: /folder that all nodes share/,
		});
	}
});

test('a Redis that was away, scripts and all, is used again', { skip: NO_REDIS }, async () => {
	await using stack = new AsyncDisposableStack();
	const server = await RedisServer.start();
	stack.defer(() => server.end());
	const store = await open(single(server), { commandMs: 500 });
	stack.defer(() => store.close());
	const stage = stageOf(store);
	await stage.add();
	await server.end();
	await assert.rejects(store.add([stage.newJob()]), { code: 'jobs_unavailable' });
	await server.begin();
	await takesJobsAgain(stage);
});

test('a Cluster keeps all jobs of a prefix on one of its nodes', { skip: NO_REDIS }, async () => {
	await using stack = new AsyncDisposableStack();
	const folder = mkdtempSync(join(tmpdir(), 'ballast-redis-'));
	stack.defer(() => rmSync(folder, { recursive: true, force: true }));
	const own = ['--cluster-enabled', 'yes', '--dir', folder, '--cluster-port', `${(await freePorts(1))[0]}`];
	const server = await RedisServer.start([...own, '--cluster-announce-ip', '127.0.0.1']);
	stack.defer(() => server.end());
	await server.ask('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
	await eventually(
		() => server.ask('CLUSTER', 'INFO'),
		(info) => info.includes('cluster_state:ok'),
		20_000,
	);
	const store = await open({ kind: 'cluster', nodes: [{ host: '127.0.0.1', port: server.port }] });
	stack.defer(() => store.close());
	const stage = stageOf(store);
	for (const group of ['a', 'b']) await stage.add({ group, queue: 'videos' });
	await stage.add({ queue: 'other' });
	const jobs = await stage.claim({ queues: [stage.room(), stage.room({ name: 'other' })] });
	assert.equal(jobs.length, 3);
	for (const job of jobs) await stage.succeed(job);
	assert.deepEqual(await stage.counts(), { succeeded: 2 });
	assert.equal((await store.list({ limit: 10 })).jobs.length, 3);
});

test('what does not suit jobs is said at the connection, with what to set', { skip: NO_REDIS }, async () => {
	await using stack = new AsyncDisposableStack();
	const server = await RedisServer.start(['--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru']);
	stack.defer(() => server.end());
	const said = Promise.withResolvers<readonly string[]>();
	const store = await open(single(server), { replicas: 1, warned: said.resolve });
	stack.defer(() => store.close());
	const text = (await said.promise).join('\n');
	for (const wanted of [/appendonly yes/, /noeviction/, /has no replica/]) assert.match(text, wanted);
});
