import type { Job, JobBody, JobError, JobProgress, JobResult } from '../job.ts';
import { STATES } from './job-tables.ts';
import { spentOf } from './spend-text.ts';

/** A row of the file, as node:sqlite gives it. */
export type Row = Record<string, unknown>;

/** What of a job changes, as its columns stand; times are epoch ms. */
export interface JobRow {
	readonly seq: number;
	readonly id: string;
	readonly gid: number;
	state: number;
	lane: string;
	runAt: number;
	version: number;
	attempts: number;
	/** 1: a slot is its own. */
	held: 0 | 1;
	lease: number | null;
	holder: string | null;
	token: string | null;
	firstAttempt: number | null;
	started: number | null;
	ended: number | null;
	deadline: number | null;
	readonly keep: number;
	dropAt: number | null;
	upstreamKey: string;
	external: string | null;
	progress: string | null;
	error: string | null;
	spend: string | null;
	/** Whether somebody is told of its end; left out: it was not looked up. */
	readonly hasNotice?: boolean;
}

/** All of a job: `WHERE` and what follows are the caller's. */
export const SELECT_JOB = `
SELECT j.*, q.name AS queue, g.name AS grp, p.request, p.body, p.file, p.bytes, p.notify,
	r.head, r.body AS resultBody, r.file AS resultFile, r.bytes AS resultBytes
FROM jobs j JOIN groups g ON g.gid = j.gid JOIN queues q ON q.qid = j.qid
	JOIN payloads p ON p.seq = j.seq LEFT JOIN results r ON r.seq = j.seq`;

/** One that has no result, without the names of its queue and group. */
export const SELECT_CLAIMED = `
SELECT j.*, p.request, p.body, p.file, p.bytes, p.notify, NULL AS head
FROM jobs j JOIN payloads p ON p.seq = j.seq`;

/** What of a job changes. */
export const SELECT_ROW = `
SELECT seq, id, gid, state, lane, runAt, version, attempts, held, lease, holder, token, firstAttempt, started, ended,
	deadline, keep, dropAt, upstreamKey, external, progress, error, spend
FROM jobs`;

/** What of a job changes, without all else that a row of `SELECT_CLAIMED` holds. */
export const rowOf = (row: Row & JobRow): JobRow => ({
	seq: row.seq,
	id: row.id,
	gid: row.gid,
	state: row.state,
	lane: row.lane,
	runAt: row.runAt,
	version: row.version,
	attempts: row.attempts,
	held: row.held,
	lease: row.lease,
	holder: row.holder,
	token: row.token,
	firstAttempt: row.firstAttempt,
	started: row.started,
	ended: row.ended,
	deadline: row.deadline,
	keep: row.keep,
	dropAt: row.dropAt,
	upstreamKey: row.upstreamKey,
	external: row.external,
	progress: row.progress,
	error: row.error,
	spend: row.spend,
	hasNotice: row['notify'] !== null,
});

/** The job of a row of `SELECT_JOB`. */
export function readJob(row: Row): Job {
	return {
		id: row['id'] as string,
		queue: row['queue'] as string,
		group: row['grp'] as string,
		owner: row['owner'] as string,
		priority: row['priority'] as number,
		createdMs: row['created'] as number,
		runAtMs: row['runAt'] as number,
		deadlineMs: row['deadline'] as number | null,
		keepMs: row['keep'] as number,
		attemptsMost: row['attemptsMost'] as number,
		request: row['request'] as Uint8Array,
		body: readBody(row['body'], row['file'], row['bytes']),
		upstreamKey: row['upstreamKey'] as string,
		notify: row['notify'] as Uint8Array | null,
		state: STATES[row['state'] as number] as Job['state'],
		attempts: row['attempts'] as number,
		firstAttemptMs: row['firstAttempt'] as number | null,
		startedMs: row['started'] as number | null,
		endedMs: row['ended'] as number | null,
		lane: row['lane'] as string,
		externalId: row['external'] as string | null,
		progress: readText<JobProgress>(row['progress']),
		error: readText<JobError>(row['error']),
		result: readResult(row),
		version: row['version'] as number,
		...spentOf(row['spend'] as string | null),
	};
}

/** As columns: bytes, file name, length. */
export function bodyColumns(body: JobBody | null): [Uint8Array | null, string | null, number | null] {
	if (body === null) return [null, null, null];
	return 'inline' in body ? [body.inline, null, null] : [null, body.file, body.bytes];
}

function readBody(inline: unknown, file: unknown, bytes: unknown): JobBody | null {
	if (file !== null) return { file: file as string, bytes: bytes as number };
	return inline === null ? null : { inline: inline as Uint8Array };
}

function readResult(row: Row): JobResult | null {
	if (row['head'] === null) return null;
	return {
		head: row['head'] as Uint8Array,
		body: readBody(row['resultBody'], row['resultFile'], row['resultBytes']),
	};
}

const readText = <T>(text: unknown): T | null => (text === null ? null : (JSON.parse(text as string) as T));
