import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { BallastError } from '../core/errors.ts';
import type { DayFiles } from './day-files.ts';
import { IDS_A_MS, REQUESTS, TRACE_BUCKET } from './entry-row.ts';
import type { QueryPlan } from './query-sql.ts';
import { Pace, type Steps } from './steps.ts';

/** Epoch ms; both ends belong to it. */
export interface TimeRange {
	fromMs: number;
	toMs: number;
}

/** `FROM … WHERE …`: what fits a plan between two ids, which are SQL themselves. */
export type Between = (from: string, to: string) => string;

/** What is asked of each step's part of the time. `$from`, `$to` and the values of the plan are bound. */
export interface Scan {
	plan: QueryPlan;
	/** `entries`: joined with the index where words are asked for. `words`, `minute`: that alone. */
	of: 'entries' | 'words' | 'minute';
	/** The statement; it is asked for anew with each step. */
	statement(between: Between): string;
	/** Many rows are wanted: they come as arrays, which takes half as long, and a step is never wide. Default false. */
	bulk?: boolean;
	values?: Readonly<Record<string, SQLInputValue>>;
	/** Asked first: the rows, where SQL is not needed for them; null: it is. */
	direct?(database: DatabaseSync, ids: { from: number; to: number }): Row[] | null;
	/** The most that may pass, ms: then the rest is left. */
	budgetMs: number;
	/** Only what that file holds; default: what any does. */
	file?: string;
}

export type Row = Readonly<Record<string, unknown>>;

/** Also the widest of `bulk`: rows in memory are those of one step. */
const FIRST_STEP_MS = 600_000;

interface Reads {
	/** A file could be read. */
	some: boolean;
	/** Why the last could not that could not; null: none failed. */
	failure: string | null;
}

/**
 * Runs a statement over a range, the newest part of the time first, file by file, in steps whose length
 * is found by how long they take. `take` gets the rows of a step, and says false when it has enough.
 * The result is the id down to which all was looked at.
 * @throws BallastError `store_unusable` when no file of that time can be read
 */
export function* scan(
	files: DayFiles,
	range: { from: number; to: number },
	asked: Scan,
	take: (rows: Row[]) => boolean,
): Steps<number> {
	const reads: Reads = { some: false, failure: null };
	const reached = yield* stepsOf(files, range, { ...asked, take, reads });
	if (!reads.some && reads.failure !== null)
		throw new BallastError('store_unusable', `the logs cannot be read: ${reads.failure}`);
	return reached;
}

interface Task extends Scan {
	take(rows: Row[]): boolean;
	reads: Reads;
}

function* stepsOf(files: DayFiles, { from, to }: { from: number; to: number }, asked: Task): Steps<number> {
	const deadline = performance.now() + asked.budgetMs;
	const pace = new Pace(FIRST_STEP_MS);
	const { plan } = asked;
	const between: Between = (lower, upper) =>
		`${SOURCES[asked.of](plan, `BETWEEN ${lower} AND ${upper}`)}${plan.where === '' ? '' : ` AND ${plan.where}`}`;
	const covering = (lowest: number, highest: number) =>
		files
			.covering(Math.floor(lowest / IDS_A_MS), Math.floor(highest / IDS_A_MS))
			.filter(({ name }) => asked.file === undefined || name === asked.file);
	const all = covering(from, to);
	const oldest = all.reduce((least, file) => Math.min(least, file.fromMs * IDS_A_MS), Number.POSITIVE_INFINITY);
	let low = Math.min(to, endOf(all)) + 1;
	while (low > Math.max(from, oldest)) {
		if (performance.now() > deadline) return low;
		const high = low - 1;
		const widthMs = asked.bulk === true ? Math.min(pace.widthMs, FIRST_STEP_MS) : pace.widthMs;
		low = Math.max(from, alignedBelow(low - widthMs * IDS_A_MS, asked.of));
		pace.begin();
		const statement = asked.statement(between);
		const values = { ...plan.values, ...asked.values, $from: BigInt(low), $to: BigInt(high) };
		const direct: Run['direct'] = (database) => asked.direct?.(database, { from: low, to: high }) ?? null;
		const run: Run = { statement, values, direct, bulk: asked.bulk === true, reads: asked.reads };
		const rows: Row[] = [];
		for (const file of covering(low, high)) for (const row of rowsOf(files, file.name, run)) rows.push(row);
		// To its first match the text index walks from its very first entry, or from its last, wherever the step is.
		pace.end(rows.length === 0 && plan.match !== '');
		if (!asked.take(rows)) return low;
		yield;
	}
	return from;
}

/** Counts by minute are of whole minutes. */
function alignedBelow(id: number, of: Scan['of']): number {
	const unit = of === 'minute' ? 60_000 * IDS_A_MS : 1;
	return Math.floor(id / unit) * unit;
}

const endOf = (files: readonly { fromMs: number }[]) =>
	files.reduce((most, file) => Math.max(most, (file.fromMs + 90_000_000) * IDS_A_MS), 0);

const BUCKETS = `WITH RECURSIVE bucket(at) AS (SELECT $from / ${TRACE_BUCKET} UNION ALL SELECT at + 1 FROM bucket WHERE at < $to / ${TRACE_BUCKET}) SELECT at FROM bucket`;

const SOURCES: Readonly<Record<Scan['of'], (plan: QueryPlan, within: string) => string>> = {
	entries: ({ match, only }, within) => {
		if (match !== '')
			return `FROM words CROSS JOIN entry e ON e.id = words.rowid WHERE words MATCH $match AND words.rowid ${within}`;
		const rest = `WHERE e.id ${within}`;
		// Said as the index was made, or it would not be taken.
		if (only === 'trace')
			return `FROM entry e INDEXED BY by_trace ${rest} AND e.trace IS NOT NULL AND e.id / ${TRACE_BUCKET} IN (${BUCKETS})`;
		if (only === 'notable') return `FROM entry e INDEXED BY notable ${rest} AND (e.severity >= 3 OR e.status >= 500)`;
		return only === 'requests' ? `FROM entry e INDEXED BY requests ${rest} AND (${REQUESTS})` : `FROM entry e ${rest}`;
	},
	words: (_, within) => `FROM words WHERE words MATCH $match AND rowid ${within}`,
	minute: () => `FROM minute e WHERE e.minute BETWEEN $from / ${60_000 * IDS_A_MS} AND $to / ${60_000 * IDS_A_MS}`,
};

interface Run {
	statement: string;
	values: Record<string, SQLInputValue>;
	bulk: boolean;
	direct(database: DatabaseSync): Row[] | null;
	reads: Reads;
}

function rowsOf(files: DayFiles, name: string, run: Run): Row[] {
	const { reads } = run;
	try {
		const { database } = files.open(name);
		const rows = run.direct(database) ?? rowsBySql(database, run);
		reads.some = true;
		return rows;
	} catch (error) {
		if (!isOfFile(error)) throw error;
		// Damaged, or removed by another process meanwhile: the others still answer.
		if (files.list().some((file) => file.name === name)) reads.failure = (error as Error).message;
		return [];
	}
}

function rowsBySql(database: DatabaseSync, { statement, values, bulk }: Run): Row[] {
	const prepared = database.prepare(statement);
	prepared.setAllowUnknownNamedParameters(true);
	prepared.setReturnArrays(bulk);
	return prepared.all(values);
}

/** SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_CANTOPEN, SQLITE_NOTADB. */
const OF_FILE: readonly number[] = [10, 11, 14, 26];

/** Whether it is the fault of a file that something failed, and not of who asked. */
export function isOfFile(error: unknown): boolean {
	const { code, errcode = 0 } = error as { code?: string; errcode?: number };
	return code === 'store_unusable' || OF_FILE.includes(errcode & 0xff);
}
