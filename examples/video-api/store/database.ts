import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { schemaVersion, tables } from './schema.ts';
import { seed } from './seed.ts';

const busyTimeoutMs = 5000;

/**
 * Opens the database in that folder, creating and seeding it on the first start. Several processes may do so at
 * the same moment: one creates, the others wait for it.
 */
export function openDatabase(dataDir: string): DatabaseSync {
	mkdirSync(dataDir, { recursive: true });
	const db = new DatabaseSync(join(dataDir, 'video-api.db'), { timeout: busyTimeoutMs });
	try {
		useWriteAheadLog(db);
		db.exec('PRAGMA synchronous = NORMAL');
		migrate(db);
		return db;
	} catch (error) {
		db.close();
		throw error;
	}
}

/** Runs the work in one transaction that holds the write lock from its start. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
	db.exec('BEGIN IMMEDIATE');
	try {
		const result = work();
		db.exec('COMMIT');
		return result;
	} catch (error) {
		db.exec('ROLLBACK');
		throw error;
	}
}

/** True for "the database is locked": another process has written for longer than the busy timeout. */
export function isBusy(error: unknown): boolean {
	return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5;
}

/** The change of mode needs the file for itself and does not always wait for it, unlike every other statement. */
function useWriteAheadLog(db: DatabaseSync): void {
	const deadline = Date.now() + busyTimeoutMs;
	for (;;) {
		try {
			db.exec('PRAGMA journal_mode = WAL');
			return;
		} catch (error) {
			if (!isBusy(error) || Date.now() > deadline) throw error;
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
		}
	}
}

function migrate(db: DatabaseSync): void {
	inTransaction(db, () => {
		const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
		if (version === schemaVersion) return;
		if (version !== 0) throw new Error(`the database has version ${version}, this program needs ${schemaVersion}`);
		db.exec(tables);
		seed(db);
		db.exec(`PRAGMA user_version = ${schemaVersion}`);
	});
}
