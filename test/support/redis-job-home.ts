import type { JobStore } from '../../src/jobs/job-store.ts';
import { openRedisJobStore } from '../../src/jobs/redis/redis-job-store.ts';
import type { JobStage, JobStoreHome } from '../../src/jobs/testing/job-stage.ts';
import type { RedisConfig, RedisPlace } from '../../src/redis/config.ts';
import { eventually } from './suite.ts';

/** Without a password. */
export const openRedis = (place: RedisPlace, keyPrefix: string): RedisConfig => ({
	place,
	login: { username: null, password: null },
	database: 0,
	tls: null,
	keyPrefix,
	secrets: [],
});

/** Jobs in a Redis. Their clock is the caller's: only records of idempotency end by the clock of Redis, later. */
export function redisJobHome(config: RedisConfig): JobStoreHome {
	const opened: JobStore[] = [];
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

/** Until its store takes a job in again. */
export function takesJobsAgain(stage: JobStage): Promise<boolean> {
	return eventually(
		() =>
			stage.add().then(
				() => true,
				() => false,
			),
		(is) => is,
		20_000,
	);
}
