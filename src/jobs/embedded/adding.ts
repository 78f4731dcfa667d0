import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { newJob } from '../as-handed-in.ts';
import type { NewJob } from '../job.ts';
import type { AddOutcome } from '../job-store.ts';
import type { IdempotencyRecords } from './idempotency-records.ts';
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
	readonly #records: IdempotencyRecords;

	constructor(database: DatabaseSync, book: JobBook, records: IdempotencyRecords) {
		this.#book = book;
		this.#records = records;
		this.#addJob = database.prepare(
			`INSERT INTO jobs (id, qid, gid, state, priority, lane, runAt, version, attempts, attemptsMost, held, created,
			deadline, keep, owner, upstreamKey, spend) VALUES (?, ?, ?, ?, ?, ?, ?, 1, 0, ?, 0, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO NOTHING`,
		);
		this.#addPayload = database.prepare('INSERT INTO payloads VALUES (?, ?, ?, ?, ?, ?)');
		this.#addNotice = database.prepare('INSERT INTO notices (seq, version, attempts, lane) VALUES (?, 0, 0, ?)');
	}

	add(job: NewJob): AddOutcome {
		const known = this.#known(job);
		if (known !== null) {
			const { id } = known;
			const isSame = known.fingerprint === job.idempotency?.fingerprint;
			return isSame ? { kind: 'same', id, job: this.#book.job(id) } : { kind: 'mismatch', id };
		}
		const over =
			job.spend === undefined || this.#book.row(job.id) !== null ? null : this.#book.spending.over(job.spend);
		if (over !== null) return { kind: 'over_spend', id: job.id, key: over };
		// Of the others it was taken at once.
		if (job.spend !== undefined && job.idempotency !== null) this.#records.take(job.idempotency, job);
		if (!this.#insert(job)) return { kind: 'same', id: job.id, job: this.#book.job(job.id) };
		return { kind: 'added', job: newJob(job) };
	}

	/** Whose its key is; null: it has none, or one that is its own now, or free where it may yet be refused. */
	#known({ id, idempotency, createdMs, spend }: NewJob): { id: string; fingerprint: string } | null {
		if (idempotency === null) return null;
		if (spend !== undefined) return this.#records.holder(idempotency.key, createdMs);
		return this.#records.take(idempotency, { id, createdMs });
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
			job.lane ?? '',
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
