import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Span } from '../core/span.ts';

/** The store's opener: a file that is brought up to date by these steps. */
export interface TraceDatabases {
	open(path: string, steps: readonly string[]): DatabaseSync;
	inTransaction<T>(database: DatabaseSync, work: () => T): T;
}

export interface TraceStoreOptions {
	folder: string;
	/** Files older than this are deleted, days, 1…; a day is one of UTC. */
	keepDays: number;
	/** Most bytes of one day; what comes beyond is dropped and counted. */
	maxBytesPerDay: number;
}

export interface TraceSummary {
	traceId: string;
	name: string;
	service: string;
	startMs: number;
	durationMs: number;
	error: string;
}

export interface TraceQuery {
	fromMs: number;
	toMs: number;
	/** At least so long, ms. */
	overMs: number;
	failedOnly: boolean;
	/** 1…1000. */
	limit: number;
}

const STEPS = [
	`CREATE TABLE span (
		trace BLOB NOT NULL, id BLOB NOT NULL, parent BLOB NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL,
		start REAL NOT NULL, end REAL NOT NULL, error TEXT NOT NULL, fields TEXT NOT NULL,
		PRIMARY KEY (trace, id)
	) WITHOUT ROWID;
	CREATE INDEX by_id ON span (id) WHERE kind = 0;
	CREATE INDEX by_start ON span (start) WHERE kind = 0`,
];
const KINDS = ['server', 'client', 'internal'] as const;
const FILE = /^traces-(\d{4}-\d{2}-\d{2})\.db$/;
const DAY_MS = 86_400_000;
/** Most spans of a trace that are given back. */
const MOST_SPANS = 2000;
const MOST_NAME = 256;
const MOST_FIELDS = 8192;
/** How often the size of the day's file is looked at, in spans. */
const MEASURE_EVERY = 2000;

interface Day {
	name: string;
	database: DatabaseSync;
	insert: StatementSync;
	byTrace: StatementSync;
	traceOf: StatementSync;
	full: boolean;
	/** Spans until the size is looked at again. */
	untilMeasured: number;
}

/**
 * Spans that are kept, ours and those that came by OTLP, by the trace they belong to. One file for each day, so that
 * what is old goes at the cost of an unlink. For the store thread: every call is synchronous.
 */
export class TraceStore {
	readonly #databases: TraceDatabases;
	readonly #options: TraceStoreOptions;
	/** The newest first. */
	readonly #days: Day[] = [];
	#dropped = 0;

	/** @throws BallastError `store_unusable` */
	constructor(databases: TraceDatabases, options: TraceStoreOptions) {
		this.#databases = databases;
		this.#options = options;
		mkdirSync(options.folder, { recursive: true, mode: 0o700 });
		const names = readdirSync(options.folder).flatMap((file) => FILE.exec(file)?.[1] ?? []);
		for (const name of names.sort().reverse()) this.#days.push(this.#open(name));
	}

	/** Spans that were not kept, since the day was full or they were no spans. */
	get dropped(): number {
		return this.#dropped;
	}

	/**
	 * Keeps them under the day of `nowMs`, not of their own time, which a peer's clock may have wrong.
	 * @throws what SQLite says of a disk that is full; nothing of the batch is kept then
	 */
	add(spans: readonly Span[], nowMs: number): void {
		if (spans.length === 0) return;
		const day = this.#today(nowMs);
		if (day.full) {
			this.#dropped += spans.length;
			return;
		}
		this.#databases.inTransaction(day.database, () => {
			for (const span of spans) this.#insert(day, span);
		});
		day.untilMeasured -= spans.length;
		if (day.untilMeasured <= 0) this.#measure(day);
	}

	/** All that is known of a trace, by its id of 32 hex digits or that of one of its server spans, of 16. */
	find(id: string): Span[] {
		const key = idBytes(id.toLowerCase());
		if (key === undefined) return [];
		const trace = key.length === 16 ? key : this.#traceOf(key);
		if (trace === undefined) return [];
		const spans = new Map<string, Span>();
		for (const day of this.#days) {
			for (const row of day.byTrace.all(trace, MOST_SPANS - spans.size)) {
				const span = spanOf(row as unknown as Row);
				spans.set(span.spanId, span);
			}
			if (spans.size >= MOST_SPANS) break;
		}
		return [...spans.values()].sort((one, other) => one.startMs - other.startMs);
	}

	/** The newest server spans that fit. */
	list({ fromMs, toMs, overMs, failedOnly, limit }: TraceQuery): TraceSummary[] {
		const most = Math.min(1000, Math.max(1, Math.floor(limit)));
		const found: TraceSummary[] = [];
		for (const { database } of this.#days) {
			const rows = database
				.prepare(
					`SELECT * FROM span WHERE kind = 0 AND start BETWEEN ? AND ? AND end - start >= ?
					AND (error <> '' OR NOT ?) ORDER BY start DESC LIMIT ?`,
				)
				.all(fromMs, toMs, overMs, Number(failedOnly), most);
			for (const row of rows) found.push(summaryOf(spanOf(row as unknown as Row)));
		}
		return found.sort((one, other) => other.startMs - one.startMs).slice(0, most);
	}

	/** Deletes the days that are too old. */
	prune(nowMs: number): void {
		const oldest = dayName(nowMs - (this.#options.keepDays - 1) * DAY_MS);
		while (this.#days.length > 0 && (this.#days.at(-1) as Day).name < oldest) {
			const day = this.#days.pop() as Day;
			day.database.close();
			for (const end of ['', '-wal', '-shm']) rmSync(this.#path(day.name) + end, { force: true });
		}
	}

	close(): void {
		for (const day of this.#days.splice(0)) day.database.close();
	}

	#path(name: string): string {
		return join(this.#options.folder, `traces-${name}.db`);
	}

	#today(nowMs: number): Day {
		const name = dayName(nowMs);
		const newest = this.#days[0];
		// A clock that was set back writes on into the newest.
		if (newest !== undefined && newest.name >= name) return newest;
		const day = this.#open(name);
		this.#days.unshift(day);
		return day;
	}

	#open(name: string): Day {
		const database = this.#databases.open(this.#path(name), STEPS);
		const day: Day = {
			name,
			database,
			insert: database.prepare('INSERT OR IGNORE INTO span VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)'),
			byTrace: database.prepare('SELECT * FROM span WHERE trace = ? LIMIT ?'),
			traceOf: database.prepare('SELECT trace FROM span WHERE id = ? AND kind = 0 LIMIT 1'),
			full: false,
			untilMeasured: 0,
		};
		this.#measure(day);
		return day;
	}

	#measure(day: Day): void {
		const { page_count: pages } = day.database.prepare('PRAGMA page_count').get() as { page_count: number };
		const { page_size: bytes } = day.database.prepare('PRAGMA page_size').get() as { page_size: number };
		day.full = pages * bytes >= this.#options.maxBytesPerDay;
		day.untilMeasured = MEASURE_EVERY;
	}

	#insert(day: Day, span: Span): void {
		const trace = idBytes(span.traceId);
		const id = idBytes(span.spanId);
		if (trace?.length !== 16 || id?.length !== 8 || !Number.isFinite(span.startMs) || !Number.isFinite(span.endMs)) {
			this.#dropped++;
			return;
		}
		const parent = idBytes(span.parentId) ?? NONE;
		const fields = JSON.stringify(span.fields);
		day.insert.run(
			trace,
			id,
			parent,
			span.name.slice(0, MOST_NAME),
			KINDS.indexOf(span.kind),
			span.startMs,
			span.endMs,
			span.error.slice(0, MOST_NAME),
			fields.length <= MOST_FIELDS ? fields : '{"ballast.cut":true}',
		);
	}

	#traceOf(id: Uint8Array): Uint8Array | undefined {
		for (const day of this.#days) {
			const row = day.traceOf.get(id) as { trace: Uint8Array } | undefined;
			if (row !== undefined) return row.trace;
		}
		return undefined;
	}
}

const NONE = new Uint8Array(0);

interface Row {
	trace: Uint8Array;
	id: Uint8Array;
	parent: Uint8Array;
	name: string;
	kind: number;
	start: number;
	end: number;
	error: string;
	fields: string;
}

function spanOf(row: Row): Span {
	return {
		traceId: hex(row.trace),
		spanId: hex(row.id),
		parentId: hex(row.parent),
		name: row.name,
		kind: KINDS[row.kind] ?? 'internal',
		startMs: row.start,
		endMs: row.end,
		error: row.error,
		fields: JSON.parse(row.fields) as Span['fields'],
	};
}

function summaryOf(span: Span): TraceSummary {
	const service = span.fields['ballast.service'] ?? span.fields['service.name'];
	return {
		traceId: span.traceId,
		name: span.name,
		service: typeof service === 'string' ? service : '',
		startMs: span.startMs,
		durationMs: span.endMs - span.startMs,
		error: span.error,
	};
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** 16 bytes of a trace, 8 of a span; undefined: it is neither. */
function idBytes(id: string): Uint8Array | undefined {
	return /^(?:[0-9a-f]{16}){1,2}$/.test(id) ? Buffer.from(id, 'hex') : undefined;
}

function dayName(timeMs: number): string {
	return new Date(timeMs).toISOString().slice(0, 10);
}
