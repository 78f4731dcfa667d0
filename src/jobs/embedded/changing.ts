import type { Job } from '../job.ts';
import type { JobChange } from '../job-store.ts';
import { errorText, hasEnded, type JobBook } from './job-book.ts';
import type { JobRow } from './job-row.ts';
import { STATE_NUMBERS } from './job-tables.ts';

/** What a person or a job's owner wants of it, within a transaction; null: there is no such job. */
export function change(book: JobBook, id: string, wanted: JobChange): { job: Job; changed: boolean } | null {
	const row = book.row(id);
	if (row === null) return null;
	const changed = CHANGES[wanted.kind](book, row, wanted as never);
	if (changed) book.save(row);
	return { job: book.job(id) as Job, changed };
}

type Of<K extends JobChange['kind']> = Extract<JobChange, { kind: K }>;

const CHANGES: { [K in JobChange['kind']]: (book: JobBook, row: JobRow, wanted: Of<K>) => boolean } = {
	/** Its holder keeps the slot until it has stopped. */
	cancel(book, row, { nowMs, unbegun = false }) {
		if (hasEnded(row) || (unbegun && row.attempts > 0)) return false;
		book.spending.giveBackUnsent(row);
		book.end(row, STATE_NUMBERS.cancelled, nowMs);
		return true;
	},

	fail(book, row, { nowMs, error }) {
		if (hasEnded(row)) return false;
		row.error = errorText(error);
		book.end(row, STATE_NUMBERS.failed, nowMs);
		return true;
	},

	redrive(book, row, { nowMs, upstreamKey, spendSinceMs }) {
		const { failed, expired, parked } = STATE_NUMBERS;
		if (row.state !== failed && row.state !== expired && row.state !== parked) return false;
		book.release(row);
		book.dropResult(row);
		row.attempts = 0;
		row.deadline = null;
		row.progress = row.error = null;
		// The life of a key that was sent goes on; a new one is another try, wherever there is room.
		if (upstreamKey !== undefined && upstreamKey !== row.upstreamKey) {
			row.upstreamKey = upstreamKey;
			row.firstAttempt = null;
			row.lane = '';
		}
		// What the upstream ended as failed is not asked for again; what is not known to have ended is.
		const ends = row.state !== parked || row.firstAttempt === null;
		book.spending.countAgain(row, spendSinceMs, ends && row.external !== null);
		if (ends) row.external = null;
		book.ready(row, nowMs, nowMs);
		return true;
	},

	settle(book, row, { nowMs, as }) {
		if (row.state !== STATE_NUMBERS.parked) return false;
		if (as === 'succeeded') row.error = null;
		else if (row.external === null) book.spending.giveBack(row);
		book.end(row, STATE_NUMBERS[as], nowMs);
		return true;
	},
};
