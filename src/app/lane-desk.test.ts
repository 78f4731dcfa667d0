import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { ClaimedJob, QueueRoom, ReportKind } from '../jobs/job-store.ts';
import { OFFLOAD } from '../jobs/offload-policy.ts';
import { JobTally } from './job-tally.ts';
import type { FromJobsThread, JobFigures, JobsSettings } from './jobs-messages.ts';
import { knownCodes } from './known-codes.ts';
import { LaneDesk } from './lane-desk.ts';
import { laneReadings, queueReadings } from './queue-readings.ts';

const ROOM: QueueRoom = {
	...{ name: 'heygen', concurrency: 0, rate: null, group: { concurrency: 0, rate: null } },
	lanes: [
		{ name: 'main', concurrency: 10 },
		{ name: 'other', concurrency: 0 },
	],
};
const credit = { path: '/me', left: [{ at: '/left', less: null }], everyMs: 60_000, below: 20 };
const lane = { concurrency: 10, headers: [] };
const POLICIES: JobsSettings['policies'] = ['POST /v3/videos', 'POST /v3/video-translations'].map((route) => ({
	...{ service: 'heygen', route, attemptMs: 0 },
	policy: {
		...{ ...OFFLOAD, queue: 'heygen', credit, lanes: ['main', 'other'].map((name) => ({ name, ...lane })) },
		codes: { code: '/code', message: null, retry: ['rate_limit_exceeded'], fail: ['quota_exceeded'] },
	},
}));
const job = (of: Partial<ClaimedJob>): ClaimedJob =>
	({ queue: 'heygen', lane: 'main', attempts: 1, runAtMs: 1000, startedMs: 4000, ...of }) as ClaimedJob;
const failed = (code: string): ReportKind => ({
	...{ kind: 'failed', result: null },
	error: { code, message: '', status: 429 },
});

test('a place tells its slots, waits, times and credit; each is asked once for all routes of its queue', async () => {
	let nowMs = 5000;
	const asked: string[] = [];
	const told: string[] = [];
	let answers = true;
	const desk = new LaneDesk({
		ask: async ({ lane: name, route }, target) => {
			asked.push(`${name} ${route} ${target}`);
			return { kind: 'answered', status: answers ? 200 : 401, head: new Uint8Array(), body: null, retryAfterMs: null };
		},
		text: async () => '{"left":12}',
		tell: (level, kind, subject, text) => void told.push(`${level} ${kind} ${subject}: ${text}`),
		inLane: (_, name) => (name === 'main' ? 3 : 0),
		nowMs: () => nowMs,
	});
	desk.configure(POLICIES);
	desk.look();
	await turn();
	assert.deepEqual(asked, ['main POST /v3/videos /me', 'other POST /v3/videos /me']);
	desk.began(job({}));
	desk.began(job({ attempts: 2 }));
	desk.settled(job({}), { kind: 'succeeded', result: null });
	desk.settled(job({}), failed('x'));
	const error = { code: 'rate_limit_exceeded', message: '', status: 429 };
	desk.settled(job({}), { kind: 'retry', atMs: 15_000, error, counted: false, keepsLane: false });
	const lanes = desk.figures([ROOM, { ...ROOM, name: 'plain', lanes: [] }]);
	const [main, other] = laneReadings({ lanes }, nowMs);
	assert.deepEqual(main, {
		...{ service: 'heygen', route: '*', lane: 'main', running: 3, slots: 3, credit: { left: 12, low: true } },
		...{ creditUnread: false, creditAgeSeconds: 0, started: 1, waitedSeconds: 4, done: 1, ranSeconds: 1 },
	});
	assert.deepEqual([other?.slots, other?.started, lanes.length], [null, 0, 2]);
	assert.deepEqual(desk.rooms([ROOM])[0]?.lanes[0], { name: 'main', concurrency: 3 });
	nowMs += 300_000;
	answers = false;
	desk.look();
	await turn();
	assert.equal(laneReadings({ lanes: desk.figures([ROOM]) }, nowMs)[0]?.credit, null, 'absent, not 0');
	assert.equal(laneReadings({ lanes: desk.figures([ROOM]) }, nowMs)[0]?.slots, 10);
	assert.match(told[0] ?? '', /^warn credit_unread heygen: the credit of main cannot be read: it answers 401$/);
	assert.equal(told.length, 2);
	const unread = (): boolean | null | undefined =>
		laneReadings({ lanes: desk.figures([ROOM]) }, nowMs)[0]?.creditUnread;
	assert.equal(unread(), true);
	answers = true;
	nowMs += 3_600_000;
	desk.look();
	await turn();
	assert.equal(unread(), false);
});

test('dead letters are told by codes that are known; what an upstream makes up is `other`', () => {
	const said: FromJobsThread[] = [];
	const tally = new JobTally((message) => void said.push(message));
	tally.codes = knownCodes(POLICIES.map(({ policy }) => policy));
	for (const code of ['quota_exceeded', 'quota_exceeded', 'connect_refused', 'upstream_status'])
		tally.settled(job({}), failed(code), 0);
	for (let at = 0; at < 1000; at++) tally.settled(job({}), failed(`made-up-${at}`), 0);
	tally.everySecond({
		queues: {},
		running: 0,
		webhooks: { sent: 0, failed: 0, givenUp: 0, waiting: 0, gone: 0 },
		lanes: [],
		spending: [],
	});
	const figures = said.findLast(({ type }) => type === 'figures') as JobFigures;
	const counts = {
		...{ scheduled: 0, waiting: 0, running: 0, submitted: 0, parked: 0 },
		succeeded: 0,
		failed: 0,
		cancelled: 0,
		expired: 0,
	};
	const [queue] = queueReadings({ ...figures, queues: { heygen: { paused: false, counts, oldestMs: null } } }, 0);
	assert.deepEqual(Object.fromEntries(queue?.failed ?? []), {
		...{ quota_exceeded: 2, connect_refused: 1, upstream_status: 1, other: 1000 },
	});
});
