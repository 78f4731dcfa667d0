/** Jobs as the benchmarks hand them in, and what takes them. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedJobStore } from '../../src/jobs/embedded/embedded-job-store.ts';
import type { NewJob } from '../../src/jobs/job.ts';
import { newJobId } from '../../src/jobs/job-id.ts';
import type { Claim, JobStore, QueueRoom } from '../../src/jobs/job-store.ts';

/** A head of a request and a small body, as a job for a video is. */
const REQUEST = randomBytes(400);
const BODY = randomBytes(300);
const KEPT_MS = 86_400_000;

let pool = Buffer.alloc(0);

/** As a hash of 32 bytes is; many are made at once, since it is the store that is measured. */
function hashLike(): string {
	if (pool.length === 0) pool = randomBytes(32 * 256);
	const text = pool.toString('base64url', 0, 32);
	pool = pool.subarray(32);
	return text;
}

export function newJob(of: { group?: string; keyed?: boolean } = {}): NewJob {
	const createdMs = Date.now();
	const id = newJobId(createdMs);
	return {
		id,
		queue: 'videos',
		group: of.group ?? '',
		owner: 'c'.repeat(43),
		priority: 1,
		createdMs,
		runAtMs: createdMs,
		deadlineMs: null,
		keepMs: KEPT_MS,
		attemptsMost: 5,
		request: REQUEST,
		body: { inline: BODY },
		upstreamKey: id,
		notify: null,
		idempotency:
			of.keyed === true ? { key: hashLike(), fingerprint: 'f'.repeat(43), untilMs: createdMs + KEPT_MS } : null,
	};
}

export const room = (of: Partial<QueueRoom> = {}): QueueRoom => ({
	name: 'videos',
	concurrency: 0,
	rate: null,
	group: { concurrency: 0, rate: null },
	lanes: [],
	...of,
});

export const claimOf = (most: number, queue: QueueRoom = room()): Claim => ({
	holder: 'bench',
	leaseMs: 60_000,
	most,
	nowMs: Date.now(),
	queues: [queue],
});

export interface OpenStore extends AsyncDisposable {
	store: JobStore;
	path: string;
}

/** On the machine's disk, in a folder of its own. */
export function openStore(): OpenStore {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-jobs-'));
	const path = join(folder, 'jobs.db');
	const store = openEmbeddedJobStore({ path });
	return {
		store,
		path,
		async [Symbol.asyncDispose]() {
			await store.close();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

/** Claims and finishes all it gets, until it is over. */
export async function drain(
	store: JobStore,
	of: { most: number; isOver: () => boolean; ended: (count: number) => void },
): Promise<void> {
	while (!of.isOver()) {
		const jobs = await store.claim(claimOf(of.most));
		if (jobs.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
		const nowMs = Date.now();
		await store.report(jobs.map(({ id, token }) => ({ id, token, nowMs, kind: 'succeeded', result: null }) as const));
		of.ended(jobs.length);
	}
}
