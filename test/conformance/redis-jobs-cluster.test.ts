/**
 * Jobs in a Redis Cluster of three primaries: the suite of job stores, and what becomes of jobs when one of the three
 * is gone. It takes some seconds, and so runs with `BALLAST_FAULTS=long`, as `npm run faults` sets it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { JobStore } from '../../src/jobs/job-store.ts';
import type { NoticeStore } from '../../src/jobs/notice-store.ts';
import { openRedisJobStore } from '../../src/jobs/redis/redis-job-store.ts';
import { JobStage, type JobStoreHome } from '../../src/jobs/testing/job-stage.ts';
import { jobStoreSuite } from '../../src/jobs/testing/job-store-suite.ts';
import type { RedisConfig } from '../../src/redis/config.ts';
import { LONG } from '../faults/plan.ts';
import { NO_REDIS, type RedisServer } from '../support/redis.ts';
import { RedisCluster } from '../support/redis-groups.ts';
import { openRedis, redisJobHome, takesJobsAgain } from '../support/redis-job-home.ts';

const SKIP = NO_REDIS !== false ? NO_REDIS : !LONG && 'three primaries: BALLAST_FAULTS=long';
let cluster: RedisCluster | undefined;
let homes = 0;

if (SKIP !== false) test('the suite of job stores on a Redis Cluster', { skip: SKIP });
else {
	before(async () => {
		cluster = await RedisCluster.start();
	});
	after(() => cluster?.end());
	jobStoreSuite('redis cluster', home);
	test('redis cluster: prefixes are spread over the primaries, and one that is gone takes only its own away', spread);
}

const servers = (): RedisServer[] => cluster?.servers ?? [];

const configOf = (keyPrefix: string): RedisConfig =>
	openRedis({ kind: 'cluster', nodes: servers().map(({ port }) => ({ host: '127.0.0.1', port })) }, keyPrefix);

async function home(): Promise<JobStoreHome> {
	return redisJobHome(configOf(`home-${++homes}:`));
}

/** Ports of the primaries that have keys of a prefix. */
async function whereIs(prefix: string): Promise<number[]> {
	const ports: number[] = [];
	for (const server of servers()) {
		const keys = await server.ask('KEYS', `${prefix}*`);
		if (!keys.startsWith('*0\r\n')) ports.push(server.port);
	}
	return ports;
}

async function spread(): Promise<void> {
	await using stack = new AsyncDisposableStack();
	const prefixes = Array.from({ length: 8 }, (_, at) => `spread-${at}:`);
	const stages = new Map<number, { stage: JobStage; prefix: string }[]>();
	for (const prefix of prefixes) {
		const store: JobStore & NoticeStore = await openRedisJobStore({ config: configOf(prefix), commandMs: 1000 });
		stack.defer(() => store.close());
		const at = { open: async () => store, nowMs: () => Date.now(), async pass() {}, async [Symbol.asyncDispose]() {} };
		const stage = await JobStage.on(at);
		for (const queue of ['videos', 'other']) await stage.addMany(20, { queue, group: queue });
		const [port, ...others] = await whereIs(prefix);
		assert.ok(port !== undefined);
		assert.deepEqual(others, [], 'all of a prefix is in one place');
		stages.set(port, [...(stages.get(port) ?? []), { stage, prefix }]);
	}
	assert.ok(stages.size >= 2, `${stages.size} primaries have jobs`);
	const [goneAt = 0] = stages.keys();
	const gone = stages.get(goneAt) ?? [];
	stages.delete(goneAt);
	await servers()
		.find(({ port }) => port === goneAt)
		?.end();
	for (const { stage } of [...stages.values()].flat()) {
		await takesJobsAgain(stage);
		const jobs = await stage.claim({ most: 10 });
		assert.equal(jobs.length, 10);
		for (const job of jobs) await stage.succeed(job);
	}
	for (const { stage } of gone) await assert.rejects(stage.store.add([stage.newJob()]), { code: 'jobs_unavailable' });
}
