import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** The secret of a file of jobs. */
export class OwnSecret {
	readonly #get: StatementSync;
	readonly #set: StatementSync;

	constructor(database: DatabaseSync) {
		this.#get = database.prepare(`SELECT value FROM secrets WHERE name = 'owners'`);
		this.#set = database.prepare(`INSERT OR REPLACE INTO secrets VALUES ('owners', ?)`);
	}

	get(): Uint8Array | null {
		return (this.#get.get()?.['value'] as Uint8Array | undefined) ?? null;
	}

	/** Within a transaction. */
	set(value: Uint8Array, was: Uint8Array | null): boolean {
		const stored = this.get();
		if (stored === null || was === null ? stored !== was : Buffer.compare(stored, was) !== 0) return false;
		this.#set.run(value);
		return true;
	}
}
