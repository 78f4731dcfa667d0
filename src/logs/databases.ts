import type { DatabaseSync } from 'node:sqlite';

/** How database files are opened and written: what logs need of `core/database.ts`. */
export interface Databases {
	/** @throws BallastError `store_unusable` */
	open(path: string, steps: readonly string[]): DatabaseSync;
	inTransaction<T>(database: DatabaseSync, work: () => T): T;
	/** What of the disk made a write fail; null: it was something else. */
	diskFault(error: unknown): string | null;
}
