import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { newJob } from '../as-handed-in.ts';
import type { IdempotencyRecord, NewJob } from '../job.ts';
import type { AddOutcome } from '../job-store.ts';
import type { JobBook } from './job-book.ts';
import { bodyColumns } from './job-row.ts';
import { STATE_NUMBERS } from './job-tables.ts';
import { spendText } from './spend-text.ts';

/** Takes jobs in, within a transaction. */
export class Adding {
	readonly #book: JobBook;
	readonly #addJob: StatementSync;
	readonly #addPayload: StatementSync;
	readonly #addNotice: StatementSync;
	readonly #record: StatementSync;
	readonly #addRecord: StatementSync;
	readonly #setRecord: StatementSync;
	readonly #dropRecord: StatementSync;

	constructor(database: DatabaseSync, book: JobBook) {
		this.#book = book;
		this.#addJob = database.prepare(
			`INSERT INTO jobs (id, qid, gid, state, priority, lane, runAt, version, attempts, attemptsMost, held, created,
			deadline, keep, owner, upstreamKey, spend) VALUES (?, ?, ?, ?, ?, '', ?, 1, 0, ?, 0, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO NOTHING`,
		);
		this.#addPayload = database.prepare('INSERT INTO payloads VALUES (?, ?, ?, ?, ?, ?)');
		this.#addNotice = database.prepare('INSERT INTO notices (seq, version, attempts, lane) VALUES (?, 0, 0, ?)');
		this.#record = database.prepare('SELECT fingerprint, id, until FROM idempotency WHERE key = ?');
		this.#addRecord = database.prepare('INSERT INTO idempotency VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING');
		this.#dropRecord = database.prepare('DELETE FROM idempotency WHERE key = ? AND id = ?');
		this.#setRecord = database.prepare('INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?)');
	}

	add(job: NewJob): AddOutcome {
		const known = job.idempotency === null ? null : this.#recorded(job.idempotency, job);
		if (known !== null) return known;
		const over =
			job.spend === undefined || this.#book.row(job.id) !== null ? null : this.#book.spending.over(job.spend);
		if (over !== null) {
			this.#dropRecord.run(job.idempotency?.key ?? '', job.id);
			return { kind: 'over_spend', id: job.id, key: over };
		}
		if (!this.#insert(job)) return { kind: 'same', id: job.id, job: this.#book.job(job.id) };
		return { kind: 'added', job: newJob(job) };
	}

	/** null: the key was free, and is this job's now. */
	#recorded({ key, fingerprint, untilMs }: IdempotencyRecord, job: NewJob): AddOutcome | null {
		// Nearly always it is free: so it is looked for only where it is not.
		if (this.#addRecord.run(key, fingerprint, job.id, untilMs).changes === 1) return null;
		const row = this.#record.get(key) as { fingerprint: string; id: string; until: number };
		// While its job is there it stands for it, however old it is.
		if (row.until <= job.createdMs && this.#book.row(row.id) === null) {
			this.#setRecord.run(key, fingerprint, job.id, untilMs);
			return null;
		}
		const { id } = row;
		return row.fingerprint === fingerprint ? { kind: 'same', id, job: this.#book.job(id) } : { kind: 'mismatch', id };
	}

	/** False: it is there already, since the same call was made twice. */
	#insert(job: NewJob): boolean {
		const { ledger } = this.#book;
		const { id, priority, runAtMs, attemptsMost, createdMs, deadlineMs, keepMs, owner, upstreamKey } = job;
		const group = ledger.madeGroup(ledger.madeQueue(job.queue), job.group);
		const state = runAtMs > createdMs ? STATE_NUMBERS.scheduled : STATE_NUMBERS.waiting;
		const { changes, lastInsertRowid } = this.#addJob.run(
			id,
			group.queue.qid,
			group.gid,
			state,
			priority,
			runAtMs,
			attemptsMost,
			createdMs,
			deadlineMs,
			keepMs,
			owner,
			upstreamKey,
			job.spend === undefined ? null : spendText(job.spend),
		);
		if (changes === 0) return false;
		this.#addPayload.run(lastInsertRowid, job.request, ...bodyColumns(job.body), job.notify);
		if (job.notify !== null) this.#addNotice.run(lastInsertRowid, job.notifyLane ?? '');
		if (job.spend !== undefined) this.#book.spending.count(job.spend);
		ledger.move(group, null, state);
		this.#book.tell(id, state, 1);
		return true;
	}
}
