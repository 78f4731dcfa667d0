import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import type { AttemptOutcome } from '../jobs/attempt.ts';
import type { JobBody, NewJob } from '../jobs/job.ts';
import type { FromJobs, ToJobs } from './jobs-messages.ts';
import { type Flat, readFromJobs, readToJobs, writeFromJobs, writeToJobs } from './jobs-wire.ts';
import { TurnBox } from './turn-box.ts';

/** Each value that a byte can have. */
const BYTES = Uint8Array.from({ length: 256 }, (_, at) => at);
const BODIES: (JobBody | null)[] = [null, { inline: BYTES }, { file: 'body-1', bytes: 2 ** 40 }];

const job = (of: Partial<NewJob>): NewJob => ({
	id: 'id',
	queue: 'videos/POST /ünï',
	group: 'g',
	owner: '',
	priority: 2,
	createdMs: 1.5,
	runAtMs: 2,
	deadlineMs: null,
	keepMs: 3,
	attemptsMost: 4,
	request: BYTES,
	body: null,
	upstreamKey: 'k',
	notify: null,
	idempotency: null,
	...of,
});

/** Bytes may come as another kind of array. */
const plain = (value: unknown): unknown =>
	JSON.parse(
		JSON.stringify(value, (_, one: unknown) =>
			one instanceof Uint8Array
				? [...one]
				: (one as { type?: string })?.type === 'Buffer'
					? (one as { data: unknown }).data
					: one,
		),
	);

test('all that a worker says comes as it was said, in its order', () => {
	const answered = { kind: 'answered', status: 200, head: BYTES, retryAfterMs: null } as const;
	const outcomes: AttemptOutcome[] = [
		...BODIES.map((body) => ({ ...answered, body })),
		{ ...answered, body: null, retryAfterMs: 1000 },
		{ kind: 'failed', code: 'no_route', began: true },
		{ kind: 'no_place', code: 'overloaded' },
	];
	const idempotency = { key: 'key', fingerprint: 'f', untilMs: 9 };
	const jobs = [
		...BODIES.map((body) => job({ body })),
		job({ idempotency, deadlineMs: 7, notify: BYTES }),
		job({ lane: '' }),
		// Members that are left out of most.
		job({ lane: 'a', notifyLane: 'host', spend: { cost: 1, sinceMs: 2, of: [] } }),
		job({ more: { cost: 1 } } as Partial<NewJob>),
	];
	const said: ToJobs[] = [
		{ type: 'takes', attempts: true },
		...jobs.map((one, id): ToJobs => ({ type: 'call', id, name: 'add', args: [one, 10] })),
		{ type: 'call', id: 9, name: 'look', args: ['id'] },
		...outcomes.map((outcome): ToJobs => ({ type: 'outcome', token: 't', outcome })),
		{ type: 'outcome', token: 't', outcome: { ...answered, body: null, ...{ more: 1 } } },
	];
	const flat: Flat = [];
	for (const one of said) writeToJobs(flat, one);
	const heard: ToJobs[] = [];
	readToJobs(structuredClone(flat), (message) => heard.push(message));
	assert.deepEqual(plain(heard), plain(said));
});

test('all that the jobs thread says comes as it was said, in its order', () => {
	const order = { token: 't', id: 'i', attempt: 2, request: BYTES, upstreamKey: '', lane: 'a' };
	const said: FromJobs[] = [
		{ type: 'added', id: 3, shiftMs: -0.25 },
		...BODIES.map((body): FromJobs => ({ type: 'attempt', order: { ...order, body } })),
		{ type: 'attempt', order: { ...order, body: null, ...{ more: 1 } } },
		{ type: 'answer', id: 4, value: { kind: 'mismatch', id: 'x' } },
		{ type: 'failed', id: 5, code: 'jobs_full', message: 'm' },
		{ type: 'abort', token: 't' },
	];
	const flat: Flat = [];
	for (const one of said) writeFromJobs(flat, one);
	const heard: FromJobs[] = [];
	readFromJobs(structuredClone(flat), (message) => heard.push(message));
	assert.deepEqual(plain(heard), plain(said));
});

test('what is said in one turn is one message; one that cannot be carried out takes no other with it', async () => {
	const { port1, port2 } = new MessageChannel();
	const box = new TurnBox<ToJobs>(port1, writeToJobs);
	// Those of the test runner would take it for a failure.
	const others = process.listeners('uncaughtException');
	process.removeAllListeners('uncaughtException');
	const thrown = new Promise((resolve) => process.once('uncaughtException', resolve));
	try {
		for (const attempts of [true, false, true]) box.say({ type: 'takes', attempts });
		const [flat] = (await once(port2, 'message')) as [Flat];
		let heard = 0;
		readToJobs(flat, () => {
			if (heard++ === 0) throw new Error('on purpose');
		});
		assert.equal(heard, 3);
		assert.match(String(await thrown), /on purpose/);
		box.say({ type: 'takes', attempts: false });
		box.flush();
		const [next] = (await once(port2, 'message')) as [Flat];
		assert.equal(next.length, 2);
	} finally {
		for (const other of others) process.on('uncaughtException', other);
		port1.close();
	}
});
