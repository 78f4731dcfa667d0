import type { DatabaseSync } from 'node:sqlite';
import type { LogEntry } from '../core/log-entry.ts';
import type { DayFiles } from './day-files.ts';
import { entryOf, IDS_A_MS, SELECT } from './entry-row.ts';
import { type Between, type Row, type Scan, scan, type TimeRange } from './entry-scan.ts';
import { barsOf, isOfLists, listOf } from './index-lists.ts';
import type { IndexQuery } from './index-query.ts';
import { parseQuery } from './query-parse.ts';
import { planOf, type QueryPlan } from './query-sql.ts';
import type { Steps } from './steps.ts';

/** A question to the store, as it comes from a terminal or a dashboard. */
export interface LogQuestion extends TimeRange {
	/** See `parseQuery`. */
	query: string;
	/** Most time that may pass, ms, 10…30000. Default 3000. */
	budgetMs?: number;
}

export interface SearchQuestion extends LogQuestion {
	/** Most entries, 1…5000. Default 100. */
	limit?: number;
	/** Only entries behind those that an earlier answer gave: its `cursor`. */
	cursor?: string;
}

export interface SearchAnswer {
	/** Newest first. */
	entries: LogEntry[];
	/** Whether there may be more in the range: ask again with `cursor`. */
	more: boolean;
	cursor: string;
	/** Down to which time all was looked at, epoch ms. */
	searched: number;
}

const BUDGET_MS = 3000;
const MOST_ENTRIES = 5000;
/** An answer is not bigger than this, in characters, whatever the limit. */
const MOST_CHARACTERS = 16_000_000;

/** @throws BallastError `bad_query` */
export function* search(files: DayFiles, question: SearchQuestion): Steps<SearchAnswer> {
	const plan = planOf(parseQuery(question.query));
	const limit = bounded(question.limit, 1, MOST_ENTRIES, 100);
	const range = idsOf(question);
	const before = /^\d{1,16}$/.test(question.cursor ?? '') ? Number(question.cursor) : Number.POSITIVE_INFINITY;
	const to = Math.min(range.to, before - 1);
	const found: Row[] = [];
	let characters = 0;
	const asked: Scan = {
		plan,
		of: 'entries',
		statement: (between) =>
			`SELECT ${SELECT} ${between('$from', '$to')} ORDER BY ${plan.match === '' ? 'e.id' : 'words.rowid'} DESC LIMIT $limit`,
		values: { $limit: BigInt(limit) },
		budgetMs: budgetOf(question),
	};
	const reached = yield* scan(files, { from: range.from, to }, asked, (rows) => {
		rows.sort((one, other) => (other['id'] as number) - (one['id'] as number));
		for (const row of rows) {
			if (found.length === limit || characters > MOST_CHARACTERS) return false;
			found.push(row);
			characters += String(row['message']).length + String(row['fields']).length;
		}
		return found.length < limit;
	});
	const full = found.length === limit || characters > MOST_CHARACTERS;
	const low = full ? (found.at(-1)?.['id'] as number) : reached;
	return {
		entries: found.map(entryOf),
		more: full || low > range.from,
		cursor: String(low),
		searched: Math.floor(low / IDS_A_MS),
	};
}

export interface HistogramQuestion extends LogQuestion {
	/** How many bars at most, 1…2000. Default 60. */
	buckets?: number;
}

export interface HistogramAnswer {
	/** Time of the first bar (epoch ms), and how long each is. */
	fromMs: number;
	stepMs: number;
	/** Entries in each, a sampled one as many as it stands for. */
	counts: number[];
	/** Whether the whole range was counted; what is missing is the oldest part. */
	whole: boolean;
}

const MINUTE_MS = 60_000;

/** @throws BallastError `bad_query` */
export function* histogram(files: DayFiles, question: HistogramQuestion): Steps<HistogramAnswer> {
	const plan = planOf(parseQuery(question.query));
	const buckets = bounded(question.buckets, 1, 2000, 60);
	const { from, to } = idsOf(question);
	const stepMs = niceStep(Math.floor((to - from) / IDS_A_MS) / buckets);
	const firstMs = Math.floor(from / IDS_A_MS / stepMs) * stepMs;
	const counts: number[] = new Array(Math.floor((to / IDS_A_MS - firstMs) / stepMs) + 1).fill(0);
	let dense = plan.match === '';
	const asked: Scan = {
		plan,
		...countOf(plan, { firstMs, stepMs }, () => dense),
		values: { $first: BigInt(firstMs), $step: BigInt(stepMs) },
		budgetMs: budgetOf(question),
	};
	// Bars are whole, so that what was counted by the minute fits in.
	const whole = { from: firstMs * IDS_A_MS, to: (firstMs + counts.length * stepMs) * IDS_A_MS - 1 };
	const reached = yield* scan(files, whole, asked, (rows) => {
		let sum = 0;
		for (const row of rows) {
			const bar = row['bar'] as number;
			const count = (row['count'] as number | null) ?? 0;
			sum += count;
			if (bar >= 0 && bar < counts.length) counts[bar] = (counts[bar] as number) + count;
		}
		if (plan.match !== '') dense = sum > rows.length * DENSE;
		return true;
	});
	return { fromMs: firstMs, stepMs, counts, whole: reached <= whole.from };
}

/** So many words found for a bar are worth a look into the index of its own. */
const DENSE = 300;

/** Where the answer is cheapest: the counts by minute, the index alone, or the entries. */
function countOf(
	plan: QueryPlan,
	{ firstMs, stepMs }: { firstMs: number; stepMs: number },
	isDense: () => boolean,
): Pick<Scan, 'of' | 'statement' | 'direct'> {
	if (plan.counted && stepMs % MINUTE_MS === 0)
		return {
			of: 'minute',
			statement: (between) =>
				`SELECT (e.minute * ${MINUTE_MS} - $first) / $step AS bar, sum(e.weight) AS count ${between('', '')} GROUP BY bar`,
		};
	// Only sampled rows stand for more than one, and those have no words.
	const words = plan.match !== '' && plan.where === '';
	const count = words ? 'count(*)' : 'sum(e.weight)';
	const id = words ? 'rowid' : 'e.id';
	const grouped = `SELECT (${id} / ${IDS_A_MS} - $first) / $step AS bar, ${count} AS count`;
	const { index } = plan;
	return {
		...(words &&
			index !== null &&
			isOfLists(index) && {
				// Where few fit, SQLite leaps over the pages of a long list, which are not read then.
				direct: (database, range) => (isDense() ? barsFromLists(database, { index, range, firstMs, stepMs }) : null),
			}),
		of: words ? 'words' : 'entries',
		statement: (between) =>
			isDense() && plan.only !== 'trace' ? byBar(count, between) : `${grouped} ${between('$from', '$to')} GROUP BY bar`,
	};
}

function barsFromLists(
	database: DatabaseSync,
	{
		index,
		range,
		firstMs,
		stepMs,
	}: { index: IndexQuery; range: { from: number; to: number }; firstMs: number; stepMs: number },
): Row[] | null {
	const ids = listOf(database, index, range);
	return ids === null ? null : barsOf(ids, firstMs * IDS_A_MS, stepMs * IDS_A_MS);
}

/** A count of its own for each bar: to group many rows takes several times as long, since they are sorted for it. */
function byBar(count: string, between: Between): string {
	const bar = `($from / ${IDS_A_MS} - $first) / $step`;
	// Each row is compared with the bounds: so they are columns, not worked out anew for it.
	return `WITH RECURSIVE bars(bar, low, high) AS (
			SELECT ${bar}, $from, min($to, ($first + (${bar} + 1) * $step) * ${IDS_A_MS} - 1)
			UNION ALL SELECT bar + 1, high + 1, min($to, high + $step * ${IDS_A_MS}) FROM bars WHERE high < $to)
		SELECT bar, (SELECT ${count} ${between('bars.low', 'bars.high')}) AS count FROM bars`;
}

const STEPS_MS = [
	1,
	10,
	100,
	250,
	500,
	1000,
	2000,
	5000,
	10_000,
	15_000,
	30_000,
	MINUTE_MS,
	120_000,
	300_000,
	600_000,
	900_000,
	1_800_000,
	3_600_000,
	7_200_000,
	10_800_000,
	21_600_000,
	43_200_000,
	86_400_000,
];

function niceStep(leastMs: number): number {
	return STEPS_MS.find((step) => step >= leastMs) ?? Math.ceil(leastMs / 86_400_000) * 86_400_000;
}

/** The ids of a range. */
export function idsOf({ fromMs, toMs }: TimeRange): { from: number; to: number } {
	const from = Math.max(0, Math.floor(fromMs)) * IDS_A_MS;
	return { from, to: Math.max(from, Math.min(Math.floor(toMs), MOST_MS) * IDS_A_MS + IDS_A_MS - 1) };
}

/** The year 2200: beyond it ids would not be exact. */
const MOST_MS = 7_258_118_400_000;

export function budgetOf({ budgetMs }: LogQuestion): number {
	return bounded(budgetMs, 10, 30_000, BUDGET_MS);
}

/** A whole number within bounds, whatever was asked for. */
export function bounded(value: number | undefined, least: number, most: number, otherwise: number): number {
	return value === undefined || !Number.isFinite(value)
		? otherwise
		: Math.max(least, Math.min(most, Math.floor(value)));
}
