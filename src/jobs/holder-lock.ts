import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const END = '.lock';

/**
 * A lock that the system lets go of when its process ends, however it ends, and that is seen from other containers
 * too: SQLite's on an empty file. So it is known at once of which holders nothing will be heard any more.
 */
export class HolderLock {
	/** Holders whose process is no more. */
	readonly gone: readonly string[];
	readonly #database: DatabaseSync;
	readonly #folder: string;
	readonly #path: string;

	/** `holder`: a name that no other life has. */
	constructor(folder: string, holder: string) {
		mkdirSync(folder, { recursive: true, mode: 0o700 });
		this.gone = readdirSync(folder)
			.filter((file) => file.endsWith(END))
			.filter((file) => isFree(join(folder, file)))
			.map((file) => file.slice(0, -END.length));
		for (const gone of this.gone) rmSync(join(folder, gone + END), { force: true });
		this.#folder = folder;
		this.#path = join(folder, holder + END);
		this.#database = new DatabaseSync(this.#path, { timeout: 0 });
		this.#database.exec('BEGIN EXCLUSIVE');
	}

	/** Whether the process of a holder, this one or another, is there. */
	isAlive(holder: string): boolean {
		const path = join(this.#folder, holder + END);
		return existsSync(path) && !isFree(path);
	}

	release(): void {
		this.#database.close();
		rmSync(this.#path, { force: true });
	}
}

function isFree(path: string): boolean {
	try {
		const database = new DatabaseSync(path, { timeout: 0 });
		try {
			database.exec('BEGIN EXCLUSIVE');
		} finally {
			database.close();
		}
		return true;
	} catch {
		return false;
	}
}
