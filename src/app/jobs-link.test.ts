import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MessagePort, Worker } from 'node:worker_threads';
import type { AttemptOrder } from '../jobs/attempt.ts';
import type { NewJob } from '../jobs/job.ts';
import { newJobId } from '../jobs/job-id.ts';
import { JOBS, OFFLOAD } from '../jobs/offload-policy.ts';
import type { EventLog } from './event-log.ts';
import { JobsLink } from './jobs-link.ts';
import { JobsClient } from './offload/jobs-client.ts';
import type { Plan } from './plan.ts';
import type { WorkerGroup } from './worker-group.ts';

/** As a worker stores it. */
function request(): Uint8Array {
	const notes = Buffer.from(JSON.stringify({ version: 1, service: 'app', route: '*', method: 'POST' }));
	const length = Buffer.alloc(4);
	length.writeUInt32LE(notes.length);
	return Buffer.concat([length, notes, Buffer.from('POST / HTTP/1.1\r\n\r\n')]);
}

function newJob(upstreamKey: string): NewJob {
	const createdMs = Date.now();
	const job = { queue: 'app', group: '', owner: '', priority: 1, deadlineMs: null, keepMs: 60_000, attemptsMost: 3 };
	const rest = { request: request(), body: null, notify: null, idempotency: null };
	return { id: newJobId(createdMs), ...job, ...rest, createdMs, runAtMs: createdMs, upstreamKey };
}

/** Tries again for as long as there is no jobs thread. */
async function eventually<T>(ask: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
	for (;;) {
		const value = await ask().catch(() => undefined);
		if (value !== undefined && holds(value)) return value;
		await sleep(10);
	}
}

test('the jobs thread dies: nothing is lost, what it had under way is decided upon, and workers go on with another', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-link-'));
	const threads: Worker[] = [];
	const seen = (thread: Worker): number => threads.push(thread);
	process.on('worker', seen);
	const client = new JobsClient();
	const orders: AttemptOrder[] = [];
	let abandoned = 0;
	client.attempts = { begin: (order) => orders.push(order), abort: () => {}, abandoned: () => abandoned++ };
	client.takes(true);
	const worker = { postMessage: ({ port }: { port: MessagePort }) => client.connect(port) };
	const workers = { thread: () => worker, view: () => [{ id: 1 }] } as unknown as WorkerGroup;
	const told: string[] = [];
	const log = { add: ({ text }: { text: string }) => told.push(text) } as unknown as EventLog;
	const link = new JobsLink({ name: 'x', active: true }, workers, log);
	const service = { name: 'app', offload: { ...OFFLOAD, queue: 'app', upstreamKey: { header: 'k', lifeMs: 60_000 } } };
	const services = [{ ...service, routeOffloads: {}, routes: [], timeouts: { requestMs: 0 } }];
	try {
		link.adopt({ jobs: { ...JOBS, folder, bodies: join(folder, 'bodies') }, services } as unknown as Plan);
		const [keyed, plain] = [newJob('key'), newJob('')];
		for (const job of [keyed, plain]) assert.equal((await client.ask('add', job, 10)).kind, 'added');
		while (orders.length < 2) await sleep(5);
		await threads[0]?.terminate();
		await eventually(
			() => client.ask('get', plain.id),
			(job) => job?.state === 'parked',
		);
		while (orders.length < 3) await sleep(5);
		const again = orders[2] as AttemptOrder;
		assert.deepEqual([again.id, again.attempt, again.upstreamKey, abandoned], [keyed.id, 2, 'key', 1]);
		// What the attempt of before still says is refused.
		const ok = { kind: 'answered', status: 200, head: new Uint8Array(), body: null, retryAfterMs: null } as const;
		client.outcome(orders.find(({ id }) => id === keyed.id)?.token ?? '', { ...ok, status: 500 });
		client.outcome(again.token, ok);
		await eventually(
			() => client.ask('get', keyed.id),
			(job) => job?.state === 'succeeded',
		);
		assert.equal(told.filter((text) => /jobs thread ended/.test(text)).length, 1);
	} finally {
		process.off('worker', seen);
		await link.end();
		rmSync(folder, { recursive: true });
	}
});
