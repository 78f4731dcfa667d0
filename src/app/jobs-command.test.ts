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
