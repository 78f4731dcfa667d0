import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job, JobResult } from '../job.ts';
import { joinIds, splitIds } from './external-ids.ts';
import { TakenAnswers } from './taken-answers.ts';

const job = (id: string, externalId: string | null): Job => ({ id, externalId }) as Job;
const textOf = (result: JobResult | null): string =>
	result?.body != null && 'inline' in result.body ? Buffer.from(result.body.inline).toString() : '';

test('what an upstream said when it took a job is given as it was; else what it calls the job, in the same shape', () => {
	const answers = new TakenAnswers();
	const inline = Buffer.from('{"data":{"video_id":"v1","status":"waiting"}}');
	answers.keep('a', { kind: 'answered', status: 200, head: Buffer.from(''), body: { inline }, retryAfterMs: null });
	assert.equal(textOf(answers.of(job('a', 'v1'), '/data/video_id')), inline.toString());
	assert.equal(textOf(answers.of(job('b', 'v2'), '/data/video_id')), '{"data":{"video_id":"v2"}}');
	assert.equal(textOf(answers.of(job('c', joinIds(['t1'], true)), '/data/ids')), '{"data":{"ids":["t1"]}}');
	assert.equal(textOf(answers.of(job('d', joinIds(['t1', 't2'], true)), '/ids')), '{"ids":["t1","t2"]}');
	assert.equal(answers.of(job('e', null), '/ids'), null);
	assert.deepEqual([splitIds('t1,'), splitIds('t1,t2'), splitIds(null)], [['t1'], ['t1', 't2'], []]);
});
