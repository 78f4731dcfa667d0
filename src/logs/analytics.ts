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
import { TRAFFIC_COLUMNS, type Traffic, TrafficTally } from './traffic-tally.ts';

export interface AnalyticsQuestion extends Omit<LogQuestion, 'query'> {
	/** Only requests that fit; default all. */
	query?: string;
	/** Rows of each table, 1…100. Default 10. */
	limit?: number;
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

const BUDGET_MS = 6000;
/** Clients and user agents that are counted exactly: to make room for more takes time. */
const MOST_VALUES = 50_000;
/** For the rows of the slowest, whatever is left. */
const LAST_MS = 1000;

/** @throws BallastError `bad_query` */
export function* analytics(files: DayFiles, question: AnalyticsQuestion): Steps<Analytics> {
	const { fromMs, toMs, query = '' } = question;
	const limit = bounded(question.limit, 1, 100, 10);
	const wanted = parseQuery(query);
	const requests = { kind: 'glob', field: 'source', pattern: 'access' } as const;
	const plan = planOf(wanted === null ? requests : { kind: 'and', parts: [requests, wanted] });
	const deadline = performance.now() + budgetOf({ budgetMs: BUDGET_MS, ...question, query });
	const now = yield* passOf({ files, plan, budgetMs: deadline - performance.now(), range: { fromMs, toMs } }, limit);
	const range = { fromMs: fromMs - (toMs - fromMs), toMs: fromMs - 1 };
	const earlier = yield* tallyOf({ files, plan, budgetMs: deadline - performance.now(), range });
	const { tally, clients, agents } = now;
	const routes = tally
		.routes()
		.map((route) => ({ ...route, ...tally.of(route.service, route.route) }))
		.sort((one, other) => other.requests - one.requests)
		.slice(0, limit);
	return {
		fromMs,
		toMs,
		all: tally.all(),
		before: earlier.tally.all(),
		routes: routes.map((route) => ({ ...route, before: earlier.tally.of(route.service, route.route) })),
		statuses: [...tally.statuses]
			.map(([status, count]) => ({ status, count }))
			.sort((one, other) => other.count - one.count),
		clients: clients.top(limit).values,
		userAgents: agents.top(limit).values,
		bots: botsOf(agents).top(limit).values,
		slowest: yield* entriesOf(files, now.slowest),
		whole: now.whole && earlier.whole,
	};
}

interface Part {
	files: DayFiles;
	plan: QueryPlan;
	range: TimeRange;
	budgetMs: number;
}

interface Pass {
	tally: TrafficTally;
	clients: TopCounts;
	agents: TopCounts;
	/** Ids, the slowest first. */
	slowest: number[];
	whole: boolean;
}

/** Rows are added up here: to group them in SQL by so many kinds takes longer than to read them. */
function asked({ plan, budgetMs }: Part, columns: string): Scan {
	const statement: Scan['statement'] = (between) => `SELECT ${columns} ${between('$from', '$to')}`;
	return { plan, of: 'entries', bulk: true, budgetMs, statement };
}

/** All that is told of the time asked for, in one pass. */
function* passOf(part: Part, limit: number): Steps<Pass> {
	const tally = new TrafficTally();
	const clients = new TopCounts(MOST_VALUES);
	const agents = new TopCounts(MOST_VALUES);
	let slowest: Row[] = [];
	const { from, to } = idsOf(part.range);
	const columns = `${TRAFFIC_COLUMNS}, e.address, e.agent, e.id`;
	const reached = yield* scan(part.files, { from, to }, asked(part, columns), (rows) => {
		for (const row of rows) {
			tally.add(row);
			const weight = row[5] as number;
			if (row[6]) clients.add(row[6] as string, weight);
			if (row[7]) agents.add(row[7] as string, weight);
		}
		slowest = slowestOf([...slowest, ...rows], limit);
		return true;
	});
	return { tally, clients, agents, slowest: slowest.map((row) => row[8] as number), whole: reached <= from };
}

/** What the period before is told by: the index alone holds it. */
function* tallyOf(part: Part): Steps<{ tally: TrafficTally; whole: boolean }> {
	const tally = new TrafficTally();
	const { from, to } = idsOf(part.range);
	const reached = yield* scan(part.files, { from, to }, asked(part, TRAFFIC_COLUMNS), (rows) => {
		for (const row of rows) tally.add(row);
		return true;
	});
	return { tally, whole: reached <= from };
}

function slowestOf(rows: readonly Row[], limit: number): Row[] {
	const slowest: Row[] = [];
	let least = Number.NEGATIVE_INFINITY;
	for (const row of rows) {
		const duration = row[3] as number | null;
		if (duration === null || (slowest.length === limit && duration <= least)) continue;
		const at = slowest.findIndex((other) => (other[3] as number) < duration);
		slowest.splice(at === -1 ? slowest.length : at, 0, row);
		if (slowest.length > limit) slowest.pop();
		least = slowest.at(-1)?.[3] as number;
	}
	return slowest;
}

function* entriesOf(files: DayFiles, ids: readonly number[]): Steps<LogEntry[]> {
	const entries: LogEntry[] = [];
	for (const id of ids) {
		const part = { files, plan: planOf(null), budgetMs: LAST_MS, range: { fromMs: 0, toMs: 0 } };
		yield* scan(files, { from: id, to: id }, { ...asked(part, SELECT), bulk: false }, (rows) => {
			if (rows[0] !== undefined) entries.push(entryOf(rows[0]));
			return true;
		});
	}
	return entries;
}

function botsOf(agents: TopCounts): TopCounts {
	const bots = new TopCounts();
	for (const [agent, count] of agents.entries()) {
		const bot = botOf(agent);
		if (bot !== null) bots.add(bot, count);
	}
	return bots;
}
