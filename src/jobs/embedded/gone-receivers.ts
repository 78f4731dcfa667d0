import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { GONE_MOST, type GoneReceiver } from '../receiver-store.ts';

/** Receivers of webhooks that are called no more. What changes them is within a transaction. */
export class GoneReceivers {
	readonly #has: StatementSync;
	readonly #add: StatementSync;
	readonly #trim: StatementSync;
	readonly #list: StatementSync;
	readonly #remove: StatementSync;

	constructor(database: DatabaseSync) {
		this.#has = database.prepare('SELECT 1 FROM gone WHERE key = ?');
		this.#add = database.prepare('INSERT OR IGNORE INTO gone VALUES (?, ?, ?)');
		this.#trim = database.prepare(
			`DELETE FROM gone WHERE key IN (SELECT key FROM gone ORDER BY since DESC LIMIT 100 OFFSET ${GONE_MOST})`,
		);
		this.#list = database.prepare('SELECT key, host, since FROM gone ORDER BY since DESC, key LIMIT ?');
		this.#remove = database.prepare('DELETE FROM gone WHERE key = ?');
	}

	among(keys: readonly string[]): ReadonlySet<string> {
		return new Set(keys.filter((key) => this.#has.get(key) !== undefined));
	}

	add({ key, host, sinceMs }: GoneReceiver): void {
		if (this.#add.run(key, host, Math.floor(sinceMs)).changes === 1) this.#trim.run();
	}

	list(most: number): GoneReceiver[] {
		return this.#list.all(most).map((row) => ({
			key: row['key'] as string,
			host: row['host'] as string,
			sinceMs: row['since'] as number,
		}));
	}

	remove(keys: readonly string[]): number {
		return keys.reduce((count, key) => count + Number(this.#remove.run(key).changes), 0);
	}
}
