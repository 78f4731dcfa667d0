import { accessSync, closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { BallastError } from './errors.ts';

const BUSY_MS = 2000;

export interface DatabaseOptions {
	/**
	 * What a crash of the machine may lose; a crash of Ballast loses nothing. NORMAL: the last second; FULL: nothing
	 * that was committed. Default NORMAL.
	 */
	synchronous?: 'NORMAL' | 'FULL';
	/** Time that a statement waits for another process's write, such as that of a core that drains, ms; default 2000. */
	busyMs?: number;
}

/**
 * Opens a database file, made with its folder if it is not there, and brings it up to date: `steps` are
 * SQL scripts of which those that it has not seen are run, in order. A file that was written by a later
 * version, with more steps, is refused rather than damaged.
 * @throws BallastError `store_unusable`
 */
export function openDatabase(path: string, steps: readonly string[], options: DatabaseOptions = {}): DatabaseSync {
	try {
		if (path !== ':memory:') {
			mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
			// For its user alone, as are the files that SQLite puts beside it: they get the mode of this one.
			closeSync(openSync(path, 'a', 0o600));
		}
		const database = new DatabaseSync(path, { timeout: options.busyMs ?? BUSY_MS });
		try {
			const synchronous = options.synchronous ?? 'NORMAL';
			database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA temp_store = MEMORY`);
			migrate(database, steps);
			return database;
		} catch (error) {
			database.close();
			throw error;
		}
	} catch (error) {
		throw storeUnusable(path, error);
	}
}

/**
 * Why a file or folder of the store cannot be used: SQLite says of a disk that is read-only, or of a folder of another
 * user, that it is unable to open a file.
 */
export function storeUnusable(path: string, error: unknown): BallastError {
	if (error instanceof BallastError) return error;
	const why = diskFault(error) ?? folderFault(path) ?? (error as Error).message;
	return new BallastError('store_unusable', `${path} cannot be used: ${why}`, {}, error);
}

/** Of the nearest folder that is there; null: it can be written to. */
function folderFault(path: string): string | null {
	for (let at = path; ; at = dirname(at)) {
		try {
			accessSync(at, constants.W_OK);
			return null;
		} catch (error) {
			const { code = '' } = error as NodeJS.ErrnoException;
			if (code !== 'ENOENT' || dirname(at) === at) return BY_CODE[code] ?? null;
		}
	}
}

function migrate(database: DatabaseSync, steps: readonly string[]): void {
	if (seenSteps(database, steps) === steps.length) return;
	inTransaction(database, () => {
		// Another process may have done it since.
		const seen = seenSteps(database, steps);
		for (const step of steps.slice(seen)) database.exec(step);
		database.exec(`PRAGMA user_version = ${steps.length}`);
	});
}

function seenSteps(database: DatabaseSync, steps: readonly string[]): number {
	const { user_version: seen } = database.prepare('PRAGMA user_version').get() as { user_version: number };
	if (seen <= steps.length) return seen;
	throw new BallastError(
		'store_unusable',
		'the database was written by a later version of Ballast; use that one, or another folder',
	);
}

/** Wholly or not at all. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
	database.exec('BEGIN IMMEDIATE');
	try {
		const result = work();
		database.exec('COMMIT');
		return result;
	} catch (error) {
		// A full disk may have ended the transaction already.
		if (database.isTransaction) database.exec('ROLLBACK');
		throw error;
	}
}

/** SQLITE_FULL, SQLITE_IOERR and SQLITE_READONLY: https://sqlite.org/rescode.html */
const FULL = 13;
const IO_ERROR = 10;
const READ_ONLY = 8;
/** SQLITE_READONLY_DBMOVED. */
const MOVED = 1032;
const BY_CODE: Readonly<Record<string, string>> = {
	ENOSPC: 'the disk is full (ENOSPC)',
	EDQUOT: 'the quota on the disk is used up (EDQUOT)',
	EROFS: 'the disk is read-only (EROFS)',
	EIO: 'the disk failed (EIO)',
	EACCES: "the folder may not be written to by Ballast's user (EACCES)",
	EPERM: 'the folder may not be written to (EPERM)',
};

/** What of the disk made a write fail; null: it was something else. */
export function diskFault(error: unknown): string | null {
	const { errcode, code } = (error ?? {}) as { errcode?: number; code?: string };
	const found = BY_CODE[code ?? ''];
	if (found !== undefined) return found;
	if (errcode === undefined) return null;
	// SQLite tells a quota and a disk that is broken alike.
	if ((errcode & 0xff) === IO_ERROR) return 'the disk takes no writes (EIO, or EDQUOT)';
	if (errcode === MOVED) return 'the file was moved or removed while it was in use';
	if ((errcode & 0xff) === READ_ONLY) return BY_CODE['EROFS'] as string;
	return (errcode & 0xff) === FULL ? (BY_CODE['ENOSPC'] as string) : null;
}
