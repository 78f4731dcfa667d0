import type { LogEntry } from '../core/log-entry.ts';
import type { Databases } from './databases.ts';
import { DayFiles } from './day-files.ts';
import { TrafficSeals } from './traffic-seals.ts';

export interface LogStoreOptions {
	/** Made if it is not there. */
	folder: string;
	/** How long entries are kept, ms, and how many bytes of them at most: the oldest files go first. */
	keepMs: number;
	keepBytes: number;
	databases: Databases;
	/** Told once when storing stops, and once when it goes on. */
	tell(problem: string): void;
	/** Epoch ms. */
	now?: () => number;
}

/** What became of the entries. */
export interface StoreFigures {
	stored: number;
	/** Not stored, because the disk was full or the store could not be used. */
	lost: number;
	/** null: all is well. */
	failure: string | null;
	files: number;
	bytes: number;
}

/** How often it is tried again while storing fails. */
const RETRY_MS = 5000;
/** An entry whose time is further ahead of ours is filed under now. */
const AHEAD_MS = 60_000;
/** How long the choice of a file holds. */
const FILE_MS = 10_000;

/**
 * Keeps entries in SQLite files, one or more a day, so that retention is an unlink. All in the store
 * thread: plain and synchronous. What cannot be stored is counted and dropped; nothing waits for it.
 */
export class LogStore {
	readonly files: DayFiles;
	/** What is to be done beside the storing, a piece each second. */
	readonly traffic: TrafficSeals;
	readonly #options: LogStoreOptions;
	readonly #now: () => number;
	/** The file of each day that was written to lately, and when that was looked up. */
	readonly #current = new Map<number, { name: string; atMs: number }>();
	#stored = 0;
	#lost = 0;
	/** Lost since storing stopped. */
	#lostNow = 0;
	#failure: string | null = null;
	#retryAtMs = 0;
	/** Files that a later version wrote. */
	readonly #later = new Set<string>();

	constructor(options: LogStoreOptions) {
		this.#options = options;
		this.#now = options.now ?? Date.now;
		const { folder, databases, tell } = options;
		this.files = new DayFiles(folder, databases);
		this.traffic = new TrafficSeals({ files: this.files, databases, tell, now: this.#now });
	}

	/** Stores a batch; says how many of them are in the store now. */
	put(entries: readonly LogEntry[]): number {
		if (entries.length === 0) return 0;
		const nowMs = this.#now();
		if (this.#failure !== null && nowMs < this.#retryAtMs) return this.#drop(entries.length);
		let stored = 0;
		for (const [day, ofDay] of byDay(entries, { fromMs: nowMs - this.#options.keepMs, toMs: nowMs + AHEAD_MS }, nowMs))
			stored += this.#putDay(day, ofDay);
		return stored;
	}

	#putDay(day: number, entries: readonly LogEntry[]): number {
		const name = this.#fileOf(day);
		try {
			this.traffic.written(name, this.files.open(name).put(entries));
		} catch (error) {
			if (this.#leaves(name, error)) return this.#putDay(day, entries);
			this.#fail(name, error);
			return this.#drop(entries.length);
		}
		this.#stored += entries.length;
		if (this.#failure !== null) {
			this.#options.tell(`logs are stored again; ${this.#lostNow} lines were lost meanwhile`);
			this.#failure = null;
			this.#lostNow = 0;
		}
		return entries.length;
	}

	#drop(count: number): number {
		this.#lost += count;
		this.#lostNow += count;
		return 0;
	}

	#fail(name: string, error: unknown): void {
		this.#retryAtMs = this.#now() + RETRY_MS;
		const why = error instanceof Error ? error.message : String(error);
		// A file that was damaged must not stop the logs for the rest of the day.
		if (/malformed|not a database|disk image/.test(why)) this.#setAside(name);
		const failure = this.#options.databases.diskFault(error) ?? why;
		if (this.#failure === null)
			this.#options.tell(`logs are not stored: ${failure}; lines are dropped and counted until it works again`);
		this.#failure = failure;
	}

	/** Whether a later version wrote it, which may be back: it is left as it is, and the day goes on in another file. */
	#leaves(name: string, error: unknown): boolean {
		if (!/by a later version/.test(String(error)) || this.#later.has(name)) return false;
		this.#later.add(name);
		this.#current.clear();
		this.#options.tell(`${name} was written by a later version of Ballast: its day goes on in another file`);
		return true;
	}

	#setAside(name: string): void {
		this.#current.clear();
		try {
			this.files.setAside(name);
			this.#retryAtMs = 0;
		} catch {
			// Then it is tried again later.
		}
	}

	#fileOf(day: number): string {
		const known = this.#current.get(day);
		const nowMs = this.#now();
		if (known !== undefined && nowMs - known.atMs < FILE_MS && nowMs >= known.atMs) return known.name;
		if (this.#current.size > 16) this.#current.clear();
		const partBytes = partBytesOf(this.#options.keepBytes);
		const name = this.files.nameFor(day * DAY_MS, partBytes, this.#later);
		this.#current.set(day, { name, atMs: nowMs });
		return name;
	}

	/** Removes what is too old or too much. To be called about once a minute. */
	tidy(): void {
		const oldestMs = this.#now() - this.#options.keepMs;
		const sizes = this.files.list().map((file) => ({ ...file, bytes: this.files.bytesOf(file.name) }));
		let bytes = sizes.reduce((sum, file) => sum + file.bytes, 0);
		// The newest is being written to.
		for (const file of sizes.slice(1).reverse()) {
			if (file.fromMs + DAY_MS > oldestMs && bytes <= this.#options.keepBytes) continue;
			this.files.remove(file.name);
			bytes -= file.bytes;
			this.#current.clear();
		}
		this.files.removeDamaged(oldestMs);
	}

	/** Why there is nothing to be found, whatever is asked for; null: the store works, or has what it kept before. */
	get unusable(): string | null {
		return this.files.problem() ?? (this.files.list().length === 0 ? this.#failure : null);
	}

	figures(): StoreFigures {
		const files = this.files.list();
		const bytes = files.reduce((sum, { name }) => sum + this.files.bytesOf(name), 0);
		return { stored: this.#stored, lost: this.#lost, failure: this.#failure, files: files.length, bytes };
	}

	close(): void {
		this.files.close();
	}
}

const DAY_MS = 86_400_000;

/** A part is small enough that what is kept shrinks in steps, never at once. */
const partBytesOf = (keepBytes: number) => keepBytes / 4;

/** By the day that they are filed under; a time outside of the range is not believed. */
function byDay(
	entries: readonly LogEntry[],
	range: { fromMs: number; toMs: number },
	nowMs: number,
): Map<number, LogEntry[]> {
	const days = new Map<number, LogEntry[]>();
	let lastDay = Number.NaN;
	let last: LogEntry[] = [];
	for (const entry of entries) {
		const believed = entry.timeMs >= range.fromMs && entry.timeMs <= range.toMs;
		const day = Math.floor((believed ? entry.timeMs : nowMs) / DAY_MS);
		if (day !== lastDay) {
			lastDay = day;
			const known = days.get(day);
			last = known ?? [];
			if (known === undefined) days.set(day, last);
		}
		last.push(believed ? entry : { ...entry, timeMs: nowMs });
	}
	return days;
}
