import type { AttemptOrder, AttemptOutcome } from '../jobs/attempt.ts';
import type { JobBody, NewJob } from '../jobs/job.ts';
import type { FromJobs, ToJobs } from './jobs-messages.ts';
import { bufferOf } from './offload/stored-answer.ts';

/**
 * How a worker and the jobs thread put what they say into one flat list of plain values, and read it again. What is
 * said for each job is spelled out, its bytes as text of one byte a character: that costs a fifth of what objects with
 * byte arrays in them do, each of which is another allocation outside of the heap on either side.
 */
export type Flat = unknown[];

/** First of each message. */
const Tag = { other: 0, add: 1, outcome: 2, added: 3, attempt: 4 } as const;
const Kept = { none: 0, inline: 1, file: 2 } as const;

const textOf = (bytes: Uint8Array): string => bufferOf(bytes).toString('latin1');
const bytesOf = (text: unknown): Buffer => Buffer.from(text as string, 'latin1');

function writeBody(to: Flat, body: JobBody | null): void {
	if (body === null) to.push(Kept.none, '', 0);
	else if ('inline' in body) to.push(Kept.inline, textOf(body.inline), 0);
	else to.push(Kept.file, body.file, body.bytes);
}

function readBody(from: Flat, at: number): JobBody | null {
	if (from[at] === Kept.none) return null;
	if (from[at] === Kept.inline) return { inline: bytesOf(from[at + 1]) };
	return { file: from[at + 1] as string, bytes: from[at + 2] as number };
}

export function writeToJobs(to: Flat, message: ToJobs): void {
	if (message.type === 'call' && message.name === 'add') {
		const [job, most] = message.args as [NewJob, number];
		to.push(Tag.add, message.id, most);
		writeJob(to, job);
	} else if (message.type === 'outcome' && message.outcome.kind === 'answered' && has(message.outcome, ANSWER_KEYS)) {
		const { status, head, body, retryAfterMs } = message.outcome;
		to.push(Tag.outcome, message.token, status, textOf(head), retryAfterMs);
		writeBody(to, body);
	} else to.push(Tag.other, message);
}

/** Gives each message to `take`, in order. */
export function readToJobs(from: Flat, take: (message: ToJobs) => void): void {
	for (let at = 0; at < from.length; ) {
		const tag = from[at];
		if (tag === Tag.add) {
			const args = [readJob(from, at + 3), from[at + 2]];
			each(take, { type: 'call', id: from[at + 1] as number, name: 'add', args });
			at += 3 + JOB_VALUES;
		} else if (tag === Tag.outcome) {
			const outcome: AttemptOutcome = {
				kind: 'answered',
				status: from[at + 2] as number,
				head: bytesOf(from[at + 3]),
				body: readBody(from, at + 5),
				retryAfterMs: from[at + 4] as number | null,
			};
			each(take, { type: 'outcome', token: from[at + 1] as string, outcome });
			at += 8;
		} else {
			each(take, from[at + 1] as ToJobs);
			at += 2;
		}
	}
}

/** One that cannot be carried out takes none of the others with it. */
function each<M>(take: (message: M) => void, message: M): void {
	try {
		take(message);
	} catch (error) {
		queueMicrotask(() => {
			throw error;
		});
	}
}

/** How many members each has that are spelled out; whatever more an object has goes beside them, or as it is. */
const ANSWER_KEYS = 5;
const ORDER_KEYS = 7;
const JOB_KEYS = 15;
const JOB_VALUES = 19;

const has = (value: object, keys: number): boolean => Object.keys(value).length === keys;

/** null: nothing. */
function moreOf(job: NewJob): object | null {
	if (has(job, job.lane === undefined ? JOB_KEYS : JOB_KEYS + 1)) return null;
	const { id, queue, group, owner, priority, createdMs, runAtMs, deadlineMs, keepMs, attemptsMost, ...rest } = job;
	const { request, body, upstreamKey, notify, idempotency, lane, ...more } = rest;
	return more;
}

function writeJob(to: Flat, job: NewJob): void {
	const { id, queue, group, owner, priority, createdMs, runAtMs, deadlineMs, keepMs, attemptsMost } = job;
	const { request, upstreamKey, notify, idempotency } = job;
	to.push(id, queue, group, owner, priority, createdMs, runAtMs, deadlineMs, keepMs, attemptsMost);
	to.push(textOf(request), upstreamKey, notify === null ? null : textOf(notify), idempotency);
	writeBody(to, job.body);
	to.push(moreOf(job), job.lane);
}

function readJob(from: Flat, at: number): NewJob {
	const more = from[at + 17] as object | null;
	const job: NewJob = {
		id: from[at] as string,
		queue: from[at + 1] as string,
		group: from[at + 2] as string,
		owner: from[at + 3] as string,
		priority: from[at + 4] as number,
		createdMs: from[at + 5] as number,
		runAtMs: from[at + 6] as number,
		deadlineMs: from[at + 7] as number | null,
		keepMs: from[at + 8] as number,
		attemptsMost: from[at + 9] as number,
		request: bytesOf(from[at + 10]),
		body: readBody(from, at + 14),
		upstreamKey: from[at + 11] as string,
		notify: from[at + 12] === null ? null : bytesOf(from[at + 12]),
		idempotency: from[at + 13] as NewJob['idempotency'],
	};
	const lane = from[at + 18] as string | undefined;
	if (lane !== undefined) job.lane = lane;
	return more === null ? job : { ...job, ...more };
}

export function writeFromJobs(to: Flat, message: FromJobs): void {
	if (message.type === 'added') to.push(Tag.added, message.id, message.shiftMs);
	else if (message.type === 'attempt' && has(message.order, ORDER_KEYS)) {
		const { token, id, attempt, request, body, upstreamKey, lane } = message.order;
		to.push(Tag.attempt, token, id, attempt, textOf(request), upstreamKey, lane);
		writeBody(to, body);
	} else to.push(Tag.other, message);
}

/** Gives each message to `take`, in order. */
export function readFromJobs(from: Flat, take: (message: FromJobs) => void): void {
	for (let at = 0; at < from.length; ) {
		const tag = from[at];
		if (tag === Tag.added) {
			each(take, { type: 'added', id: from[at + 1] as number, shiftMs: from[at + 2] as number });
			at += 3;
		} else if (tag === Tag.attempt) {
			const order: AttemptOrder = {
				token: from[at + 1] as string,
				id: from[at + 2] as string,
				attempt: from[at + 3] as number,
				request: bytesOf(from[at + 4]),
				body: readBody(from, at + 7),
				upstreamKey: from[at + 5] as string,
				lane: from[at + 6] as string,
			};
			each(take, { type: 'attempt', order });
			at += 10;
		} else {
			each(take, from[at + 1] as FromJobs);
			at += 2;
		}
	}
}
