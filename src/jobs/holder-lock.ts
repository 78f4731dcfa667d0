import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { storeUnusable } from '../core/database.ts';

const END = '.lock';
/** Being made: it gets its name when it is locked, so that nobody finds one that is not yet. */
const PART = '.part';
/** Whoever makes one has done so by then, ms. */
const PART_MS = 60_000;
/** Nothing is ever written: a journal would lie beside it. */
const LOCK = 'PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE';
/** https://sqlite.org/rescode.html: SQLITE_CANTOPEN. */
const CANNOT_OPEN = 14;

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

	/**
	 * `holder`: a name that no other life has.
	 * @throws BallastError `store_unusable`
	 */
	constructor(folder: string, holder: string) {
		this.#folder = folder;
		this.#path = join(folder, holder + END);
		try {
			mkdirSync(folder, { recursive: true, mode: 0o700 });
			this.gone = clean(folder);
			this.#database = take(join(folder, holder + PART), this.#path);
		} catch (error) {
			throw storeUnusable(folder, error);
		}
	}

	/** Whether the process of a holder, this one or another, is there. */
	isAlive(holder: string): boolean {
		return isHeld(join(this.#folder, holder + END));
	}

	release(): void {
		this.#database.close();
		rmSync(this.#path, { force: true });
	}
}

/** Locks a new file under one name and gives it another. */
function take(part: string, path: string): DatabaseSync {
	const database = new DatabaseSync(part, { timeout: 0 });
	try {
		database.exec(LOCK);
		renameSync(part, path);
		return database;
	} catch (error) {
		database.close();
		throw error;
	}
}

/** Removes what is left of processes that are no more. Their names. */
function clean(folder: string): string[] {
	const files = readdirSync(folder);
	const left = files.filter((file) => file.endsWith(PART)).map((file) => join(folder, file));
	for (const path of left) if (isOld(path) && !isHeld(path)) rmSync(path, { force: true });
	const gone = files.filter((file) => file.endsWith(END) && !isHeld(join(folder, file)));
	for (const file of gone) rmSync(join(folder, file), { force: true });
	return gone.map((file) => file.slice(0, -END.length));
}

function isOld(path: string): boolean {
	const found = statSync(path, { throwIfNoEntry: false });
	return found !== undefined && Date.now() - found.mtimeMs > PART_MS;
}

/** False: it is free, or not there. */
function isHeld(path: string): boolean {
	const url = pathToFileURL(path);
	// One that is gone must not come into being again.
	url.search = '?mode=rw';
	let database: DatabaseSync | undefined;
	try {
		database = new DatabaseSync(url, { timeout: 0 });
		database.exec(LOCK);
		return false;
	} catch (error) {
		return ((error as { errcode?: number }).errcode ?? 0) % 256 !== CANNOT_OPEN;
	} finally {
		database?.close();
	}
}
