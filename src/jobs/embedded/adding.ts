import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { newJob } from '../as-handed-in.ts';
import type { NewJob } from '../job.ts';
import type { AddOutcome } from '../job-store.ts';
import type { IdempotencyRecords } from './idempotency-records.ts';
import type { JobBook } from './job-book.ts';
import { STATE_NUMBERS } from './job-tables.ts';

/** A key that is known for less is looked for with its job, which must be in the file then, ms. */
const SHORT_KEY_MS = 60_000;

/** Takes jobs in, within a transaction. */
export class Adding {
	readonly #book: JobBook;
	readonly #there: StatementSync;
	readonly #records: IdempotencyRecords;

	constructor(database: DatabaseSync, book: JobBook, records: IdempotencyRecords) {
		this.#book = book;
		this.#records = records;
		this.#there = database.prepare('SELECT 1 FROM jobs WHERE id = ?');
	}

	add(job: NewJob): AddOutcome {
		const known = this.#known(job);
		if (known !== null) {
			const { id } = known;
			const isSame = known.fingerprint === job.idempotency?.fingerprint;
			return isSame ? this.#same(id) : { kind: 'mismatch', id };
		}
		const isThere = this.#isThere(job.id);
		const over = job.spend === undefined || isThere ? null : this.#book.spending.over(job.spend);
		if (over !== null) return { kind: 'over_spend', id: job.id, key: over };
		// Of the others it was taken at once.
		if (job.spend !== undefined && job.idempotency !== null) this.#records.take(job.idempotency, job);
		// The same call was made twice.
		if (isThere) return this.#same(job.id);
		this.#take(job);
		return { kind: 'added', job: newJob(job) };
	}

	#isThere(id: string): boolean {
		return this.#book.fresh.has(id) || this.#there.get(id) !== undefined;
	}

	#same(id: string): AddOutcome {
		this.#book.fresh.writeAll();
		return { kind: 'same', id, job: this.#book.job(id) };
	}

	/** Whose its key is; null: it has none, or one that is its own now, or free where it may yet be refused. */
	#known({ id, idempotency, createdMs, spend }: NewJob): { id: string; fingerprint: string } | null {
		if (idempotency === null) return null;
		if (spend !== undefined) return this.#records.holder(idempotency.key, createdMs);
		return this.#records.take(idempotency, { id, createdMs });
	}

	#take(job: NewJob): void {
		const { ledger, fresh } = this.#book;
		const { id, runAtMs, createdMs, idempotency } = job;
		const group = ledger.madeGroup(ledger.madeQueue(job.queue), job.group);
		const state = runAtMs > createdMs ? STATE_NUMBERS.scheduled : STATE_NUMBERS.waiting;
		const hasShortKey = idempotency !== null && idempotency.untilMs - createdMs < SHORT_KEY_MS;
		if (state === STATE_NUMBERS.waiting && !hasShortKey) fresh.add(job, group);
		else fresh.insert(job, group, state);
		if (job.spend !== undefined) this.#book.spending.count(job.spend);
		ledger.move(group, null, state);
		this.#book.tell(id, state, 1);
	}
}
