import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JobStore } from '../job-store.ts';
import { idsOf, JobStage, type JobStoreHome } from '../testing/job-stage.ts';
import { jobStoreSuite } from '../testing/job-store-suite.ts';
import { noticeStoreSuite } from '../testing/notice-store-suite.ts';
import { openEmbeddedJobStore } from './embedded-job-store.ts';

// What these tests wait for is the disk: memory will do for all but crashes, which have tests of their own.
const ROOM = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

async function home(): Promise<JobStoreHome> {
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
}

jobStoreSuite('embedded', home);
noticeStoreSuite('embedded', home);

test('a holder that is there keeps its jobs, however late its clock is', async () => {
	const alive = new Set(['old']);
	const store = openEmbeddedJobStore({ path: ':memory:', isAlive: (holder) => alive.has(holder) });
	let nowMs = Date.UTC(2026, 10, 28, 12);
	const home: JobStoreHome = {
		open: async () => store,
		nowMs: () => nowMs,
		pass: async (ms) => void (nowMs += ms),
		[Symbol.asyncDispose]: () => store.close(),
	};
	await using place = home;
	const jobs = await JobStage.on(place);
	const ids = await jobs.addMany(2);
	const held = await jobs.claim({ holder: 'old', leaseMs: 1000, most: 1 });
	await jobs.claim({ holder: 'dead', leaseMs: 1000, most: 1 });
	await home.pass(3_600_000);
	assert.deepEqual(idsOf(await jobs.claim({ holder: 'new', leaseMs: 1000 })), ids.slice(1), 'only of who is gone');
	assert.deepEqual(await jobs.claim({ holder: 'new', leaseMs: 1000 }), []);
	await jobs.succeed(held[0] as (typeof held)[0]);
	const last = await jobs.add();
	await jobs.claim({ holder: 'old', leaseMs: 1000 });
	await home.pass(2000);
	alive.clear();
	assert.ok(idsOf(await jobs.claim({ holder: 'new', leaseMs: 1000 })).includes(last));
});
