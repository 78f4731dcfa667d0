import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { NewJob } from '../job.ts';
import { bodyColumns, type JobRow } from './job-row.ts';
import { STATE_NUMBERS } from './job-tables.ts';
import type { GroupRow } from './ledger.ts';
import { spendText } from './spend-text.ts';

/** One that is not in the file yet. */
interface FreshJob {
	readonly job: NewJob;
	readonly group: GroupRow;
}

/** Who has a job from its first moment on. */
export interface FirstHold {
	lane: string;
	holder: string;
	token: string;
	nowMs: number;
	leaseMs: number;
}

/**
 * Jobs that this transaction took in. One whose turn comes within it, as it does where there is room, is written once,
 * as one that has begun: to write it as a waiting one before, find it and write it again would cost twice as much. All
 * others are written as waiting ones at its end, or before anything else looks for them.
 */
export class FreshJobs {
	readonly #addWaiting: StatementSync;
	readonly #addBegun: StatementSync;
	readonly #addPayload: StatementSync;
	readonly #addNotice: StatementSync;
	#byId = new Map<string, FreshJob>();
	#byGroup = new Map<GroupRow, FreshJob[]>();

	constructor(database: DatabaseSync) {
		this.#addWaiting = database.prepare(
			`INSERT INTO jobs (id, qid, gid, state, priority, lane, runAt, version, attempts, attemptsMost, held, created,
			deadline, keep, owner, upstreamKey, spend) VALUES (?, ?, ?, ?, ?, ?, ?, 1, 0, ?, 0, ?, ?, ?, ?, ?, ?)`,
		);
		this.#addBegun = database.prepare(
			`INSERT INTO jobs (id, qid, gid, state, priority, lane, runAt, version, attempts, attemptsMost, held, created,
			deadline, keep, owner, upstreamKey, spend, lease, holder, token, firstAttempt, started)
			VALUES (?1, ?2, ?3, ${STATE_NUMBERS.running}, ?4, ?5, ?6, 2, 1, ?7, 1, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
			?17, ?17)`,
		);
		this.#addPayload = database.prepare('INSERT INTO payloads VALUES (?, ?, ?, ?, ?, ?)');
		this.#addNotice = database.prepare('INSERT INTO notices (seq, version, attempts, lane) VALUES (?, 0, 0, ?)');
	}

	has(id: string): boolean {
		return this.#byId.has(id);
	}

	/** Its turn may come within this transaction. */
	add(job: NewJob, group: GroupRow): void {
		const fresh = { job, group };
		this.#byId.set(job.id, fresh);
		const others = this.#byGroup.get(group);
		if (others === undefined) this.#byGroup.set(group, [fresh]);
		else others.push(fresh);
	}

	/** Before a claim: those of a group stand in their order, and those behind others that wait in the file are there, too. */
	order(): void {
		for (const [group, fresh] of this.#byGroup) {
			if (group.waiting === fresh.length) fresh.sort(inTurn);
			else for (const { job } of [...fresh]) this.write(job);
		}
	}

	/** The group's first that has room in one of these lanes (null: all have); null: there is none, and others wait in the file. */
	first(group: GroupRow, lanes: readonly string[] | null): NewJob | null {
		const fresh = this.#byGroup.get(group);
		const found = lanes === null ? fresh?.[0] : fresh?.find(({ job }) => lanes.includes(job.lane ?? ''));
		return found?.job ?? null;
	}

	/** Whether those that wait in the group are all to be found here. */
	isAll(group: GroupRow): boolean {
		return this.#byGroup.has(group);
	}

	/** Into the file as one that waits; its number there. */
	write(job: NewJob): number {
		const { group } = this.#take(job.id);
		return this.insert(job, group, STATE_NUMBERS.waiting);
	}

	writeAll(): void {
		for (const { job, group } of this.#byId.values()) this.insert(job, group, STATE_NUMBERS.waiting);
		this.forget();
	}

	/** At the end of the transaction. */
	forget(): void {
		// Others, rather than the same ones emptied: see `ShortLivedMap`.
		this.#byId = new Map();
		this.#byGroup = new Map();
	}

	/** Into the file as it is; its number there. */
	insert(job: NewJob, group: GroupRow, state: number): number {
		const { lastInsertRowid } = this.#addWaiting.run(
			job.id,
			group.queue.qid,
			group.gid,
			state,
			job.priority,
			job.lane ?? '',
			job.runAtMs,
			job.attemptsMost,
			job.createdMs,
			job.deadlineMs,
			job.keepMs,
			job.owner,
			job.upstreamKey,
			job.spend === undefined ? null : spendText(job.spend),
		);
		return this.#addRest(job, lastInsertRowid);
	}

	/** Into the file as one that has begun. */
	begin(job: NewJob, hold: FirstHold): JobRow {
		const { group } = this.#take(job.id);
		const spend = job.spend === undefined ? null : spendText(job.spend);
		const lease = hold.nowMs + hold.leaseMs;
		const { lastInsertRowid } = this.#addBegun.run(
			job.id,
			group.queue.qid,
			group.gid,
			job.priority,
			hold.lane,
			job.runAtMs,
			job.attemptsMost,
			job.createdMs,
			job.deadlineMs,
			job.keepMs,
			job.owner,
			job.upstreamKey,
			spend,
			lease,
			hold.holder,
			hold.token,
			hold.nowMs,
		);
		const row = begunRow(job, hold, { seq: this.#addRest(job, lastInsertRowid), gid: group.gid });
		row.spend = spend;
		return row;
	}

	#addRest({ request, body, notify, notifyLane }: NewJob, rowid: number | bigint): number {
		const [inline, file, bytes] = bodyColumns(body);
		this.#addPayload.run(rowid, request, inline, file, bytes, notify);
		if (notify !== null) this.#addNotice.run(rowid, notifyLane ?? '');
		return Number(rowid);
	}

	#take(id: string): FreshJob {
		const fresh = this.#byId.get(id) as FreshJob;
		this.#byId.delete(id);
		const others = this.#byGroup.get(fresh.group) as FreshJob[];
		if (others[0] === fresh) others.shift();
		else others.splice(others.indexOf(fresh), 1);
		if (others.length === 0) this.#byGroup.delete(fresh.group);
		return fresh;
	}
}

/** As `jobs_ready` has them; those alike stay in the order in which they came. */
const inTurn = ({ job: a }: FreshJob, { job: b }: FreshJob): number => b.priority - a.priority || a.runAtMs - b.runAtMs;

/** Spelled out: this is made for each. What it costs is the caller's to say. */
const begunRow = (job: NewJob, hold: FirstHold, { seq, gid }: { seq: number; gid: number }): JobRow => ({
	seq,
	id: job.id,
	gid,
	state: STATE_NUMBERS.running,
	lane: hold.lane,
	runAt: job.runAtMs,
	version: 2,
	attempts: 1,
	held: 1,
	lease: hold.nowMs + hold.leaseMs,
	holder: hold.holder,
	token: hold.token,
	firstAttempt: hold.nowMs,
	started: hold.nowMs,
	ended: null,
	deadline: job.deadlineMs,
	keep: job.keepMs,
	dropAt: null,
	upstreamKey: job.upstreamKey,
	external: null,
	progress: null,
	error: null,
	spend: null,
	hasNotice: job.notify !== null,
});
