import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Whose jobs are, and the secret of the file that owners are hashed by. */
export class Owners {
	readonly #owner: StatementSync;
	readonly #secret: StatementSync;
	readonly #set: StatementSync;

	constructor(database: DatabaseSync) {
		this.#owner = database.prepare('SELECT owner FROM jobs WHERE id = ?');
		this.#secret = database.prepare(`SELECT value FROM secrets WHERE name = 'owners'`);
		this.#set = database.prepare(`INSERT OR REPLACE INTO secrets VALUES ('owners', ?)`);
	}

	ownerOf(id: string): string | null {
		return (this.#owner.get(id)?.['owner'] as string | undefined) ?? null;
	}

	secret(): Uint8Array | null {
		return (this.#secret.get()?.['value'] as Uint8Array | undefined) ?? null;
	}

	/** Within a transaction. */
	setSecret(value: Uint8Array, was: Uint8Array | null): boolean {
		const stored = this.secret();
		if (stored === null || was === null ? stored !== was : Buffer.compare(stored, was) !== 0) return false;
		this.#set.run(value);
		return true;
	}
}
