import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { IdempotencyRecord } from '../job.ts';

/** Of those that stand in no index yet: so many are put into it together. */
const BATCH = 32_768;
/** For each that comes so many of a batch go into the index, in one transaction with it. */
const PACE = 3;
/** Of a key, in the index. */
const PART = 11;
/** Rows that one step of a sweep lets go of, at most. */
const DROP_MOST = 200;
/** A record whose job is there is kept for so long, and looked at again then, ms. */
const KEPT_MS = 3_600_000;

interface Known {
	fingerprint: string;
	id: string;
}

/** One that has no place in the index yet. */
interface Recent {
	key: string;
	n: number;
}

/**
 * Idempotency records, within a transaction. A key is a hash and has its place anywhere in an index: with each commit
 * a page of it would be written for each key. So a record is only appended, and found by a table in memory; when there are
 * many of those, they go into the index in its order, some with each commit. What the index lacks is read when the
 * file is opened: `marks` says where that begins. While its job is there a record stands for it, however old it is.
 */
export class IdempotencyRecords {
	readonly #sql: ReturnType<typeof statements>;
	readonly #batchMost: number;
	/** Numbers of the records of keys that stand in no index yet, and have no batch. */
	#recent = new Map<string, number>();
	/** Those of the batch that goes into the index now. */
	#placing: ReadonlyMap<string, number> = new Map();
	/** The same in the order of the index, and how far it is. */
	#batch: Recent[] = [];
	#at = 0;
	/** Of the batch, those that went meanwhile. */
	readonly #gone = new Set<number>();
	/** The last of the batch, by number. */
	#batchLast = 0;
	/** The last of the file. */
	#last = 0;
	/** Records of the form of before are there. */
	#hasOld = true;
	/** Others have written what was not read yet. */
	#unheard = true;
	/** Of this transaction. */
	#added: { key: string; was: number | undefined }[] = [];
	#dropped: Recent[] = [];
	#undo = { last: 0, at: 0 };

	/** @param batch as `BATCH`, for tests */
	constructor(database: DatabaseSync, batch: number = BATCH) {
		this.#sql = statements(database);
		this.#batchMost = batch;
	}

	/** First in each transaction. @param others whether somebody else has written since the last one */
	begin(others: boolean): void {
		this.#unheard ||= others;
		if (this.#unheard) this.#hear();
		if (this.#batch.length === 0 && this.#recent.size >= this.#batchMost) this.#makeBatch();
		this.#undo = { last: this.#last, at: this.#at };
	}

	/** null: the key was free, and is this job's now; else whose it is. */
	take({ key, fingerprint, untilMs }: IdempotencyRecord, job: { id: string; createdMs: number }): Known | null {
		const old = this.#hasOld ? this.#sql.old.get(key, job.createdMs) : undefined;
		if (old !== undefined) return old as unknown as Known;
		const n = this.#find(key);
		if (n === null) {
			this.#sql.add.run(++this.#last, key, fingerprint, job.id, untilMs);
			this.#added.push({ key, was: this.#recent.get(key) });
			this.#recent.set(key, this.#last);
			return null;
		}
		const row = this.#sql.read.get(n) as unknown as Known & { until: number };
		if (this.#stands(row, job.createdMs)) return row;
		this.#sql.reuse.run(fingerprint, job.id, untilMs, n);
		return null;
	}

	/** Whose a key is; null: it is free. */
	holder(key: string, atMs: number): Known | null {
		const old = this.#hasOld ? this.#sql.old.get(key, atMs) : undefined;
		if (old !== undefined) return old as unknown as Known;
		const n = this.#find(key);
		const row = n === null ? null : (this.#sql.read.get(n) as unknown as Known & { until: number });
		return row !== null && this.#stands(row, atMs) ? row : null;
	}

	#stands({ id, until }: Known & { until: number }, atMs: number): boolean {
		return until > atMs || this.#sql.job.get(id) !== undefined;
	}

	/** Those that are over, in steps; how many were seen to. */
	drop(nowMs: number): number {
		const rows = this.#sql.over.all(nowMs) as unknown as (Recent & { job: number })[];
		for (const { key, n, job } of rows) {
			if (job === 1) {
				this.#sql.keep.run(nowMs + KEPT_MS, n);
				continue;
			}
			this.#sql.drop.run(n);
			this.#sql.unplace.run(key.slice(0, PART), n);
			this.#dropped.push({ key, n });
			if (this.#placing.get(key) === n) this.#gone.add(n);
		}
		// A number is never that of another record.
		if (rows.length > 0) this.#sql.setLast.run(this.#last);
		if (!this.#hasOld) return rows.length;
		const kept = this.#sql.keepOld.run(nowMs + KEPT_MS, nowMs);
		return Math.max(rows.length, Number(kept.changes), Number(this.#sql.dropOld.run(nowMs).changes));
	}

	/** Last in each transaction. */
	end(): void {
		if (this.#batch.length === 0) return;
		const until = Math.min(this.#batch.length, this.#at + this.#added.length * PACE);
		for (; this.#at < until; this.#at++) {
			const { key, n } = this.#batch[this.#at] as Recent;
			if (!this.#gone.has(n)) this.#sql.place.run(key.slice(0, PART), n);
		}
		if (this.#at === this.#batch.length) this.#sql.setPlaced.run(this.#batchLast);
	}

	committed(): void {
		for (const { key, n } of this.#dropped) if (this.#recent.get(key) === n) this.#recent.delete(key);
		this.#added = [];
		this.#dropped = [];
		if (this.#at < this.#batch.length) return;
		this.#placing = new Map();
		this.#batch = [];
		this.#at = 0;
		this.#gone.clear();
	}

	rolledBack(): void {
		for (const { key, was } of this.#added.reverse()) {
			if (was === undefined) this.#recent.delete(key);
			else this.#recent.set(key, was);
		}
		for (const { n } of this.#dropped) this.#gone.delete(n);
		this.#last = this.#undo.last;
		this.#at = this.#undo.at;
		this.#added = [];
		this.#dropped = [];
	}

	/** The record of a key. */
	#find(key: string): number | null {
		const recent = this.#recent.get(key) ?? this.#placing.get(key);
		if (recent !== undefined && this.#isOf(recent, key)) return recent;
		const part = key.slice(0, PART);
		// Nearly always there is none.
		if (this.#sql.isPlaced.get(part) === undefined) return null;
		const places = this.#sql.places.all(part).map((row) => row['n'] as number);
		return places.find((n) => this.#isOf(n, key)) ?? null;
	}

	/** Another one, or a sweep by somebody else, may have let go of it. */
	#isOf(n: number, key: string): boolean {
		return this.#sql.read.get(n)?.['key'] === key;
	}

	#makeBatch(): void {
		this.#placing = this.#recent;
		this.#recent = new Map();
		this.#batch = [...this.#placing].map(([key, n]) => ({ key, n })).toSorted((a, b) => (a.key < b.key ? -1 : 1));
		this.#batchLast = this.#last;
	}

	/** What others have added, or all that is in no index where this one has just begun. */
	#hear(): void {
		const { placed, last } = this.#sql.marks.get() as { placed: number; last: number };
		for (const row of this.#sql.since.iterate(Math.max(placed, this.#last))) {
			const { key, n } = row as unknown as Recent;
			this.#recent.set(key, n);
			this.#last = n;
		}
		this.#last = Math.max(this.#last, last, placed);
		this.#hasOld = this.#sql.hasOld.get() !== undefined;
		this.#unheard = false;
	}
}

function statements(
	database: DatabaseSync,
): Record<
	| 'marks'
	| 'since'
	| 'setLast'
	| 'setPlaced'
	| 'add'
	| 'read'
	| 'reuse'
	| 'job'
	| 'keep'
	| 'isPlaced'
	| 'places'
	| 'place'
	| 'unplace'
	| 'over'
	| 'drop'
	| 'hasOld'
	| 'old'
	| 'keepOld'
	| 'dropOld',
	StatementSync
> {
	const of = (sql: string) => database.prepare(sql);
	return {
		marks: of('SELECT placed, last FROM record_marks'),
		since: of('SELECT n, key FROM records WHERE n > ? ORDER BY n'),
		setLast: of('UPDATE record_marks SET last = max(last, ?)'),
		setPlaced: of('UPDATE record_marks SET placed = max(placed, ?)'),
		add: of('INSERT INTO records VALUES (?, ?, ?, ?, ?)'),
		read: of('SELECT key, fingerprint, id, until FROM records WHERE n = ?'),
		reuse: of('UPDATE records SET fingerprint = ?, id = ?, until = ? WHERE n = ?'),
		isPlaced: of('SELECT 1 FROM record_places WHERE part = ? LIMIT 1'),
		places: of('SELECT n FROM record_places WHERE part = ?'),
		place: of('INSERT OR IGNORE INTO record_places VALUES (?, ?)'),
		unplace: of('DELETE FROM record_places WHERE part = ? AND n = ?'),
		job: of('SELECT 1 FROM jobs WHERE id = ?'),
		keep: of('UPDATE records SET until = ? WHERE n = ?'),
		over: of(
			`SELECT n, key, EXISTS (SELECT 1 FROM jobs WHERE jobs.id = records.id) AS job
			FROM records INDEXED BY records_until WHERE until <= ? LIMIT ${DROP_MOST}`,
		),
		drop: of('DELETE FROM records WHERE n = ?'),
		hasOld: of('SELECT 1 FROM idempotency LIMIT 1'),
		old: of(
			`SELECT fingerprint, id FROM idempotency WHERE key = ?
			AND (until > ? OR EXISTS (SELECT 1 FROM jobs WHERE jobs.id = idempotency.id))`,
		),
		keepOld: of(
			`UPDATE idempotency SET until = ? WHERE key IN (SELECT key FROM idempotency i WHERE until <= ?
			AND EXISTS (SELECT 1 FROM jobs WHERE jobs.id = i.id) LIMIT ${DROP_MOST})`,
		),
		dropOld: of(
			`DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency i WHERE until <= ?
			AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = i.id) LIMIT ${DROP_MOST})`,
		),
	};
}
