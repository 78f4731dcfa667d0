/** The suite of job stores, on a real Redis. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { JobStore } from '../../src/jobs/job-store.ts';
import type { NoticeStore } from '../../src/jobs/notice-store.ts';
import { bytes, JobStage, type JobStoreHome, LONG_MS } from '../../src/jobs/testing/job-stage.ts';
import { jobStoreSuite } from '../../src/jobs/testing/job-store-suite.ts';
import { noticeStoreSuite } from '../../src/jobs/testing/notice-store-suite.ts';
import { NO_REDIS, RedisServer } from '../support/redis.ts';
import { openRedis, redisJobHome } from '../support/redis-job-home.ts';

let server: RedisServer | undefined;
let homes = 0;

if (NO_REDIS !== false) test('the suite of job stores on Redis', { skip: NO_REDIS });
else {
	before(async () => {
		server = await RedisServer.start();
	});
	after(() => server?.end());
	jobStoreSuite('redis', home);
	noticeStoreSuite('redis', home);
	test('redis: notices of large jobs come in several answers, and none of one whose job was evicted', largeNotices);
}

async function largeNotices(): Promise<void> {
	await using at = await home();
	const stage = await JobStage.on(at);
	const store = stage.store as JobStore & NoticeStore;
	const ids: string[] = [];
	for (let i = 0; i < 6; i++) {
		ids.push(await stage.add({ notify: bytes('who'), body: { inline: new Uint8Array(3 * 1024 * 1024) } }));
		await stage.succeed(await stage.claimOne());
		await at.pass(1);
	}
	const [evicted = ''] = ids.splice(1, 1);
	const prefix = `home-${homes}:`;
	assert.equal(await (server as RedisServer).ask('DEL', `${prefix}{${prefix}jobs}:j:${evicted}`), ':1\r\n');
	const lanes = { laneMost: 100, busy: new Map<string, number>() };
	const due = await store.dueNotices({
		holder: 'a',
		leaseMs: LONG_MS,
		most: 100,
		gone: [],
		nowMs: stage.nowMs,
		...lanes,
	});
	assert.deepEqual(
		due.map(({ job }) => job.id),
		ids,
	);
	assert.equal(await store.noticesWaiting(), 5);
}

async function home(): Promise<JobStoreHome> {
	const { port } = server as RedisServer;
	return redisJobHome(openRedis({ kind: 'single', node: { host: '127.0.0.1', port } }, `home-${++homes}:`));
}
