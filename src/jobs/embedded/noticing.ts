import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Notice, NoticeClaim, NoticeSettled } from '../notice-store.ts';
import { corruption } from './job-file.ts';
import { readJob, SELECT_JOB } from './job-row.ts';

const COUNTED_MOST = 100_000;

/** Notices of ends: who has one in hand, and when the others are due. Within a transaction. */
export class Noticing {
	readonly #gone: StatementSync;
	readonly #any: StatementSync;
	readonly #due: StatementSync;
	readonly #job: StatementSync;
	readonly #take: StatementSync;
	readonly #later: StatementSync;
	readonly #over: StatementSync;
	readonly #keep: StatementSync;
	readonly #count: StatementSync;

	constructor(database: DatabaseSync) {
		const of = (sql: string): StatementSync => database.prepare(sql);
		const mine = 'seq = (SELECT seq FROM jobs WHERE id = ?) AND version = ? AND holder = ? AND at IS NOT NULL';
		this.#gone = of('UPDATE notices SET at = ?, holder = NULL WHERE holder = ? AND at IS NOT NULL');
		this.#any = of('SELECT 1 FROM notices WHERE at IS NOT NULL AND at <= ? LIMIT 1');
		this.#due = of(`SELECT seq, version, attempts FROM notices WHERE at IS NOT NULL AND at <= ? ORDER BY at LIMIT ?`);
		this.#job = of(`${SELECT_JOB} WHERE j.seq = ?`);
		this.#take = of('UPDATE notices SET at = ?, holder = ? WHERE seq = ?');
		this.#later = of(`UPDATE notices SET at = ?, attempts = ?, holder = NULL WHERE ${mine}`);
		this.#over = of(`UPDATE notices SET at = NULL, holder = NULL WHERE ${mine}`);
		this.#keep = of('UPDATE jobs SET dropAt = ended + keep WHERE id = ? AND dropAt IS NOT NULL');
		this.#count = of(
			`SELECT count(*) AS count FROM (SELECT 1 FROM notices WHERE at IS NOT NULL LIMIT ${COUNTED_MOST})`,
		);
	}

	/** A look without a write, for who asks often. */
	isDue(nowMs: number): boolean {
		return this.#any.get(nowMs) !== undefined;
	}

	due({ holder, leaseMs, most, nowMs, gone }: NoticeClaim): Notice[] {
		for (const one of gone) this.#gone.run(nowMs, one);
		return this.#due.all(nowMs, most).map((row) => {
			const seq = row['seq'] as number;
			const whole = this.#job.get(seq);
			if (whole === undefined) throw corruption(`job ${seq} is not whole`);
			this.#take.run(nowMs + leaseMs, holder, seq);
			return { job: readJob(whole), version: row['version'] as number, attempts: row['attempts'] as number };
		});
	}

	settle({ id, version, holder, next }: NoticeSettled): void {
		if (next !== null) this.#later.run(next.atMs, next.attempts, id, version, holder);
		else if (this.#over.run(id, version, holder).changes === 1) this.#keep.run(id);
	}

	waiting(): number {
		return this.#count.get()?.['count'] as number;
	}
}
