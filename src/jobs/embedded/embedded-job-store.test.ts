import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobStore } from '../job-store.ts';
import type { JobStoreHome } from '../testing/job-stage.ts';
import { jobStoreSuite } from '../testing/job-store-suite.ts';
import { openEmbeddedJobStore } from './embedded-job-store.ts';

// What these tests wait for is the disk: memory will do for all but crashes, which have tests of their own.
const ROOM = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

jobStoreSuite('embedded', async (): Promise<JobStoreHome> => {
	const folder = mkdtempSync(join(ROOM, 'ballast-jobs-'));
	const opened: JobStore[] = [];
	let nowMs = Date.UTC(2026, 10, 28, 12);
	return {
		async open(changed) {
			const path = join(folder, 'jobs.db');
			const store = openEmbeddedJobStore(changed === undefined ? { path } : { path, changed });
			opened.push(store);
			return store;
		},
		nowMs: () => nowMs,
		async pass(ms) {
			nowMs += ms;
		},
		async [Symbol.asyncDispose]() {
			for (const store of opened) await store.close();
			rmSync(folder, { recursive: true, force: true });
		},
	};
});
