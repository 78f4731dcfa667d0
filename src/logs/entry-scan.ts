import type { SQLInputValue } from 'node:sqlite';
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
	values?: Readonly<Record<string, SQLInputValue>>;
	/** The most that may pass, ms: then the rest is left. */
	budgetMs: number;
}

export type Row = Readonly<Record<string, unknown>>;

const FIRST_STEP_MS = 600_000;

/**
 * Runs a statement over a range, the newest part of the time first, file by file, in steps whose length
 * is found by how long they take. `take` gets the rows of a step, and says false when it has enough.
 * The result is the id down to which all was looked at.
 */
export function* scan(
	files: DayFiles,
	{ from, to }: { from: number; to: number },
	asked: Scan,
	take: (rows: Row[]) => boolean,
): Steps<number> {
	const deadline = performance.now() + asked.budgetMs;
	const pace = new Pace(FIRST_STEP_MS);
	const { plan } = asked;
	const between: Between = (lower, upper) =>
		`${SOURCES[asked.of](plan, `BETWEEN ${lower} AND ${upper}`)}${plan.where === '' ? '' : ` AND ${plan.where}`}`;
	const all = files.covering(Math.floor(from / IDS_A_MS), Math.floor(to / IDS_A_MS));
	const oldest = all.reduce((least, file) => Math.min(least, file.fromMs * IDS_A_MS), Number.POSITIVE_INFINITY);
	let low = Math.min(to, endOf(all)) + 1;
	while (low > Math.max(from, oldest)) {
		if (performance.now() > deadline) return low;
		const high = low - 1;
		low = Math.max(from, alignedBelow(low - pace.widthMs * IDS_A_MS, asked.of));
		pace.begin();
		const statement = asked.statement(between);
		const values = { ...plan.values, ...asked.values, $from: BigInt(low), $to: BigInt(high) };
		const rows: Row[] = [];
		for (const file of files.covering(Math.floor(low / IDS_A_MS), Math.floor(high / IDS_A_MS)))
			for (const row of run(files, file.name, statement, values)) rows.push(row);
		// To its first match the text index walks from its very first entry, or from its last, wherever the step is.
		pace.end(rows.length === 0 && plan.match !== '');
		if (!take(rows)) return low;
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

function run(files: DayFiles, name: string, statement: string, values: Record<string, SQLInputValue>): Row[] {
	let database: ReturnType<DayFiles['open']>['database'];
	try {
		database = files.open(name).database;
	} catch {
		// Damaged, or removed by another process meanwhile: the others still answer.
		return [];
	}
	const prepared = database.prepare(statement);
	prepared.setAllowUnknownNamedParameters(true);
	return prepared.all(values);
}
