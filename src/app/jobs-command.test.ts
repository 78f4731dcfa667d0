import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobsCommand } from './jobs-command.ts';
import type { JobsLink } from './jobs-link.ts';

test('only a queue that there is can be paused, and what is paused be resumed', async () => {
	const paused = new Set(['left']);
	const jobs = {
		ask: async (name: string, queue = '', change?: { paused: boolean }) => {
			if (name === 'queues') return { videos: {} };
			if (change?.paused === true) paused.add(queue);
			else if (change !== undefined) paused.delete(queue);
			return { paused: paused.has(queue) };
		},
	} as unknown as JobsLink;
	const said = (what: string, queue: string) => jobsCommand(jobs, { do: what, queue });
	await assert.rejects(said('pause', 'vidoes'), /there is no queue vidoes; did you mean videos\?/);
	await assert.rejects(said('resume', 'x'), /there are: videos/);
	assert.deepEqual(await said('pause', 'videos'), { queue: { paused: true } });
	assert.deepEqual(await said('resume', 'left'), { queue: { paused: false } });
	assert.deepEqual([...paused], ['videos']);
});

test('what its API has ended is driven again by another key only', async () => {
	const asked: unknown[] = [];
	const times = { createdMs: 0, runAtMs: 0, startedMs: null, endedMs: null, deadlineMs: null };
	const rest = { result: null, error: null, progress: null, attempts: 1, attemptsMost: 5 };
	const job = { id: 'j', state: 'failed', upstreamKey: 'k', externalId: 'v_1', ...times, ...rest };
	const redrive = (of: object, newKey: boolean) => {
		const jobs = {
			ask: async (name: string, ...args: unknown[]) => {
				if (name === 'show') return { ...job, ...of };
				asked.push(args[1]);
				return { job: { ...job, ...of, state: 'waiting' }, changed: true };
			},
		} as unknown as JobsLink;
		return jobsCommand(jobs, { do: 'redrive', id: 'j', newKey });
	};
	await assert.rejects(redrive({}, false), {
		code: 'bad_command',
		message: /answers the same key by the same job.*--new-key/,
	});
	assert.deepEqual(asked, []);
	await redrive({}, true);
	// What is parked may be there still; what no API took, or knows no keys of, has nothing to answer by.
	for (const other of [{ state: 'parked' }, { externalId: null }, { upstreamKey: '' }]) await redrive(other, false);
	const keys = asked.map((change) => (change as { upstreamKey?: string }).upstreamKey);
	assert.match(keys[0] ?? '', /^[\w-]{22}$/);
	assert.deepEqual(keys.slice(1), [undefined, undefined, undefined]);
});
