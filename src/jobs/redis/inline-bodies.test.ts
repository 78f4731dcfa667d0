import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NewJob } from '../job.ts';
import type { JobStore, KnowsSums, Report } from '../job-store.ts';
import type { OwnerStore, TellingStore } from '../telling-store.ts';
import { type BodyFiles, withInlineBodies } from './inline-bodies.ts';

interface Seen {
	jobs: readonly NewJob[];
	reports: readonly Report[];
	removed: string[];
}

function stage(): { store: JobStore; seen: Seen } {
	const seen: Seen = { jobs: [], reports: [], removed: [] };
	const inner = {
		add: async (jobs: readonly NewJob[]) => {
			seen.jobs = jobs;
			return [];
		},
		report: async (reports: readonly Report[]) => {
			seen.reports = reports;
			return reports.map(() => true);
		},
	} as unknown as TellingStore & OwnerStore & KnowsSums;
	const files: BodyFiles = {
		async *read(file) {
			if (file === 'gone') throw new Error('ENOENT');
			yield Buffer.from(`${file}, `);
			yield Buffer.from('its end');
		},
		async remove(names) {
			seen.removed.push(...names);
		},
	};
	return { store: withInlineBodies(inner, files, 100), seen };
}

const jobWith = (body: NewJob['body']): NewJob => ({ id: 'j', body }) as NewJob;
const done = { id: 'j', token: 't', nowMs: 1 };
const head = new Uint8Array(1);

test('bodies in files go into the store, and the files', async () => {
	const { store, seen } = stage();
	await store.add([jobWith({ file: 'b-1', bytes: 12 }), jobWith(null)]);
	assert.deepEqual(
		seen.jobs.map(({ body }) => body && 'inline' in body && Buffer.from(body.inline).toString()),
		['b-1, its end', null],
	);
	const result = { head, body: { file: 'r-1', bytes: 12 } };
	assert.deepEqual(await store.report([{ ...done, kind: 'succeeded', result }]), [true]);
	const [report] = seen.reports;
	assert.ok(report?.kind === 'succeeded' && report.result?.body != null && 'inline' in report.result.body);
	assert.equal(Buffer.from(report.result.body.inline).toString(), 'r-1, its end');
	assert.deepEqual(seen.removed, ['b-1', 'r-1']);
});

test('what is too large is refused, and a job whose answer is fails', async () => {
	const { store, seen } = stage();
	await assert.rejects(store.add([jobWith({ file: 'b-1', bytes: 101 })]), { code: 'body_too_large' });
	assert.deepEqual([seen.jobs, seen.removed], [[], []]);
	await store.report([{ ...done, kind: 'succeeded', result: { head, body: { file: 'r-1', bytes: 101 } } }]);
	assert.ok(seen.reports[0]?.kind === 'failed' && seen.reports[0].error.code === 'body_too_large');
	assert.deepEqual(seen.removed, ['r-1']);
	await assert.rejects(store.add([jobWith({ file: 'gone', bytes: 5 })]), { code: 'jobs_unavailable' });
});

test('what goes into the store is sealed as what it is of', async () => {
	const seen: (NewJob | Report)[] = [];
	const inner = {
		add: async (jobs: readonly NewJob[]) => void seen.push(...jobs),
		report: async (reports: readonly Report[]) => void seen.push(...reports),
	} as unknown as TellingStore & OwnerStore & KnowsSums;
	const files: BodyFiles = {
		read: async function* () {
			yield Buffer.from('plain');
		},
		remove: async () => {},
		sealed: (bytes, about) => Buffer.from(`${about}: ${bytes.length}`),
	};
	const store = withInlineBodies(inner, files, 100);
	await store.add([jobWith({ file: 'b-1', bytes: 5 })]);
	await store.report([{ ...done, kind: 'succeeded', result: { head, body: { file: 'r-1', bytes: 5 } } }]);
	const [job, report] = seen as [NewJob, Report & { kind: 'succeeded' }];
	const text = (body: NewJob['body'] | undefined): string =>
		body != null && 'inline' in body ? Buffer.from(body.inline).toString() : '';
	assert.deepEqual([text(job.body), text(report.result?.body)], ['body j: 5', 'result body j: 5']);
});
