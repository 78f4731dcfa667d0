import { STATES } from '../embedded/job-tables.ts';
import { spentOf } from '../embedded/spend-text.ts';
import type { Job, JobBody, JobError, JobProgress, JobResult, NewJob } from '../job.ts';

/** A job as the scripts answer it: its id, the fields of its row, its bytes, its result. */
export type JobAnswer = readonly (Buffer | null)[];

const BODY_NONE = 0;
const BODY_INLINE = 1;
const BODY_FILE = 2;
const NOTIFY = 4;

/**
 * What of a job does not change: flags, lengths of request, body and notify, then these. Of a file its name stands in
 * the row.
 */
export function packPayload({ request, body, notify }: NewJob): Buffer {
	const inline = body !== null && 'inline' in body ? body.inline : EMPTY;
	const told = notify ?? EMPTY;
	const head = Buffer.alloc(21);
	head[0] = kindOf(body) | (notify === null ? 0 : NOTIFY);
	head.writeUInt32LE(request.length, 1);
	head.writeUInt32LE(told.length, 5);
	head.writeUInt32LE(inline.length, 9);
	head.writeDoubleLE(body !== null && 'file' in body ? body.bytes : 0, 13);
	return Buffer.concat([head, request, told, inline]);
}

/** '' for none. */
export function packResult(result: JobResult | null): Buffer | '' {
	if (result === null) return '';
	const { head, body } = result;
	const inline = body !== null && 'inline' in body ? body.inline : EMPTY;
	const front = Buffer.alloc(13);
	front[0] = kindOf(body);
	front.writeUInt32LE(head.length, 1);
	front.writeDoubleLE(body !== null && 'file' in body ? body.bytes : 0, 5);
	return Buffer.concat([front, head, inline]);
}

export const fileOf = (body: JobBody | null | undefined): string => (body != null && 'file' in body ? body.file : '');

const EMPTY = new Uint8Array(0);
const kindOf = (body: JobBody | null): number => {
	if (body === null) return BODY_NONE;
	return 'inline' in body ? BODY_INLINE : BODY_FILE;
};

const copied = (bytes: Buffer): Uint8Array => new Uint8Array(bytes);

function bodyFrom(kind: number, inline: Buffer, of: { file: string; bytes: number }): JobBody | null {
	if ((kind & BODY_FILE) !== 0) return of;
	return (kind & BODY_INLINE) === 0 ? null : { inline: copied(inline) };
}

/** The job of an answer. @throws RangeError of one that is not whole */
export function readJob(answer: JobAnswer): Job {
	const [id, q, g, o, s, p, l, r, v, a, m, c, f, b, e, d, k, u, x, progress, error, file, resultFile] = answer;
	const payload = answer[PAYLOAD_AT];
	if (payload == null) throw new RangeError('a job has no bytes');
	return {
		id: text(id),
		queue: text(q),
		group: text(g),
		owner: text(o),
		priority: Number(p),
		createdMs: Number(c),
		runAtMs: Number(r),
		deadlineMs: time(d),
		keepMs: Number(k),
		attemptsMost: Number(m),
		...readPayload(payload, text(file)),
		upstreamKey: text(u),
		state: STATES[Number(s)] as Job['state'],
		attempts: Number(a),
		firstAttemptMs: time(f),
		startedMs: time(b),
		endedMs: time(e),
		lane: text(l),
		externalId: x == null ? null : text(x),
		progress: json<JobProgress>(progress),
		error: json<JobError>(error),
		result: readResult(answer[PAYLOAD_AT + 1] ?? null, text(resultFile)),
		version: Number(v),
		...spentOf(answer[SPEND_AT]?.toString() ?? null),
	};
}

/** The last of the 29 fields of a row, behind the id; then its bytes. */
const SPEND_AT = 29;
const PAYLOAD_AT = 30;

function readPayload(bytes: Buffer, file: string): Pick<Job, 'request' | 'body' | 'notify'> {
	const kind = bytes.readUInt8(0);
	const requestEnd = 21 + bytes.readUInt32LE(1);
	const notifyEnd = requestEnd + bytes.readUInt32LE(5);
	return {
		request: copied(bytes.subarray(21, requestEnd)),
		body: bodyFrom(kind, bytes.subarray(notifyEnd), { file, bytes: bytes.readDoubleLE(13) }),
		notify: (kind & NOTIFY) === 0 ? null : copied(bytes.subarray(requestEnd, notifyEnd)),
	};
}

function readResult(bytes: Buffer | null, file: string): JobResult | null {
	if (bytes === null) return null;
	const headEnd = 13 + bytes.readUInt32LE(1);
	const body = bodyFrom(bytes.readUInt8(0), bytes.subarray(headEnd), { file, bytes: bytes.readDoubleLE(5) });
	return { head: copied(bytes.subarray(13, headEnd)), body };
}

const text = (value: Buffer | null | undefined): string => value?.toString() ?? '';
const time = (value: Buffer | null | undefined): number | null => (value == null ? null : Number(value.toString()));
const json = <T>(value: Buffer | null | undefined): T | null =>
	value == null ? null : (JSON.parse(value.toString()) as T);
