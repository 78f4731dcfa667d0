import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '../../jobs/job.ts';
import type { JobsClient } from './jobs-client.ts';
import { untilTaken } from './until-taken.ts';

const job = (of: Partial<Job> = {}): Job =>
	({ id: 'j', state: 'waiting', attempts: 0, externalId: null, ...of }) as Job;
const ANSWER = { head: Buffer.from(''), body: null };

/** `waits`: what is known at the end of each wait. `begun`: it can not be taken back any more. */
async function taken(waits: Job[], { keyed = false, begun = false } = {}) {
	const calls: string[] = [];
	const jobs = {
		wait(_: string, of: { ms: number }) {
			calls.push(`awaited ${of.ms}`);
			return { job: Promise.resolve(waits.shift() ?? null), stop() {} };
		},
		ask: async (name: string) => {
			calls.push(name);
			if (name === 'taken') return ANSWER;
			return name === 'change' ? { changed: !begun } : job({ state: 'failed' });
		},
	} as unknown as JobsClient;
	const patience = { hold: { ms: 60, lane: '' }, keyed, begunMs: 120, waits() {} };
	const { kind } = await untilTaken(jobs, job(), patience);
	return { kind, calls };
}

const BEGUN = job({ state: 'running', attempts: 1 });
const TAKEN = job({ state: 'submitted', attempts: 1, externalId: 'v1' });

test('it is answered when the API has taken it, or when it has ended otherwise', async () => {
	assert.deepEqual(await taken([TAKEN]), { kind: 'taken', calls: ['awaited 60', 'taken'] });
	assert.equal((await taken([job({ state: 'failed', attempts: 1 })])).kind, 'ended');
	// One that failed later was taken all the same.
	assert.equal((await taken([job({ state: 'failed', externalId: 'v1' })])).kind, 'taken');
});

test('one whose turn does not come is taken back; with a key it keeps its turn', async () => {
	assert.deepEqual(await taken([job()]), { kind: 'full', calls: ['awaited 60', 'change'] });
	assert.deepEqual(await taken([job()], { keyed: true }), { kind: 'full', calls: ['awaited 60'] });
	// A refusal by the API is no attempt.
	assert.equal((await taken([job({ state: 'scheduled' })])).kind, 'full');
});

test('what has begun is waited for, and never refused', async () => {
	assert.deepEqual(await taken([BEGUN, TAKEN]), { kind: 'taken', calls: ['awaited 60', 'awaited 120', 'taken'] });
	assert.equal((await taken([BEGUN, BEGUN])).kind, 'going');
	assert.equal((await taken([BEGUN, job({ state: 'parked', attempts: 1 })])).kind, 'going');
	// It began while it was taken back.
	assert.equal((await taken([job(), TAKEN], { begun: true })).kind, 'taken');
});
