import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { IdempotencyRecords } from './idempotency-records.ts';
import type { JobBook } from './job-book.ts';
import { type JobRow, SELECT_ROW } from './job-row.ts';
import { STATE_NUMBERS } from './job-tables.ts';

/** Rows that one transaction of a sweep changes of a kind, at most: others wait for it, for some milliseconds. */
const STEP = 200;
/** A group without jobs is forgotten after this: longer than a rate's span should be, ms. */
const EMPTY_GROUP_MS = 86_400_000;
/** A job whose end is still to be told is kept for so long, and looked at again then. */
const UNTOLD_MS = 3_600_000;
/** But no longer than this, from its end: nobody may be there to tell. */
const UNTOLD_MOST_MS = 30 * 86_400_000;

/** What time alone does, in steps of a transaction each. */
export class Sweeping {
	readonly #book: JobBook;
	readonly #records: IdempotencyRecords;
	readonly #sql: ReturnType<typeof statements>;
	/** Told by the last sweep: whoever asks again has seen to them. */
	#toldFiles: string[] = [];

	constructor(database: DatabaseSync, book: JobBook, records: IdempotencyRecords) {
		this.#book = book;
		this.#records = records;
		this.#sql = statements(database);
	}

	/** True: that was all there is now. */
	step(nowMs: number): boolean {
		const expired = this.#sql.overdue.all(nowMs) as unknown as JobRow[];
		for (const found of expired) {
			const row = this.#book.current(found);
			this.#book.spending.giveBackUnsent(row);
			this.#book.end(row, STATE_NUMBERS.expired, nowMs);
			this.#book.save(row);
		}
		const past = this.#sql.past.all(nowMs) as unknown as JobRow[];
		for (const row of past) {
			const { changes } = this.#sql.keepUntold.run(nowMs + UNTOLD_MS, row.seq, nowMs - UNTOLD_MOST_MS, row.seq);
			if (changes === 0) this.#drop(row);
			this.#book.forgetRow(row.id);
		}
		const records = this.#records.drop(nowMs);
		return Math.max(expired.length, past.length, records) < STEP;
	}

	/** Names of all queues that a job ever came to. */
	queues(): string[] {
		return this.#sql.queues.all().map((row) => row['name'] as string);
	}

	/** When the first waiting job became ready; null: none waits. */
	oldestMs(qid: number): number | null {
		return (this.#sql.oldest.get(qid)?.['runAt'] as number | undefined) ?? null;
	}

	/** Behind the last step. @param present files that lie in the folder */
	end(nowMs: number, present: readonly string[]): string[] {
		this.#book.ledger.flush();
		this.#book.ledger.dropEmptyGroups(nowMs - EMPTY_GROUP_MS);
		this.#book.spending.dropOld(nowMs);
		for (const file of this.#toldFiles) this.#sql.forgetFile.run(file);
		const dropped = this.#sql.dropped.all().map((row) => row['file'] as string);
		this.#toldFiles = dropped;
		const orphans = present.filter((file) => this.#sql.named.get(file, file) === undefined);
		return [...new Set([...dropped, ...orphans])];
	}

	#drop(row: JobRow): void {
		this.#book.release(row);
		this.#book.dropResult(row);
		this.#book.dropFile(this.#sql.payloadFile.get(row.seq)?.['file']);
		this.#sql.dropPayload.run(row.seq);
		this.#sql.dropNotice.run(row.seq);
		this.#sql.dropJob.run(row.seq);
		this.#book.ledger.move(this.#book.group(row), row.state, null);
	}
}

function statements(
	database: DatabaseSync,
): Record<
	| 'overdue'
	| 'past'
	| 'queues'
	| 'dropped'
	| 'forgetFile'
	| 'named'
	| 'payloadFile'
	| 'dropPayload'
	| 'dropJob'
	| 'keepUntold'
	| 'dropNotice'
	| 'oldest',
	StatementSync
> {
	const of = (sql: string) => database.prepare(sql);
	return {
		overdue: of(`${SELECT_ROW} WHERE deadline IS NOT NULL AND state < 5 AND deadline <= ? LIMIT ${STEP}`),
		past: of(`${SELECT_ROW} WHERE dropAt IS NOT NULL AND dropAt <= ? LIMIT ${STEP}`),
		queues: of('SELECT name FROM queues'),
		dropped: of('SELECT file FROM dropped LIMIT 10000'),
		forgetFile: of('DELETE FROM dropped WHERE file = ?'),
		named: of('SELECT 1 FROM payloads WHERE file = ? UNION ALL SELECT 1 FROM results WHERE file = ? LIMIT 1'),
		payloadFile: of('SELECT file FROM payloads WHERE seq = ?'),
		dropPayload: of('DELETE FROM payloads WHERE seq = ?'),
		oldest: of(
			'SELECT runAt FROM jobs INDEXED BY jobs_in_time WHERE qid = ? AND state = 1 AND state < 2 ORDER BY runAt LIMIT 1',
		),
		keepUntold: of(
			'UPDATE jobs SET dropAt = ? WHERE seq = ? AND ended > ? AND EXISTS (SELECT 1 FROM notices WHERE seq = ? AND at IS NOT NULL)',
		),
		dropNotice: of('DELETE FROM notices WHERE seq = ?'),
		dropJob: of('DELETE FROM jobs WHERE seq = ?'),
	};
}
