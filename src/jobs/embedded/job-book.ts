import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { ShortLivedMap } from '../../core/short-lived-map.ts';
import type { Job, JobError, JobProgress, JobResult, JobState } from '../job.ts';
import type { JobChanged } from '../job-store.ts';
import { FreshJobs } from './fresh-jobs.ts';
import { corruption } from './job-file.ts';
import { bodyColumns, type JobRow, type Row, readJob, SELECT_CLAIMED, SELECT_JOB, SELECT_ROW } from './job-row.ts';
import { ENDED_FROM, STATE_NUMBERS, STATES } from './job-tables.ts';
import type { GroupRow, Ledger } from './ledger.ts';
import { rowReader } from './row-reader.ts';
import { Spending } from './spending.ts';

/** Rows of held jobs that are kept in memory; over this all are read anew. */
const HELD_MOST = 20_000;

/** Jobs of the file as they are read and changed within a transaction, with the counts that go with it. */
export class JobBook {
	readonly ledger: Ledger;
	readonly spending: Spending;
	/** Those that this transaction took in, as far as they are not in the file yet. */
	readonly fresh: FreshJobs;
	/** What changed in this transaction. */
	readonly told: Parameters<JobChanged>[0][] = [];
	/** Those that have a holder, by id, as they stand in the file: what is reported of them need not read them again. */
	readonly #held = new ShortLivedMap<string, JobRow>();
	readonly #byId: ReturnType<typeof rowReader>;
	readonly #whole: StatementSync;
	readonly #claimed: ReturnType<typeof rowReader>;
	readonly #end: StatementSync;
	readonly #save: StatementSync;
	readonly #beat: StatementSync;
	readonly #addResult: StatementSync;
	readonly #resultFile: StatementSync;
	readonly #dropResult: StatementSync;
	readonly #dropFile: StatementSync;
	readonly #owe: StatementSync;
	readonly #takeBack: StatementSync;

	constructor(database: DatabaseSync, ledger: Ledger) {
		this.ledger = ledger;
		this.spending = new Spending(database);
		this.fresh = new FreshJobs(database);
		this.#byId = rowReader(database.prepare(`${SELECT_ROW} WHERE id = ?`));
		this.#whole = database.prepare(`${SELECT_JOB} WHERE j.id = ?`);
		this.#claimed = rowReader(database.prepare(`${SELECT_CLAIMED} WHERE j.seq = ?`));
		this.#end = database.prepare(
			`UPDATE jobs SET state = ?, version = ?, held = 0, lease = NULL, holder = NULL, token = NULL, ended = ?, dropAt = ?,
			error = ? WHERE seq = ?`,
		);
		this.#save = database.prepare(
			`UPDATE jobs SET state = ?, lane = ?, runAt = ?, version = ?, attempts = ?, held = ?, lease = ?, holder = ?,
			token = ?, firstAttempt = ?, started = ?, ended = ?, deadline = ?, dropAt = ?, upstreamKey = ?, external = ?,
			progress = ?, error = ? WHERE seq = ?`,
		);
		this.#beat = database.prepare('UPDATE jobs SET lease = ?, progress = ?, version = ? WHERE seq = ?');
		this.#addResult = database.prepare('INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)');
		this.#resultFile = database.prepare('SELECT file FROM results WHERE seq = ?');
		this.#dropResult = database.prepare('DELETE FROM results WHERE seq = ?');
		this.#owe = database.prepare('UPDATE notices SET version = ?, attempts = 0, at = ?, holder = NULL WHERE seq = ?');
		this.#takeBack = database.prepare('UPDATE notices SET at = NULL, holder = NULL WHERE seq = ?');
		this.#dropFile = database.prepare('INSERT OR IGNORE INTO dropped VALUES (?)');
	}

	row(id: string): JobRow | null {
		return this.#held.get(id) ?? (this.#byId(id) as JobRow | undefined) ?? null;
	}

	/** The same row, where it is kept in memory: there is only one that is changed. */
	current(row: JobRow): JobRow {
		return this.#held.get(row.id) ?? row;
	}

	/** It has a holder from now on. */
	keep(row: JobRow): void {
		if (this.#held.size >= HELD_MOST) this.#held.clear();
		this.#held.set(row.id, row);
	}

	/** Something else has written it. */
	forgetRow(id: string): void {
		this.#held.delete(id);
	}

	/** Something else has written, or what this transaction wrote is not there. */
	forget(): void {
		this.#held.clear();
	}

	job(id: string): Job | null {
		const row = this.#whole.get(id);
		return row === undefined ? null : readJob(row);
	}

	/** Row and all that belongs to a job that has no result, for `readJob`. */
	claimed(seq: number): Row & JobRow {
		const row = this.#claimed(seq) as (Row & JobRow) | undefined;
		if (row === undefined) throw corruption(`job ${seq} is not whole`);
		const group = this.ledger.group(row.gid);
		return Object.assign(row, { queue: group.queue.name, grp: group.name });
	}

	group(row: JobRow): GroupRow {
		return this.ledger.group(row.gid);
	}

	tell(id: string, state: number, version: number): void {
		this.told.push({ id, state: STATES[state] as JobState, version });
	}

	/** Its state from now on; the caller saves the row. */
	move(row: JobRow, state: number): void {
		if (row.state !== state) this.ledger.move(this.group(row), row.state, state);
		row.state = state;
		row.version++;
		this.tell(row.id, state, row.version);
	}

	/** Nobody holds it any more. */
	release(row: JobRow): void {
		if (row.held === 1) this.ledger.hold(this.group(row), row.lane, -1);
		row.held = 0;
		row.lease = row.holder = row.token = null;
	}

	/** It has ended. */
	end(row: JobRow, state: number, nowMs: number): void {
		row.ended = nowMs;
		row.dropAt = nowMs + row.keep;
		this.move(row, state);
		if (row.hasNotice !== false) this.#owe.run(row.version, nowMs, row.seq);
	}

	/** It can begin, at `atMs`. */
	ready(row: JobRow, atMs: number, nowMs: number): void {
		row.runAt = atMs;
		if (row.ended !== null) this.#takeBack.run(row.seq);
		row.ended = row.dropAt = null;
		this.move(row, atMs > nowMs ? STATE_NUMBERS.scheduled : STATE_NUMBERS.waiting);
	}

	save(row: JobRow): void {
		const { state, lane, runAt, version, attempts, held, lease, holder, token, firstAttempt, started, ended } = row;
		const { deadline, dropAt, upstreamKey, external, progress, error, seq } = row;
		const first = [state, lane, runAt, version, attempts, held, lease, holder, token, firstAttempt, started, ended];
		this.#save.run(...first, deadline, dropAt, upstreamKey, external, progress, error, seq);
		if (held === 0) this.#held.delete(row.id);
	}

	/** What `release` and `end` changed, and its error: the others of a row cost half as much again. */
	saveEnd(row: JobRow): void {
		this.#end.run(row.state, row.version, row.ended, row.dropAt, row.error, row.seq);
		this.#held.delete(row.id);
	}

	/** Only the lease, and how far it is. */
	beat(row: JobRow, leaseMs: number, progress: JobProgress | undefined): void {
		row.lease = leaseMs;
		if (progress !== undefined) {
			row.progress = JSON.stringify(progress);
			row.version++;
			this.tell(row.id, row.state, row.version);
		}
		this.#beat.run(leaseMs, row.progress, row.version, row.seq);
	}

	keepResult(row: JobRow, result: JobResult | null): void {
		if (result !== null) this.#addResult.run(row.seq, result.head, ...bodyColumns(result.body));
	}

	dropResult(row: JobRow): void {
		this.dropFile(this.#resultFile.get(row.seq)?.['file']);
		this.#dropResult.run(row.seq);
	}

	/** Nothing names it any more. */
	dropFile(file: unknown): void {
		if (typeof file === 'string') this.#dropFile.run(file);
	}
}

/** What is kept of an error's text. */
const MESSAGE_MOST = 2000;

export const errorText = ({ code, message, status }: JobError): string =>
	JSON.stringify({ code, message: message.slice(0, MESSAGE_MOST), status });

export const hasEnded = (row: JobRow): boolean => row.state >= ENDED_FROM;
