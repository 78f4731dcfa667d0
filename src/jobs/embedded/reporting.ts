import type { Report } from '../job-store.ts';
import { errorText, hasEnded, type JobBook } from './job-book.ts';
import type { JobRow } from './job-row.ts';
import { STATE_NUMBERS } from './job-tables.ts';

/** What became of an attempt, within a transaction. False: it is not the job's any more. */
export function report(book: JobBook, of: Report): boolean {
	const row = book.row(of.id);
	if (row === null || row.token === null || row.token !== of.token) return false;
	if (hasEnded(row)) {
		letGo(book, row, of);
		return false;
	}
	if (of.kind === 'beat') {
		book.beat(row, of.nowMs + of.leaseMs, of.progress);
		return true;
	}
	apply(book, row, of);
	if (hasEnded(row)) book.saveEnd(row);
	else book.save(row);
	return true;
}

/** It was cancelled or ran out of time under its holder, whose slot is given back once that has stopped. */
function letGo(book: JobBook, row: JobRow, of: Report): void {
	if (of.kind === 'beat' || of.kind === 'submitted') {
		// By it whoever comes after its holder ends it upstream.
		if (of.kind === 'submitted') row.external = of.externalId;
		row.lease = of.nowMs + of.leaseMs;
		if (of.kind === 'submitted') book.save(row);
		else book.beat(row, row.lease, undefined);
		return;
	}
	book.release(row);
	const unbilled = of.kind === 'failed' ? of.free === true : of.kind === 'retry' && !of.counted && !of.keepsLane;
	if (unbilled) book.spending.giveBack(row);
	book.save(row);
}

function apply(book: JobBook, row: JobRow, of: Exclude<Report, { kind: 'beat' }>): void {
	const { nowMs } = of;
	if (of.kind === 'submitted') {
		row.lease = nowMs + of.leaseMs;
		row.external = of.externalId;
		return book.move(row, STATE_NUMBERS.submitted);
	}
	book.release(row);
	switch (of.kind) {
		case 'succeeded':
			row.error = null;
			book.keepResult(row, of.result);
			return book.end(row, STATE_NUMBERS.succeeded, nowMs);
		case 'failed':
			row.error = errorText(of.error);
			if (of.free === true) book.spending.giveBack(row);
			book.keepResult(row, of.result);
			return book.end(row, STATE_NUMBERS.failed, nowMs);
		case 'cancelled':
			return book.end(row, STATE_NUMBERS.cancelled, nowMs);
		case 'parked':
			row.error = errorText(of.error);
			return book.move(row, STATE_NUMBERS.parked);
		case 'retry':
			row.error = errorText(of.error);
			row.progress = null;
			if (!of.keepsLane) row.lane = '';
			if (!of.counted) uncount(row);
			return book.ready(row, of.atMs, nowMs);
	}
}

/** Nothing went upstream: the life of its key has not begun by this attempt, but that of one before a redrive goes on. */
function uncount(row: JobRow): void {
	row.attempts = Math.max(0, row.attempts - 1);
	if (row.attempts === 0 && row.firstAttempt === row.started) row.firstAttempt = null;
}
