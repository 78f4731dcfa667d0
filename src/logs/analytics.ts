/** Traffic, from the rows of requests: who asks for what, how much fails, what is slow, and what changed. */
import type { LogEntry } from '../core/log-entry.ts';
import { botOf } from './bots.ts';
import type { DayFiles } from './day-files.ts';
import { entryOf, SELECT } from './entry-row.ts';
import { type Row, type Scan, scan, type TimeRange } from './entry-scan.ts';
import { bounded, budgetOf, idsOf, type LogQuestion } from './log-search.ts';
import { parseQuery } from './query-parse.ts';
import { planOf, type QueryPlan } from './query-sql.ts';
import type { Steps } from './steps.ts';
import { TopCounts } from './top-counts.ts';
import { cellSql, ValueCells } from './value-cells.ts';

export interface AnalyticsQuestion extends Omit<LogQuestion, 'query'> {
	/** Only requests that fit; default all. */
	query?: string;
	/** Rows of each table, 1…100. Default 10. */
	limit?: number;
}

/** Requests are estimates where the log is a sample. */
export interface Traffic {
	requests: number;
	/** Answers 5xx and broken off. */
	errors: number;
	/** Seconds; null: no request. */
	mean: number | null;
	p50: number | null;
	p95: number | null;
	p99: number | null;
}

export interface RouteTraffic extends Traffic {
	service: string;
	route: string;
	/** The same in the period before. */
	before: Traffic;
}

export interface Counted {
	value: string;
	count: number;
}

export interface Analytics extends TimeRange {
	all: Traffic;
	/** The period of the same length before. */
	before: Traffic;
	routes: RouteTraffic[];
	statuses: { status: number; count: number }[];
	clients: Counted[];
	userAgents: Counted[];
	bots: Counted[];
	slowest: LogEntry[];
	/** Whether there was time for all of it. */
	whole: boolean;
}

const MOST_ROUTES = 2000;
const SCANS = 5;

/** @throws BallastError `bad_query` */
export function* analytics(files: DayFiles, question: AnalyticsQuestion): Steps<Analytics> {
	const { fromMs, toMs, query = '' } = question;
	const limit = bounded(question.limit, 1, 100, 10);
	const wanted = parseQuery(query);
	const requests = { kind: 'glob', field: 'source', pattern: 'access' } as const;
	const plan = planOf(wanted === null ? requests : { kind: 'and', parts: [requests, wanted] });
	const budgetMs = budgetOf({ budgetMs: 6000, ...question, query }) / SCANS;
	const part: Part = { files, plan, budgetMs, range: { fromMs, toMs } };
	const now = yield* routesOf(part);
	const earlier = yield* routesOf({ ...part, range: { fromMs: fromMs - (toMs - fromMs), toMs: fromMs - 1 } });
	const clients = yield* countsOf(part, 'address');
	const agents = yield* countsOf(part, 'agent');
	const slow = yield* slowestOf(part, limit);
	const routes = [...now.routes.entries()]
		.map(([key, tally]) => ({
			...(JSON.parse(key) as { service: string; route: string }),
			...tally.traffic(),
			before: (earlier.routes.get(key) ?? new Tally()).traffic(),
		}))
		.sort((one, other) => other.requests - one.requests);
	return {
		fromMs,
		toMs,
		all: now.all.traffic(),
		before: earlier.all.traffic(),
		routes: routes.slice(0, limit),
		statuses: [...now.statuses]
			.map(([status, count]) => ({ status, count }))
			.sort((one, other) => other.count - one.count),
		clients: clients.counts.top(limit).values,
		userAgents: agents.counts.top(limit).values,
		bots: botsOf(agents.counts).top(limit).values,
		slowest: slow.entries,
		whole: [now, earlier, clients, agents, slow].every(({ whole }) => whole),
	};
}

interface Part {
	files: DayFiles;
	plan: QueryPlan;
	range: TimeRange;
	budgetMs: number;
}

class Tally {
	readonly #cells = new ValueCells();
	#errors = 0;
	#sum = 0;

	add(row: Row): void {
		this.#cells.add(row['cell'] as number, row['count'] as number);
		this.#errors += row['errors'] as number;
		this.#sum += row['sum'] as number;
	}

	traffic(): Traffic {
		const [p50 = null, p95 = null, p99 = null] = this.#cells.percentiles([0.5, 0.95, 0.99]);
		const requests = this.#cells.count;
		return { requests, errors: this.#errors, mean: requests === 0 ? null : this.#sum / requests, p50, p95, p99 };
	}
}

function asked({ plan, budgetMs }: Part, select: string, tail: string): Scan {
	return { plan, select, of: 'entries', tail, budgetMs };
}

function* routesOf(
	part: Part,
): Steps<{ all: Tally; routes: Map<string, Tally>; statuses: Map<number, number>; whole: boolean }> {
	const all = new Tally();
	const routes = new Map<string, Tally>();
	const statuses = new Map<number, number>();
	const { from, to } = idsOf(part.range);
	const select = `SELECT e.service AS service, e.route AS route, e.status AS status, ${cellSql('coalesce(e.duration, 0)')} AS cell, sum(e.weight) AS count, sum(CASE WHEN e.severity >= 4 THEN e.weight ELSE 0 END) AS errors, sum(e.weight * coalesce(e.duration, 0)) AS sum`;
	const reached = yield* scan(part.files, { from, to }, asked(part, select, 'GROUP BY 1, 2, 3, 4'), (rows) => {
		for (const row of rows) {
			all.add(row);
			const status = (row['status'] as number | null) ?? 0;
			statuses.set(status, (statuses.get(status) ?? 0) + (row['count'] as number));
			const key = JSON.stringify({ service: row['service'], route: row['route'] ?? '' });
			let tally = routes.get(key);
			if (tally === undefined && routes.size < MOST_ROUTES) routes.set(key, (tally = new Tally()));
			tally?.add(row);
		}
		return true;
	});
	return { all, routes, statuses, whole: reached <= from };
}

function* countsOf(part: Part, column: 'address' | 'agent'): Steps<{ counts: TopCounts; whole: boolean }> {
	const counts = new TopCounts();
	const { from, to } = idsOf(part.range);
	const select = `SELECT e.${column} AS value, sum(e.weight) AS count`;
	const tail = `AND e.${column} <> '' GROUP BY value ORDER BY count DESC LIMIT 5000`;
	const reached = yield* scan(part.files, { from, to }, asked(part, select, tail), (rows) => {
		for (const row of rows) counts.add(String(row['value']), row['count'] as number);
		return true;
	});
	return { counts, whole: reached <= from };
}

function botsOf(agents: TopCounts): TopCounts {
	const bots = new TopCounts();
	for (const [agent, count] of agents.entries()) {
		const bot = botOf(agent);
		if (bot !== null) bots.add(bot, count);
	}
	return bots;
}

function* slowestOf(part: Part, limit: number): Steps<{ entries: LogEntry[]; whole: boolean }> {
	let slowest: Row[] = [];
	const { from, to } = idsOf(part.range);
	const tail = `AND e.duration IS NOT NULL ORDER BY e.duration DESC LIMIT ${limit}`;
	const reached = yield* scan(part.files, { from, to }, asked(part, `SELECT ${SELECT}`, tail), (rows) => {
		slowest = [...slowest, ...rows]
			.sort((one, other) => (other['duration'] as number) - (one['duration'] as number))
			.slice(0, limit);
		return true;
	});
	return { entries: slowest.map(entryOf), whole: reached <= from };
}
