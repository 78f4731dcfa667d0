import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { LogEntry } from '../core/log-entry.ts';
import type { Databases } from './databases.ts';
import { hasFields, IDS_A_MS, INSERT, REQUESTS, rowOf, TRACE_BUCKET, timeOf, WEIGHT } from './entry-row.ts';
import { MARK, marksOf } from './index-marks.ts';
import { indexText } from './words.ts';

/** The scripts that make a day's database, in order. Append only. */
const STEPS: readonly string[] = [
	`CREATE TABLE entry (
		id INTEGER PRIMARY KEY, -- epoch ms * 1024 + a number
		severity INTEGER NOT NULL, source INTEGER NOT NULL, service TEXT NOT NULL, instance TEXT NOT NULL,
		message TEXT NOT NULL, trace TEXT, span TEXT,
		route TEXT, method TEXT, path TEXT, status INTEGER, duration REAL, address TEXT, agent TEXT, error TEXT,
		weight REAL NOT NULL, fields TEXT);
	-- Trace ids are random: within ten minutes, so that a write touches few pages.
	CREATE INDEX by_trace ON entry (id / ${TRACE_BUCKET}, trace) WHERE trace IS NOT NULL;
	CREATE INDEX notable ON entry (id) WHERE severity >= 3 OR status >= 500;
	CREATE INDEX requests ON entry (id, service, route, status, duration, severity, weight) WHERE source = 0;
	CREATE VIRTUAL TABLE words USING fts5(message, content = '', columnsize = 0);
	CREATE TABLE minute (minute INTEGER, source INTEGER, severity INTEGER, service TEXT, count INTEGER, weight REAL,
		PRIMARY KEY (minute, source, severity, service)) WITHOUT ROWID;`,
	// What was written before gets its marks here, as index-marks.ts makes them, or queries would miss it. Its
	// identifiers come into the index, too.
	`DROP INDEX requests;
	CREATE INDEX requests ON entry (id, service, route, status, duration, severity, weight, source) WHERE ${REQUESTS};
	DROP TABLE words;
	CREATE VIRTUAL TABLE words USING fts5(message, content = '', columnsize = 0, tokenize = "unicode61 tokenchars '${MARK}'");
	INSERT INTO words (rowid, message) SELECT id, replace(message, '${MARK}', ' ') || ' ${MARK}s' || lower(hex(service)) ||
		iif(severity = 2, '', ' ${MARK}l' || severity) || iif(source = 2, '', ' ${MARK}o' || source) ||
		iif(route IS NOT NULL OR status IS NOT NULL OR duration IS NOT NULL, ' ${MARK}f', '')
		FROM entry WHERE message <> '';`,
	// What the requests of a time were, added up: see traffic-summaries.ts.
	`CREATE TABLE IF NOT EXISTS traffic_minute (minute INTEGER PRIMARY KEY, entries INTEGER NOT NULL, routes TEXT NOT NULL, callers TEXT NOT NULL);
	CREATE TABLE IF NOT EXISTS traffic_hour (hour INTEGER PRIMARY KEY, routes TEXT NOT NULL, callers TEXT NOT NULL);`,
];
const CACHE_KIB = 16_384;
const MOST_REMEMBERED = 4096;

/** One day's file. */
export class DayDatabase {
	readonly database: DatabaseSync;
	readonly #databases: Databases;
	readonly #insert: StatementSync;
	readonly #index: StatementSync;
	readonly #count: StatementSync;
	readonly #lastIn: StatementSync;
	readonly #version: StatementSync;
	readonly #unsealMinute: StatementSync;
	readonly #unsealHour: StatementSync;
	#seenVersion = -1;
	/** Newest millisecond that holds an entry. */
	#newestMs = 0;
	/** The next number of milliseconds that got entries lately. */
	readonly #next = new Map<number, number>();
	/** Where it goes on after a millisecond that is full. */
	readonly #onward = new Map<number, number>();

	/** @throws BallastError `store_unusable` */
	constructor(path: string, databases: Databases) {
		this.#databases = databases;
		this.database = databases.open(path, STEPS);
		this.database.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA wal_autocheckpoint = 4000`);
		this.#insert = this.database.prepare(INSERT);
		this.#index = this.database.prepare('INSERT INTO words (rowid, message) VALUES (?, ?)');
		this.#count = this.database.prepare(
			'INSERT INTO minute VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count, weight = weight + excluded.weight',
		);
		this.#lastIn = this.database.prepare('SELECT max(id) AS id FROM entry WHERE id BETWEEN ? AND ?');
		this.#version = this.database.prepare('PRAGMA data_version');
		this.#unsealMinute = this.database.prepare('DELETE FROM traffic_minute WHERE minute = ?');
		this.#unsealHour = this.database.prepare('DELETE FROM traffic_hour WHERE hour = ?');
	}

	/** Writes all of them or none. The answer: minutes (since 1970) whose traffic had been added up without these. */
	put(entries: readonly LogEntry[]): number[] {
		try {
			return this.#databases.inTransaction(this.database, () => this.#write(entries));
		} catch (error) {
			this.#seenVersion = -1;
			throw error;
		}
	}

	#write(entries: readonly LogEntry[]): number[] {
		this.#lookAtOthers();
		const requested = new Set<number>();
		const counts = new Map<
			string,
			[minute: number, source: number, severity: number, service: string, count: number, weight: number]
		>();
		for (const entry of entries) {
			const id = this.#freeId(Math.floor(entry.timeMs));
			const row = rowOf(entry, id);
			this.#insert.run(...row);
			const text = indexText(entry.message);
			const [severity, source] = [row[1] as number, row[2] as number];
			const { service } = entry;
			if (text !== '') this.#index.run(id, text + marksOf({ severity, source, service, fields: hasFields(row) }));
			const minute = Math.floor(timeOf(id) / 60_000);
			if (entry.source === 'access') requested.add(minute);
			const key = `${minute} ${source} ${severity} ${service}`;
			const weight = entry.source === 'access' ? Number(entry.fields[WEIGHT] ?? 1) : 1;
			const count = counts.get(key);
			if (count === undefined) counts.set(key, [minute, source, severity, service, 1, weight]);
			else {
				count[4]++;
				count[5] += weight;
			}
		}
		for (const count of counts.values()) this.#count.run(...count);
		return [...requested].filter((minute) => this.#unseal(minute));
	}

	/** What was added up of a time no longer holds. Says whether anything was. */
	#unseal(minute: number): boolean {
		this.#unsealHour.run(Math.floor(minute / 60));
		return this.#unsealMinute.run(minute).changes > 0;
	}

	/** Another process, such as a core that drains, may have taken ids since. Within a transaction none can. */
	#lookAtOthers(): void {
		const { data_version: version } = this.#version.get() as { data_version: number };
		if (version === this.#seenVersion && this.#next.size < MOST_REMEMBERED) return;
		this.#seenVersion = version;
		this.#next.clear();
		this.#onward.clear();
		const { id } = this.#lastIn.get(0, Number.MAX_SAFE_INTEGER) as { id: number | null };
		this.#newestMs = id === null ? 0 : timeOf(id);
	}

	#freeId(timeMs: number): number {
		let ms = timeMs;
		for (;;) {
			const next = this.#next.get(ms) ?? this.#firstFree(ms);
			if (next < IDS_A_MS) {
				this.#next.set(ms, next + 1);
				if (ms > this.#newestMs) this.#newestMs = ms;
				// So that a flood of one time does not walk the whole way each time.
				if (ms !== timeMs) this.#onward.set(timeMs, ms);
				return ms * IDS_A_MS + next;
			}
			ms = Math.max(ms + 1, this.#onward.get(ms) ?? 0);
		}
	}

	#firstFree(ms: number): number {
		if (ms > this.#newestMs) return 0;
		const from = ms * IDS_A_MS;
		const { id } = this.#lastIn.get(from, from + IDS_A_MS - 1) as { id: number | null };
		return id === null ? 0 : id - from + 1;
	}

	close(): void {
		this.database.close();
	}
}
