/** Traffic: who asks for what, how much fails, what is slow, and what changed. */
import type { LogEntry } from '../core/log-entry.ts';
import type { DayFiles } from './day-files.ts';
import { entryOf, SELECT } from './entry-row.ts';
import { type Between, scan, type TimeRange } from './entry-scan.ts';
import { bounded, budgetOf, type LogQuestion } from './log-search.ts';
import { matches } from './query-match.ts';
import { parseQuery } from './query-parse.ts';
import { planOf } from './query-sql.ts';
import type { Query, QueryNode } from './query-tree.ts';
import type { Steps } from './steps.ts';
import { readTraffic, type TrafficRead } from './traffic-reader.ts';
import { TrafficSum } from './traffic-sum.ts';
import type { SumOf } from './traffic-summaries.ts';
import type { Traffic } from './traffic-tally.ts';

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
	/** Rows by which `all` was reckoned: fewer than requests where the log is a sample. */
	entries: number;
	/** The period of the same length before. */
	before: Traffic;
	routes: RouteTraffic[];
	statuses: { status: number; count: number }[];
	clients: Counted[];
	/** How many there were, within some 2 % (7 % at worst). */
	distinctClients: number;
	userAgents: Counted[];
	/** What each count of these may be too low by, at most; 0: they are exact. */
	clientsLack: number;
	userAgentsLack: number;
	bots: Counted[];
	slowest: LogEntry[];
	/** Whether there was time for all of it. */
	whole: boolean;
}

const BUDGET_MS = 6000;
/** For the rows of the slowest, whatever is left. */
const LAST_MS = 1000;

/** @throws BallastError `bad_query` */
export function* analytics(files: DayFiles, question: AnalyticsQuestion): Steps<Analytics> {
	const { fromMs, toMs, query = '' } = question;
	const limit = bounded(question.limit, 1, 100, 10);
	const deadline = performance.now() + budgetOf({ budgetMs: BUDGET_MS, ...question, query });
	const wanted = parseQuery(query);
	const now = new TrafficSum();
	const whole = yield* readTraffic({ ...readOf(wanted, now), files, range: { fromMs, toMs }, callers: true, deadline });
	const before = new TrafficSum();
	const range = { fromMs: fromMs - (toMs - fromMs), toMs: fromMs - 1 };
	const wholeBefore = yield* readTraffic({ ...readOf(wanted, before), files, range, callers: false, deadline });
	return {
		fromMs,
		toMs,
		all: now.tally.all(),
		entries: now.tally.entries,
		before: before.tally.all(),
		routes: now.tally
			.busiest(limit)
			.map((route) => ({ ...route, before: before.tally.of(route.service, route.route) })),
		statuses: [...now.tally.statuses]
			.map(([status, count]) => ({ status, count }))
			.sort((one, other) => other.count - one.count || one.status - other.status),
		clients: now.clients.top(limit).values,
		distinctClients: now.distinct.count,
		userAgents: now.agents.top(limit).values,
		clientsLack: now.clients.lack,
		userAgentsLack: now.agents.lack,
		bots: now.bots.top(limit).values,
		slowest: yield* entriesOf(
			files,
			now.slowest.slice(0, limit).map(([id]) => id),
		),
		whole: whole && wholeBefore,
	};
}

/** How requests that fit a query are read, into a sum. */
function readOf(wanted: Query, sum: TrafficSum): Pick<TrafficRead, 'plan' | 'of' | 'summaries'> {
	const requests = { kind: 'glob', field: 'source', pattern: 'access' } as const;
	const plan = planOf(wanted === null ? requests : { kind: 'and', parts: [requests, wanted] });
	if (wanted === null || !isOfServices(wanted)) return { plan, of: () => sum, summaries: wanted === null };
	const of: SumOf = (service) => (matches(wanted, { ...ANY_REQUEST, service }) ? sum : null);
	return { plan, of, summaries: true };
}

/** Whether it fits all requests of a service, or none. */
function isOfServices(node: QueryNode): boolean {
	if (node.kind === 'and' || node.kind === 'or') return node.parts.every(isOfServices);
	if (node.kind === 'not') return isOfServices(node.part);
	return node.kind === 'glob' && (node.field === 'service' || node.field === 'source');
}

const ANY_REQUEST: LogEntry = {
	timeMs: 0,
	severity: 'info',
	source: 'access',
	service: '',
	instance: '',
	message: '',
	traceId: '',
	spanId: '',
	fields: {},
};

function* entriesOf(files: DayFiles, ids: readonly number[]): Steps<LogEntry[]> {
	const entries: LogEntry[] = [];
	for (const id of ids) {
		const asked = {
			plan: planOf(null),
			of: 'entries' as const,
			budgetMs: LAST_MS,
			statement: (between: Between) => `SELECT ${SELECT} ${between('$from', '$to')}`,
		};
		yield* scan(files, { from: id, to: id }, asked, (rows) => {
			if (rows[0] !== undefined) entries.push(entryOf(rows[0]));
			return true;
		});
	}
	return entries;
}
