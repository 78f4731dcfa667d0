import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import type { NewJob } from '../jobs/job.ts';
import { OFFLOAD } from '../jobs/offload-policy.ts';
import { sampleJob } from '../jobs/testing/sample-job.ts';
import type { FromJobs, FromJobsThread, JobsSettings } from './jobs-messages.ts';
import { JobsRoom } from './jobs-room.ts';
import { type Flat, readFromJobs, writeToJobs } from './jobs-wire.ts';

const settings = (runs: boolean, ...queues: [service: string, queue: string][]): JobsSettings => ({
	jobs: { path: '/jobs', run: true, webhooks: null, keys: [] },
	policies: queues.map(([service, queue]) => ({
		service,
		route: 'POST /render',
		policy: { ...OFFLOAD, queue },
		attemptMs: 0,
	})),
	runs,
});

/** As a worker stores it. */
function request(service: string): Uint8Array {
	const notes = Buffer.from(JSON.stringify({ version: 1, service, route: 'POST /render', method: 'POST' }));
	const length = Buffer.alloc(4);
	length.writeUInt32LE(notes.length);
	return Buffer.concat([length, notes, Buffer.from('POST /render HTTP/1.1\r\n\r\n')]);
}

const newJob = (service: string, queue: string): NewJob => sampleJob(Date.now(), { queue, request: request(service) });

test('a reload with another key: what was stored before opens, and the old key may go at the next start', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-room-'));
	const [old, fresh] = [randomBytes(32), randomBytes(32)].map((bytes) => bytes.toString('base64')) as [string, string];
	const keyed = (...keys: string[]): JobsSettings => {
		const known = settings(false, ['videos', 'videos']);
		return { ...known, jobs: { ...known.jobs, keys } };
	};
	const rooms: JobsRoom[] = [];
	const open = async (...keys: string[]): Promise<JobsRoom> => {
		const room = await JobsRoom.open(
			{
				folder,
				bodies: join(folder, 'bodies'),
				store: { kind: 'embedded' },
				redis: null,
				holder: randomBytes(6).toString('hex'),
				gone: [],
				settings: keyed(...keys),
			},
			() => {},
		);
		rooms.push(room);
		return room;
	};
	try {
		const first = await open(old);
		const job = { ...newJob('videos', 'videos'), owner: 'alice' };
		await first.call('add', [job, 10]);
		first.configure(keyed(fresh, old));
		await first.everySecond();
		await rooms.shift()?.close();
		const second = await open(fresh);
		const later = { ...newJob('videos', 'videos'), owner: 'alice' };
		await second.call('add', [later, 10]);
		assert.equal(((await second.call('look', [later.id, ['alice']])) as { id: string } | null)?.id, later.id);
		assert.equal(await second.call('look', [later.id, ['bob']]), null);
		// How it gets on is seen all the same, what it keeps is not.
		assert.equal(((await second.call('look', [job.id, ['alice']])) as { state: string } | null)?.state, 'waiting');
		assert.equal(
			((await second.call('awaited', [job.id, { version: -1, ended: false, ms: 0 }])) as { id: string }).id,
			job.id,
		);
		await assert.rejects(second.call('get', [job.id]), {
			code: 'key_missing',
			message: /by the key [0-9a-f]{16}, and/,
		});
		second.configure(keyed(fresh, old));
		const kept = (await second.call('get', [job.id])) as { owner: string; request: Uint8Array };
		assert.notEqual(kept.owner, 'alice');
		assert.deepEqual(Buffer.from(kept.request), job.request);
	} finally {
		for (const room of rooms) await room.close();
		rmSync(folder, { recursive: true });
	}
});

test('a reload that moves a route to another queue leaves no job behind', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-room-'));
	const said: FromJobsThread[] = [];
	const before = settings(false, ['videos', 'videos/POST /render'], ['gone', 'gone']);
	const room = await JobsRoom.open(
		{
			folder,
			bodies: join(folder, 'bodies'),
			store: { kind: 'embedded' },
			redis: null,
			holder: 'h',
			gone: [],
			settings: before,
		},
		(message) => said.push(message),
	);
	const { port1, port2 } = new MessageChannel();
	try {
		room.connect(1, port2);
		const flat: Flat = [];
		writeToJobs(flat, { type: 'takes', attempts: true });
		port1.postMessage(flat);
		const job = newJob('videos', 'videos/POST /render');
		await room.call('add', [job, 10]);
		await room.call('add', [newJob('gone', 'gone'), 10]);
		room.configure(settings(true, ['videos', 'videos']));
		await room.everySecond();
		const [answer] = (await once(port1, 'message')) as [Flat];
		const heard: FromJobs[] = [];
		readFromJobs(answer, (message) => heard.push(message));
		assert.deepEqual(
			heard.map((message) => message.type === 'attempt' && message.order.id),
			[job.id],
		);
		await room.everySecond();
		const told = said.filter((one) => one.type === 'told');
		assert.deepEqual(
			told.map(({ subject }) => subject),
			['gone'],
			'of those that nobody will carry out it is told, once',
		);
		const figures = said.findLast((one) => one.type === 'figures');
		assert.equal(figures?.queues['gone']?.counts.waiting, 1);
	} finally {
		port1.close();
		await room.close();
		rmSync(folder, { recursive: true });
	}
});
