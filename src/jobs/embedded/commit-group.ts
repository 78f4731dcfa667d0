import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** What surrounds a transaction. */
export interface TransactionSteps {
	/** Before the first change. */
	begin(): unknown;
	/** Behind the last one, before the commit. */
	end(): void;
	/** It is stored. */
	committed(): void;
	/** Nothing of it is. */
	rolledBack(): void;
	/** The fault as callers see it. */
	translate(error: unknown): Error;
	/** Whether the fault is one of the file or disk, and so of all calls; else each is tried alone. */
	ofAll(error: unknown): boolean;
}

interface Call {
	work: () => unknown;
	resolve(value: unknown): void;
	reject(error: Error): void;
}

/** At most so many calls go into one commit: the first should not wait long for the last. */
const MOST = 1024;

/**
 * Calls of one turn of the event loop, stored by one commit: a disk takes a few hundred commits a second, and
 * thousands of calls. Each call is answered only when that commit is on disk; a call that fails takes none with it.
 */
export class CommitGroup {
	readonly #database: DatabaseSync;
	readonly #steps: TransactionSteps;
	readonly #begin: StatementSync;
	readonly #commit: StatementSync;
	#calls: Call[] = [];
	/** Behind all others of their commit. */
	#last: Call[] = [];

	constructor(database: DatabaseSync, steps: TransactionSteps) {
		this.#database = database;
		this.#steps = steps;
		this.#begin = database.prepare('BEGIN IMMEDIATE');
		this.#commit = database.prepare('COMMIT');
	}

	run<T>(work: () => T): Promise<T> {
		return this.#enter(this.#calls, work);
	}

	/** As `run`, behind all else of its turn: it finds what came with it, however that was in order. */
	runLast<T>(work: () => T): Promise<T> {
		return this.#enter(this.#last, work);
	}

	#enter<T>(calls: Call[], work: () => T): Promise<T> {
		return new Promise<T>((resolve, reject) => {
			if (!this.#isDue) setImmediate(this.#flush);
			calls.push({ work, resolve: resolve as (value: unknown) => void, reject });
		});
	}

	get #isDue(): boolean {
		return this.#calls.length + this.#last.length > 0;
	}

	/** Stores now what waits. */
	flush(): void {
		while (this.#isDue) this.#flush();
	}

	readonly #flush = (): void => {
		const calls = [...this.#calls.splice(0, MOST), ...this.#last.splice(0)];
		if (calls.length === 0) return;
		if (this.#isDue) setImmediate(this.#flush);
		const error = this.#store(calls);
		if (error === null) return;
		const alone = calls.length > 1 && !this.#steps.ofAll(error);
		for (const call of calls) {
			const why = alone ? this.#store([call]) : error;
			if (why !== null) call.reject(this.#steps.translate(why));
		}
	};

	/** null: stored and answered. */
	#store(calls: readonly Call[]): unknown {
		let results: unknown[];
		try {
			this.#begin.run();
			this.#steps.begin();
			results = calls.map((call) => call.work());
			this.#steps.end();
			this.#commit.run();
		} catch (error) {
			this.#undo();
			return error ?? new Error('unknown');
		}
		for (const [at, call] of calls.entries()) call.resolve(results[at]);
		this.#steps.committed();
		return null;
	}

	#undo(): void {
		this.#steps.rolledBack();
		try {
			// A full disk may have ended the transaction already.
			if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
		} catch {
			// The next BEGIN fails, and says why.
		}
	}
}
