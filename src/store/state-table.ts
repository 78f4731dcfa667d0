import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** The form of `state.db`, for `openDatabase`. */
export const STATE_STEPS: readonly string[] = [
	'CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
];

/** Small things that outlive a restart, by key, as JSON. */
export class StateTable {
	readonly #get: StatementSync;
	readonly #set: StatementSync;

	constructor(database: DatabaseSync) {
		this.#get = database.prepare('SELECT value FROM state WHERE key = ?');
		this.#set = database.prepare(
			'INSERT INTO state VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
		);
	}

	/** null: there is nothing, or nothing that can be read. */
	get(key: string): unknown {
		const row = this.#get.get(key);
		if (row === undefined) return null;
		try {
			return JSON.parse(String(row['value'])) as unknown;
		} catch {
			return null;
		}
	}

	set(key: string, value: unknown): void {
		this.#set.run(key, JSON.stringify(value));
	}
}
