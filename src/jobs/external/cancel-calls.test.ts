import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptOutcome } from '../attempt.ts';
import type { Job } from '../job.ts';
import { cancelUpstream } from './cancel-calls.ts';

const POLICY = { method: 'DELETE', path: '/jobs/{id}' } as const;

/** `statuses`: of the answers in turn; 0: none comes. */
async function cancelled(externalId: string, ...statuses: number[]): Promise<[verdict: string, calls: string[]]> {
	const calls: string[] = [];
	const verdict = await cancelUpstream({ externalId } as Job, POLICY, {
		ask: async (_, target, method): Promise<AttemptOutcome> => {
			calls.push(`${method} ${target}`);
			const status = statuses.shift() ?? 0;
			return status === 0
				? { kind: 'failed', code: 'connect_refused', began: false }
				: { kind: 'answered', status, head: Buffer.alloc(0), body: null, retryAfterMs: null };
		},
		text: async () => null,
		pause: async () => {},
	});
	return [verdict, calls];
}

test('each of its jobs is told; what is gone already is as good; a refusal is final, no answer is not', async () => {
	assert.deepEqual(await cancelled('a,b', 200, 404), ['gone', ['DELETE /jobs/a', 'DELETE /jobs/b']]);
	assert.deepEqual(await cancelled('a', 0, 503, 429, 204), ['gone', Array(4).fill('DELETE /jobs/a')]);
	assert.deepEqual(await cancelled('a', 405), ['it answers 405', ['DELETE /jobs/a']]);
	const [verdict, calls] = await cancelled('a');
	assert.deepEqual([verdict, calls.length], ['connect_refused, after 20 tries', 20]);
});
