import { join } from 'node:path';
import type { BodyFolder } from '../jobs/body-folder.ts';
import { openEmbeddedJobStore } from '../jobs/embedded/embedded-job-store.ts';
import type { JobChanged, KnowsQueues } from '../jobs/job-store.ts';
import type { OwnerStore, TellingStore } from '../jobs/telling-store.ts';
import type { JobsStart } from './jobs-messages.ts';

/** Who hears of a store, and what it asks. */
export interface JobStoreHears {
	changed: JobChanged;
	/** Of a holder whose lease is over: whether its process is there all the same. */
	isAlive(holder: string): boolean;
	quarantined(file: { path: string; movedTo: string; reason: string }): void;
	/** What of its Redis does not suit jobs. */
	warned(warnings: readonly string[]): void;
	/** What comes from a file into the store itself, as it is to lie there. */
	sealed(bytes: Uint8Array, about: string): Uint8Array;
}

/** The store that the configuration names. @throws BallastError `store_unusable` */
export async function openJobStore(
	start: JobsStart,
	bodies: BodyFolder,
	hears: JobStoreHears,
): Promise<TellingStore & OwnerStore & Partial<KnowsQueues>> {
	const { store, redis, folder } = start;
	const { changed, isAlive, quarantined, warned } = hears;
	if (store.kind === 'embedded' || redis === null) {
		return openEmbeddedJobStore({ path: join(folder, 'jobs.db'), changed, isAlive, quarantined });
	}
	const { INLINE_MOST, openRedisJobStore } = await import('../jobs/redis/redis-job-store.ts');
	const sharedFolder = store.folder !== null;
	const { replicas, waitMs: replicasMs } = store;
	const opened = await openRedisJobStore({ config: redis, replicas, replicasMs, sharedFolder, changed, warned });
	if (sharedFolder) return opened;
	const { withInlineBodies } = await import('../jobs/redis/inline-bodies.ts');
	const files = {
		read: (file: string) => bodies.read(file),
		remove: (files: readonly string[]) => bodies.remove(files),
		sealed: hears.sealed,
	};
	return withInlineBodies(opened, files, INLINE_MOST);
}
