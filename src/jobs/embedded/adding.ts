import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { IdempotencyRecord, NewJob } from '../job.ts';
import type { AddOutcome } from '../job-store.ts';
import type { JobBook } from './job-book.ts';
import { bodyColumns, newJob } from './job-row.ts';
import { STATE_NUMBERS } from './job-tables.ts';

/** Takes jobs in, within a transaction. */
export class Adding {
	readonly #book: JobBook;
	readonly #addJob: StatementSync;
	readonly #addPayload: StatementSync;
	readonly #record: StatementSync;
	readonly #setRecord: StatementSync;

	constructor(database: DatabaseSync, book: JobBook) {
		this.#book = book;
		this.#addJob = database.prepare(
			`INSERT INTO jobs (id, qid, gid, state, priority, lane, runAt, version, attempts, attemptsMost, held, created,
			deadline, keep, owner, upstreamKey) VALUES (?, ?, ?, ?, ?, '', ?, 1, 0, ?, 0, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO NOTHING`,
		);
		this.#addPayload = database.prepare('INSERT INTO payloads VALUES (?, ?, ?, ?, ?, ?)');
		this.#record = database.prepare('SELECT fingerprint, id, until FROM idempotency WHERE key = ?');
		this.#setRecord = database.prepare('INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?)');
	}

	add(job: NewJob): AddOutcome {
		const { idempotency } = job;
		const known = idempotency === null ? null : this.#known(idempotency, job.createdMs);
		if (known !== null) return known;
		if (!this.#insert(job)) return { kind: 'same', id: job.id, job: this.#book.job(job.id) };
		if (idempotency !== null) {
			this.#setRecord.run(idempotency.key, idempotency.fingerprint, job.id, idempotency.untilMs);
		}
		return { kind: 'added', job: newJob(job) };
	}

	/** null: the key is free. */
	#known({ key, fingerprint }: IdempotencyRecord, nowMs: number): AddOutcome | null {
		const row = this.#record.get(key);
		if (row === undefined || (row['until'] as number) <= nowMs) return null;
		const id = row['id'] as string;
		if (row['fingerprint'] !== fingerprint) return { kind: 'mismatch', id };
		return { kind: 'same', id, job: this.#book.job(id) };
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
		);
		if (changes === 0) return false;
		this.#addPayload.run(lastInsertRowid, job.request, ...bodyColumns(job.body), job.notify);
		ledger.move(group, null, state);
		this.#book.tell(id, state, 1);
		return true;
	}
}
