import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NewJob } from '../jobs/job.ts';
import { JobCredentials } from './job-credentials.ts';

test('once the secret is known jobs are with the store at once, and those of one call together', async () => {
	const calls: (readonly NewJob[])[] = [];
	const store = {
		add: async (jobs: readonly NewJob[]) => {
			calls.push(jobs);
			return jobs.map(({ id }) => ({ kind: 'mismatch' as const, id }));
		},
	};
	const intake = new JobCredentials(async () => new Uint8Array(32)).keeping(store, () => 0);
	const jobs = ['a', 'b'].map(
		(id) => ({ id, owner: 'credential', group: '', queue: 'q', idempotency: null }) as NewJob,
	);
	await intake.add(jobs);
	const added = intake.add(jobs);
	assert.equal(calls.length, 2, 'before anything else runs, such as a claim');
	assert.deepEqual(
		calls[1]?.map(({ id }) => id),
		['a', 'b'],
	);
	assert.notEqual(calls[1]?.[0]?.owner, 'credential');
	await added;
});
