import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { JobSpend } from '../job.ts';
import type { JobRow } from './job-row.ts';
import { readSpend, writeSpend } from './spend-text.ts';

/** Sums are kept for longer than a job of the longest time should take, ms. */
const KEPT_MS = 70 * 86_400_000;

/** Rows that one sweep drops at most: others wait for it. */
const STEP = 500;

/** Sums of what jobs cost, within a transaction. */
export class Spending {
	readonly #sum: StatementSync;
	readonly #add: StatementSync;
	readonly #keep: StatementSync;
	readonly #sums: StatementSync;
	readonly #drop: StatementSync;

	constructor(database: DatabaseSync) {
		this.#sum = database.prepare('SELECT sum FROM spent WHERE since = ? AND key = ?');
		this.#add = database.prepare(
			'INSERT INTO spent VALUES (?1, ?2, max(0, ?3)) ON CONFLICT (since, key) DO UPDATE SET sum = max(0, sum + ?3)',
		);
		this.#keep = database.prepare('UPDATE jobs SET spend = ? WHERE seq = ?');
		this.#sums = database.prepare('SELECT key, sum FROM spent WHERE since = ? ORDER BY sum DESC LIMIT 1000');
		this.#drop = database.prepare(
			`DELETE FROM spent WHERE (since, key) IN (SELECT since, key FROM spent WHERE since < ? LIMIT ${STEP})`,
		);
	}

	/** Which sum would be more than it may; null: none. */
	over({ cost, sinceMs, of }: JobSpend): string | null {
		for (const { key, most } of of) {
			const { sum = 0 } = (this.#sum.get(sinceMs, key) ?? {}) as { sum?: number };
			if (most !== null && sum + cost > most) return key;
		}
		return null;
	}

	count({ cost, sinceMs, of }: JobSpend): void {
		for (const { key } of of) this.#add.run(sinceMs, key, cost);
	}

	/** It will not be billed. */
	giveBack(row: JobRow): void {
		if (row.spend === null) return;
		const spend = readSpend(row.spend);
		if (spend.counted === 0) return;
		for (const key of spend.keys) this.#add.run(spend.since, key, -spend.cost);
		this.#write(row, writeSpend({ ...spend, counted: 0 }));
	}

	/** Nothing of it went upstream, or can any more. */
	giveBackUnsent(row: JobRow): void {
		if (row.held === 0 && row.firstAttempt === null && row.external === null) this.giveBack(row);
	}

	/** It is driven again. `spent`: what it cost is spent, whatever comes of it now. */
	countAgain(row: JobRow, sinceMs: number | undefined, spent: boolean): void {
		if (row.spend === null) return;
		const spend = readSpend(row.spend);
		if (spend.counted === 1 && !spent) return;
		const since = sinceMs ?? spend.since;
		for (const key of spend.keys) this.#add.run(since, key, spend.cost);
		this.#write(row, writeSpend({ ...spend, since, counted: 1 }));
	}

	#write(row: JobRow, text: string): void {
		row.spend = text;
		this.#keep.run(text, row.seq);
	}

	sums(sinceMs: number): { key: string; sum: number }[] {
		return this.#sums.all(sinceMs) as { key: string; sum: number }[];
	}

	dropOld(nowMs: number): void {
		this.#drop.run(nowMs - KEPT_MS);
	}
}
