/** What values a field has, and how they are spread. */
import type { DayFiles } from './day-files.ts';
import { type Between, type Row, scan } from './entry-scan.ts';
import { bounded, budgetOf, idsOf, type LogQuestion } from './log-search.ts';
import { fullName, parseQuery } from './query-parse.ts';
import { columnOf, jsonPath, planOf } from './query-sql.ts';
import { badQuery } from './query-tokens.ts';
import { SEVERITIES, SOURCES } from './severity.ts';
import type { Steps } from './steps.ts';
import { TopCounts } from './top-counts.ts';
import { cellSql, ValueCells } from './value-cells.ts';

export interface TopQuestion extends LogQuestion {
	/** Also by its short name; `level` and `source` too. */
	field: string;
	/** 1…1000. Default 10. */
	limit?: number;
}

export interface TopAnswer {
	/** Biggest first; a sampled entry counts as many as it stands for. */
	values: { value: string; count: number }[];
	/** Entries with other values. */
	others: number;
	whole: boolean;
}

/** Different values that one step may bring. */
const MOST_OF_A_STEP = 5000;

/** @throws BallastError `bad_query` */
export function* top(files: DayFiles, question: TopQuestion): Steps<TopAnswer> {
	const field = fieldSql(question.field);
	const plan = planOf(parseQuery(question.query));
	const counts = new TopCounts();
	const { from, to } = idsOf(question);
	const asked = {
		plan,
		of: 'entries' as const,
		statement: (between: Between) =>
			`SELECT value, count, sum(count) OVER () AS counted, all_of FROM (SELECT ${field.sql} AS value, sum(e.weight) AS count, sum(sum(e.weight)) OVER () AS all_of
			${between('$from', '$to')} AND ${field.sql} IS NOT NULL GROUP BY value ORDER BY count DESC LIMIT ${MOST_OF_A_STEP})`,
		values: field.values,
		budgetMs: budgetOf(question),
	};
	const reached = yield* scan(files, { from, to }, asked, (rows) => {
		for (const row of rows) counts.add(field.name(row['value']), row['count'] as number);
		counts.others += missedOf(rows);
		return true;
	});
	return { ...counts.top(bounded(question.limit, 1, 1000, 10)), whole: reached <= from };
}

/** What the limit cut off; a step may have rows of several files. */
function missedOf(rows: readonly Row[]): number {
	const files = new Set(rows.map((row) => `${row['all_of']} ${row['counted']}`));
	return [...files].reduce((sum, file) => {
		const [all, counted] = file.split(' ').map(Number) as [number, number];
		return sum + all - counted;
	}, 0);
}

export interface PercentileQuestion extends LogQuestion {
	field: string;
	/** Shares, 0…1. Default 0.5, 0.9, 0.95, 0.99, 0.999. */
	shares?: readonly number[];
}

export interface PercentileAnswer {
	/** As many as `shares`; within 0.5 % of the exact ones. null: no entry has the field as a number. */
	values: (number | null)[];
	count: number;
	mean: number | null;
	min: number | null;
	max: number | null;
	whole: boolean;
}

/** @throws BallastError `bad_query` */
export function* percentiles(files: DayFiles, question: PercentileQuestion): Steps<PercentileAnswer> {
	const field = fieldSql(question.field);
	const cells = new ValueCells();
	let [sum, min, max] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
	const { from, to } = idsOf(question);
	const asked = {
		plan: planOf(parseQuery(question.query)),
		of: 'entries' as const,
		statement: (between: Between) =>
			`SELECT ${cellSql(field.sql)} AS cell, sum(e.weight) AS count, sum(e.weight * ${field.sql}) AS sum, min(${field.sql}) AS min, max(${field.sql}) AS max
			${between('$from', '$to')} AND typeof(${field.sql}) IN ('integer', 'real') GROUP BY cell`,
		values: field.values,
		budgetMs: budgetOf(question),
	};
	const reached = yield* scan(files, { from, to }, asked, (rows) => {
		for (const row of rows) {
			cells.add(row['cell'] as number, row['count'] as number);
			sum += row['sum'] as number;
			min = Math.min(min, row['min'] as number);
			max = Math.max(max, row['max'] as number);
		}
		return true;
	});
	const some = cells.count > 0;
	const shares = (question.shares ?? [0.5, 0.9, 0.95, 0.99, 0.999]).slice(0, 20);
	return {
		values: cells.percentiles(shares).map((value) => (value === null ? null : Math.min(max, Math.max(min, value)))),
		count: cells.count,
		mean: some ? sum / cells.count : null,
		min: some ? min : null,
		max: some ? max : null,
		whole: reached <= from,
	};
}

interface FieldSql {
	sql: string;
	values: Record<string, string>;
	name(value: unknown): string;
}

function fieldSql(written: string): FieldSql {
	const plain = (value: unknown) => String(value);
	if (written === 'level' || written === 'severity')
		return { sql: 'e.severity', values: {}, name: (value) => SEVERITIES[value as number] ?? '' };
	if (written === 'source') return { sql: 'e.source', values: {}, name: (value) => SOURCES[value as number] ?? '' };
	if (!/^[\w.@/-]{1,100}$/.test(written)) throw badQuery(0, `expected the name of a field, not \`${written}\``);
	const field = fullName(written);
	const column = columnOf(field);
	if (column !== undefined) return { sql: `e.${column}`, values: {}, name: plain };
	return { sql: '(e.fields ->> $path)', values: { $path: jsonPath(field) }, name: plain };
}
