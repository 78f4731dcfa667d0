import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobResult } from '../../jobs/job.ts';
import { withOwnUrls } from './job-media.ts';

const COPY = { kind: 'file', path: '/f', bytes: 1, type: 'video/mp4', changedMs: 0, sealedAs: null } as const;
const result = (value: unknown): JobResult => ({
	head: Buffer.from(''),
	body: { inline: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)) },
});
const shown = (value: unknown, found: (typeof COPY | null)[]): unknown => {
	const { body } = withOwnUrls(result(value), { pointer: '/data/video_url', found }, '/jobs/j');
	const text = body !== null && 'inline' in body ? Buffer.from(body.inline).toString() : '';
	return text.startsWith('<') ? text : JSON.parse(text);
};
const film = (url: string) => ({ data: { video_url: url, duration: 1 } });

test('URLs of what was copied are our own, those of what was not stay', () => {
	assert.deepEqual(shown(film('u'), [COPY]), film('/jobs/j/media'));
	assert.deepEqual(shown([film('a'), film('b')], [null, COPY]), [film('a'), film('/jobs/j/media/1')]);
	assert.deepEqual(shown({ data: {} }, [COPY]), { data: {} });
	assert.equal(shown('<html>', [COPY]), '<html>');
});
