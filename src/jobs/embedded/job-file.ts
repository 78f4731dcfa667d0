import { renameSync, statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { diskFault, openDatabase } from '../../core/database.ts';
import { BallastError } from '../../core/errors.ts';
import { JOB_STEPS } from './job-tables.ts';

/** A file that could not be read was put aside, and an empty one is in its place: what it held is not worked on. */
export interface Quarantined {
	path: string;
	movedTo: string;
	reason: string;
}

export interface JobFile {
	/** The database file; it is made, with its folder. Another process may have it open too, as during an upgrade. */
	path: string;
	/** To be told loudly: jobs may be missing. */
	quarantined?: (of: Quarantined) => void;
	/** How long a call waits for another process's write, and all others with it, ms; default 2000. */
	busyMs?: number;
}

/** https://sqlite.org/rescode.html: SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_BUSY. */
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const BUSY = 5;
/** Larger files are looked through only as they are read: that takes a second for each GB or so. */
const CHECKED_MOST_BYTES = 64 * 1024 * 1024;
/**
 * What is committed is written back to the file in large pieces, and seldom: all calls wait for it, so that it must not
 * be one commit in a hundred (64 MiB).
 */
const CHECKPOINT_PAGES = 16_000;
/** Kept when it was written back: to write over what is there costs less than to grow a file. */
const WAL_BYTES = 72 * 1024 * 1024;
/** Pages held in memory, at most. */
const CACHE_KB = 16_384;

/**
 * The jobs' database; one that is corrupt is put aside first.
 * @throws BallastError `store_unusable`: the folder cannot be used, or a later version wrote the file
 */
export function openJobFile(of: JobFile): DatabaseSync {
	try {
		return openChecked(of);
	} catch (error) {
		if (!isCorrupt(error)) throw error;
		quarantine(of, error as Error);
		return openChecked(of);
	}
}

export function quarantine({ path, quarantined }: JobFile, why: Error): void {
	const movedTo = `${path}.corrupt-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
	for (const end of ['', '-wal', '-shm']) {
		try {
			renameSync(path + end, movedTo + end);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unavailable(error);
		}
	}
	quarantined?.({ path, movedTo, reason: why.message });
}

/** What SQLite itself did not notice: a row that another one names is not there. */
export const corruption = (message: string): Error => Object.assign(new Error(message), { errcode: CORRUPT });

export function isCorrupt(error: unknown): boolean {
	const code = codeOf(error);
	return code === CORRUPT || code === NOT_A_DATABASE;
}

/** Of the disk, the file or its lock, not of what was to be stored. */
export function isOfFile(error: unknown): boolean {
	return isCorrupt(error) || codeOf(error) === BUSY || diskFault(error) !== null;
}

export function unavailable(error: unknown): BallastError {
	if (error instanceof BallastError) return error;
	const why = codeOf(error) === BUSY ? 'another process holds the file' : diskFault(error);
	const text = why ?? (error as Error).message;
	return new BallastError('jobs_unavailable', `jobs cannot be stored: ${text}`, { disk: diskFault(error) }, error);
}

function openChecked({ path, busyMs }: JobFile): DatabaseSync {
	const database = openDatabase(path, JOB_STEPS, { synchronous: 'FULL', ...(busyMs === undefined ? {} : { busyMs }) });
	try {
		database.exec(
			`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA journal_size_limit = ${WAL_BYTES}; PRAGMA cache_size = -${CACHE_KB}`,
		);
		if (path === ':memory:' || statSync(path).size > CHECKED_MOST_BYTES) return database;
		const found = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
		if (found !== 'ok') throw corruption(String(found));
		return database;
	} catch (error) {
		database.close();
		throw error;
	}
}

/** The primary code of SQLite's; `openDatabase` tells it as the cause. */
function codeOf(error: unknown): number | null {
	const { errcode, cause } = (error ?? {}) as { errcode?: number; cause?: unknown };
	if (errcode !== undefined) return errcode & 0xff;
	return cause === undefined ? null : codeOf(cause);
}
