/**
 * A process that hands in jobs from many callers, and works some off, until it is killed:
 * `node job-writer.ts FILE ACKNOWLEDGED CALLERS`. Each job that was acknowledged is a line of ACKNOWLEDGED, `added ID`,
 * and each end `done ID`; never before it was.
 */
import { randomBytes } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { openEmbeddedJobStore } from '../../src/jobs/embedded/embedded-job-store.ts';
import { newJobId } from '../../src/jobs/job-id.ts';
import type { JobStore } from '../../src/jobs/job-store.ts';

const [path = '', acknowledged = '', callers = '64'] = process.argv.slice(2);
const KEPT_MS = 86_400_000;
const file = openSync(acknowledged, 'a');
const request = randomBytes(300);

async function enqueueOne(store: JobStore, caller: number): Promise<string> {
	const createdMs = Date.now();
	const id = newJobId(createdMs);
	const job = {
		id,
		queue: `queue-${caller % 3}`,
		group: `group-${caller}`,
		owner: '',
		priority: 1,
		createdMs,
		runAtMs: createdMs,
		deadlineMs: null,
		keepMs: KEPT_MS,
		attemptsMost: 3,
		request,
		body: null,
		upstreamKey: id,
		notify: null,
		idempotency: { key: id, fingerprint: 'f', untilMs: createdMs + KEPT_MS },
	};
	const [outcome] = await store.add([job]);
	if (outcome?.kind !== 'added') throw new Error(`${id}: ${outcome?.kind}`);
	return id;
}

async function enqueue(store: JobStore, caller: number): Promise<never> {
	for (;;) writeSync(file, `added ${await enqueueOne(store, caller)}\n`);
}

async function work(store: JobStore): Promise<never> {
	const room = { concurrency: 0, rate: null, group: { concurrency: 4, rate: null }, lanes: [] };
	const queues = [0, 1, 2].map((at) => ({ name: `queue-${at}`, ...room }));
	for (;;) {
		const holder = `worker-${process.pid}`;
		const jobs = await store.claim({ holder, leaseMs: 60_000, most: 20, nowMs: Date.now(), queues });
		await Promise.all(
			jobs.map(async ({ id, token }) => {
				const report = { id, token, nowMs: Date.now(), kind: 'succeeded', result: null } as const;
				const [taken] = await store.report([report]);
				if (taken === true) writeSync(file, `done ${id}\n`);
			}),
		);
	}
}

if (import.meta.main) {
	const store = openEmbeddedJobStore({ path });
	await Promise.all([work(store), ...Array.from({ length: Number(callers) }, (_, caller) => enqueue(store, caller))]);
}
