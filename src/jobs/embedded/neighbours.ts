import { randomBytes } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { JobState } from '../job.ts';
import type { JobChanged } from '../job-store.ts';
import { STATE_NUMBERS, STATES } from './job-tables.ts';

type Change = Parameters<JobChanged>[0];

/** How often it is looked whether others have changed something, ms. */
export const LOOK_EVERY_MS = 100;
/** Who has not told of itself for so long is gone, ms. */
const GONE_MS = 600_000;
const TELL_EVERY_MS = 60_000;
/** Changes that are kept for neighbours to read, at most. */
const KEPT = 20_000;

/**
 * Others that have the same file open, as two cores have during an upgrade: what one changes the other tells its
 * watchers too. Changes are written down only while somebody else is there to read them.
 */
export class Neighbours {
	readonly #name = randomBytes(9).toString('base64url');
	readonly #sql: ReturnType<typeof statements>;
	#others = false;
	#read: number;
	#dataVersion = -1;
	#toldMs = Date.now();

	/** @param watches whether this one wants to be told */
	constructor(database: DatabaseSync, watches: boolean) {
		this.#sql = statements(database);
		if (watches) this.#sql.register.run(this.#name, this.#toldMs);
		this.#read = (this.#sql.last.get()?.['n'] as number | null) ?? 0;
	}

	/** In a transaction, when others have written since the last one. */
	look(): void {
		this.#others = this.#sql.others.get(this.#name) !== undefined;
	}

	/** In the transaction that made them. */
	write(changes: readonly Change[]): void {
		if (!this.#others) return;
		for (const { id, state, version } of changes) {
			this.#sql.write.run(this.#name, id, STATE_NUMBERS[state], version);
		}
	}

	/** What others changed since it was asked last; outside of transactions. */
	news(): Change[] {
		const version = this.#sql.dataVersion.get()?.['data_version'] as number;
		if (version === this.#dataVersion) return [];
		this.#dataVersion = version;
		const rows = this.#sql.news.all(this.#read);
		this.#read = (rows.at(-1)?.['n'] as number | undefined) ?? this.#read;
		const theirs = rows.filter((row) => row['opener'] !== this.#name);
		return theirs.map((row) => ({
			id: row['id'] as string,
			state: STATES[row['state'] as number] as JobState,
			version: row['version'] as number,
		}));
	}

	/** Whether it is time to tell the others that this one is still there. */
	get isDue(): boolean {
		return Date.now() - this.#toldMs >= TELL_EVERY_MS;
	}

	/** In a transaction. */
	tell(): void {
		this.#toldMs = Date.now();
		this.#sql.register.run(this.#name, this.#toldMs);
		this.#sql.unregisterOld.run(this.#toldMs - GONE_MS);
		this.#sql.trim.run(KEPT);
		this.look();
	}

	/** In a transaction, at the end. */
	leave(): void {
		this.#sql.unregister.run(this.#name);
	}
}

function statements(
	database: DatabaseSync,
): Record<
	'register' | 'unregister' | 'unregisterOld' | 'others' | 'last' | 'write' | 'news' | 'trim' | 'dataVersion',
	StatementSync
> {
	const of = (sql: string) => database.prepare(sql);
	return {
		register: of('INSERT OR REPLACE INTO openers VALUES (?, ?)'),
		unregister: of('DELETE FROM openers WHERE name = ?'),
		unregisterOld: of('DELETE FROM openers WHERE told < ?'),
		others: of('SELECT 1 FROM openers WHERE name <> ? LIMIT 1'),
		last: of('SELECT max(n) AS n FROM changes'),
		write: of('INSERT INTO changes (opener, id, state, version) VALUES (?, ?, ?, ?)'),
		news: of('SELECT * FROM changes WHERE n > ? ORDER BY n'),
		trim: of('DELETE FROM changes WHERE n <= (SELECT max(n) FROM changes) - ?'),
		dataVersion: of('PRAGMA data_version'),
	};
}
