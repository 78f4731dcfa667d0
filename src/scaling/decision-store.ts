/** Decisions as they were made, on disk. Lives in the store thread. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { DecisionRecord } from './decision.ts';

/** The form of `scaling.db`, for `openDatabase`. */
export const DECISION_STEPS: readonly string[] = [
	`CREATE TABLE decisions (
		id TEXT PRIMARY KEY,
		at_ms INTEGER NOT NULL,
		pool TEXT NOT NULL,
		size_before INTEGER NOT NULL,
		size INTEGER NOT NULL,
		record TEXT NOT NULL,
		outcome TEXT NOT NULL
	) WITHOUT ROWID;
	CREATE INDEX decisions_of_pool ON decisions (pool, at_ms);
	CREATE INDEX decisions_at ON decisions (at_ms)`,
];

/** Kept so long, and so many at most. */
const KEPT_MS = 30 * 86_400_000;
const KEPT_MOST = 100_000;

export interface DecisionQuestion {
	/** `videos`, `videos/standby`; null: all. */
	pool: string | null;
	fromMs: number;
	toMs: number;
	/** Only those that changed the size, or would have. */
	changes: boolean;
	/** Newest first; 1…1000. */
	limit: number;
}

export type KeptDecision = DecisionRecord & { id: string };

export class DecisionStore {
	readonly #database: DatabaseSync;
	readonly #insert: StatementSync;
	readonly #outcome: StatementSync;

	constructor(database: DatabaseSync) {
		this.#database = database;
		this.#insert = database.prepare('INSERT OR REPLACE INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?)');
		this.#outcome = database.prepare('UPDATE decisions SET outcome = ? WHERE id = ?');
	}

	add(id: string, record: DecisionRecord): void {
		const { atMs, pool, decision, outcome } = record;
		this.#insert.run(id, atMs, pool, decision.before, decision.wanted, JSON.stringify(record), outcome);
	}

	/** What became of it. */
	ended(id: string, outcome: string): void {
		this.#outcome.run(outcome, id);
	}

	find({ pool, fromMs, toMs, changes, limit }: DecisionQuestion): KeptDecision[] {
		const where = [
			'at_ms BETWEEN ? AND ?',
			...(pool === null ? [] : ['pool = ?']),
			...(changes ? ['size <> size_before'] : []),
		];
		const rows = this.#database
			.prepare(
				`SELECT id, record, outcome FROM decisions WHERE ${where.join(' AND ')} ORDER BY at_ms DESC, id DESC LIMIT ?`,
			)
			.all(fromMs, toMs, ...(pool === null ? [] : [pool]), Math.min(1000, Math.max(1, limit)));
		return rows.flatMap(readRow);
	}

	get(id: string): KeptDecision | null {
		const row = this.#database.prepare('SELECT id, record, outcome FROM decisions WHERE id = ?').get(id);
		return row === undefined ? null : (readRow(row)[0] ?? null);
	}

	prune(nowMs: number): void {
		this.#database.prepare('DELETE FROM decisions WHERE at_ms < ?').run(nowMs - KEPT_MS);
		this.#database
			.prepare('DELETE FROM decisions WHERE at_ms < (SELECT at_ms FROM decisions ORDER BY at_ms DESC LIMIT 1 OFFSET ?)')
			.run(KEPT_MOST);
	}
}

function readRow(row: Record<string, unknown>): KeptDecision[] {
	try {
		const record = JSON.parse(String(row['record'])) as DecisionRecord;
		return [{ ...record, id: String(row['id']), outcome: String(row['outcome']) }];
	} catch {
		return [];
	}
}
