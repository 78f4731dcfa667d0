import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Databases } from './databases.ts';
import { DayDatabase } from './day-database.ts';

const DAY_MS = 86_400_000;
/** Late entries, and those that found their millisecond full, may reach beyond the day. */
const BEYOND_MS = 3_600_000;
const NAME = /^logs-(\d{4}-\d\d-\d\d)(?:\.(\d{1,4}))?\.db$/;
const DAMAGED = /^logs-(\d{4}-\d\d-\d\d)[.\d]*\.db(?:-wal)?\.damaged$/;
const MOST_OPEN = 4;
const NONE: ReadonlySet<string> = new Set();

export interface DayFile {
	name: string;
	/** Midnight (UTC) that the day begins with, epoch ms. */
	fromMs: number;
	/** A day that grew too big goes on in a file with the next number; the first has 1. */
	part: number;
}

/** The files of the store, one or more a day: which there are, and those that are open. */
export class DayFiles {
	readonly folder: string;
	readonly #databases: Databases;
	/** Least recently used first. */
	readonly #open = new Map<string, DayDatabase>();

	constructor(folder: string, databases: Databases) {
		this.folder = folder;
		this.#databases = databases;
	}

	/** Why the folder cannot be looked into; null: it can, or is not made yet. */
	problem(): string | null {
		try {
			readdirSync(this.folder);
			return null;
		} catch (error) {
			const { code, message } = error as NodeJS.ErrnoException;
			return code === 'ENOENT' ? null : message;
		}
	}

	/** Newest first. */
	list(): DayFile[] {
		const files = namesIn(this.folder).flatMap((name) => {
			const found = NAME.exec(name);
			const fromMs = found === null ? Number.NaN : Date.parse(`${found[1]}T00:00:00Z`);
			return Number.isNaN(fromMs) ? [] : [{ name, fromMs, part: Number(found?.[2] ?? 1) }];
		});
		return files.sort((one, other) => other.fromMs - one.fromMs || other.part - one.part);
	}

	/** Another process, or retention, may have removed it: to open it would make it anew. */
	has(name: string): boolean {
		return statSync(join(this.folder, name), { throwIfNoEntry: false }) !== undefined;
	}

	/** Those that may hold entries of that time, newest first. */
	covering(fromMs: number, toMs: number): DayFile[] {
		return this.list().filter((file) => file.fromMs <= toMs && file.fromMs + DAY_MS + BEYOND_MS > fromMs);
	}

	/** The file that entries of a time go to now. `partBytes`: from which size on a day goes on in the next part, as behind one that is `refused`. */
	nameFor(timeMs: number, partBytes: number, refused: ReadonlySet<string> = NONE): string {
		const day = new Date(timeMs).toISOString().slice(0, 10);
		const fromMs = Date.parse(`${day}T00:00:00Z`);
		const last = this.list().find((file) => file.fromMs === fromMs);
		if (last === undefined) return nameOf(day, 1);
		const goesOn = this.bytesOf(last.name) < partBytes && !refused.has(last.name);
		return goesOn ? last.name : nameOf(day, last.part + 1);
	}

	/** @throws BallastError `store_unusable` */
	open(name: string): DayDatabase {
		const found = this.#open.get(name) ?? new DayDatabase(join(this.folder, name), this.#databases);
		this.#open.delete(name);
		this.#open.set(name, found);
		if (this.#open.size > MOST_OPEN) this.shut(this.#open.keys().next().value as string);
		return found;
	}

	shut(name: string): void {
		this.#open.get(name)?.close();
		this.#open.delete(name);
	}

	/** With what SQLite keeps beside it. */
	bytesOf(name: string): number {
		return beside(name).reduce(
			(sum, one) => sum + (statSync(join(this.folder, one), { throwIfNoEntry: false })?.size ?? 0),
			0,
		);
	}

	remove(name: string): void {
		this.shut(name);
		for (const one of beside(name)) rmSync(join(this.folder, one), { force: true });
	}

	/** Out of the way of new entries, for whoever wants to rescue what it holds. */
	setAside(name: string): void {
		this.shut(name);
		rmSync(join(this.folder, `${name}-shm`), { force: true });
		for (const one of [`${name}-wal`, name])
			if (statSync(join(this.folder, one), { throwIfNoEntry: false }) !== undefined)
				renameSync(join(this.folder, one), join(this.folder, `${one}.damaged`));
	}

	/** What was set aside of days before a time. */
	removeDamaged(beforeMs: number): void {
		for (const name of namesIn(this.folder)) {
			const found = DAMAGED.exec(name);
			if (found !== null && Date.parse(`${found[1]}T00:00:00Z`) < beforeMs)
				rmSync(join(this.folder, name), { force: true });
		}
	}

	close(): void {
		for (const name of [...this.#open.keys()]) this.shut(name);
	}
}

const nameOf = (day: string, part: number) => `logs-${day}${part === 1 ? '' : `.${part}`}.db`;
const beside = (name: string) => [name, `${name}-wal`, `${name}-shm`];

function namesIn(folder: string): string[] {
	try {
		return readdirSync(folder);
	} catch {
		// Not made yet.
		return [];
	}
}
