/** The suite of job stores, on a real Redis. */
import { after, before, test } from 'node:test';
import type { JobStore } from '../../src/jobs/job-store.ts';
import { openRedisJobStore } from '../../src/jobs/redis/redis-job-store.ts';
import type { JobStoreHome } from '../../src/jobs/testing/job-stage.ts';
import { jobStoreSuite } from '../../src/jobs/testing/job-store-suite.ts';
import type { RedisConfig } from '../../src/redis/config.ts';
import { NO_REDIS, RedisServer } from '../support/redis.ts';

let server: RedisServer | undefined;
let homes = 0;

if (NO_REDIS !== false) test('the suite of job stores on Redis', { skip: NO_REDIS });
else {
	before(async () => {
		server = await RedisServer.start();
	});
	after(() => server?.end());
	jobStoreSuite('redis', home);
}

const configOf = (port: number, keyPrefix: string): RedisConfig => ({
	place: { kind: 'single', node: { host: '127.0.0.1', port } },
	login: { username: null, password: null },
	database: 0,
	tls: null,
	keyPrefix,
	secrets: [],
});

async function home(): Promise<JobStoreHome> {
	const opened: JobStore[] = [];
	const config = configOf((server as RedisServer).port, `home-${++homes}:`);
	// Its clock is the caller's: only records of idempotency end by the clock of Redis, later.
	let passedMs = 0;
	return {
		async open(changed) {
			const store = await openRedisJobStore({
				config,
				sharedFolder: true,
				...(changed === undefined ? {} : { changed }),
			});
			opened.push(store);
			return store;
		},
		nowMs: () => performance.timeOrigin + performance.now() + passedMs,
		async pass(ms) {
			passedMs += ms;
		},
		async [Symbol.asyncDispose]() {
			for (const store of opened) await store.close();
		},
	};
}
