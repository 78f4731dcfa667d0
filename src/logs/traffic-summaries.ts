/**
 * What the requests of a minute and of an hour were, added up: a day of traffic is then the sum of its 24 hours, and
 * not of its millions of rows. They are in the file of the rows that they are of, and go with it.
 */
import type { DatabaseSync } from 'node:sqlite';
import { IDS_A_MS, timeOf } from './entry-row.ts';
import type { PackedCallers, TrafficSum } from './traffic-sum.ts';
import type { PackedTraffic } from './traffic-tally.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MINUTES = 60;
/** What is kept of the callers of a minute, and of an hour. */
const KEPT = {
	minute: { most: 256, characters: 8192 },
	hour: { most: 2000, characters: 131_072 },
} as const;

/** A service's part of it. null: its requests are not wanted. */
export type SumOf = (service: string) => TrafficSum | null;

export type Unit = keyof typeof KEPT;

/** As they stand in a file, JSON. */
export interface SummaryText {
	routes: string;
	callers: string;
}

type RoutesByService = [service: string, traffic: PackedTraffic][];
type CallersByService = [service: string, callers: PackedCallers][];

export function summaryText(sums: ReadonlyMap<string, TrafficSum>, unit: Unit): SummaryText {
	const routes: RoutesByService = [];
	const callers: CallersByService = [];
	for (const [service, sum] of sums) {
		const packed = sum.packed(KEPT[unit]);
		routes.push([service, packed.traffic]);
		callers.push([service, packed.callers]);
	}
	return { routes: JSON.stringify(routes), callers: JSON.stringify(callers) };
}

/**
 * Adds a summary to the sums of its services. `callers` may be left out.
 * @throws SyntaxError: that is none, and nothing of it was added
 */
export function addSummary({ routes, callers }: { routes: string; callers: string | null }, of: SumOf): void {
	const byService = read<PackedTraffic>(routes, isTraffic);
	const callersByService = callers === null ? [] : read<PackedCallers>(callers, isCallers);
	for (const [service, traffic] of byService) of(service)?.tally.addPacked(traffic);
	for (const [service, packed] of callersByService) of(service)?.addPackedCallers(packed);
}

/** Files are old, and disks forget: what is there need not be what was written. */
function read<T>(text: string, isOne: (packed: Partial<T>) => boolean): [service: string, packed: T][] {
	const value: unknown = JSON.parse(text);
	const isPair = (pair: unknown) => Array.isArray(pair) && typeof pair[0] === 'string' && isOne(pair[1] ?? {});
	if (!Array.isArray(value) || !value.every(isPair)) throw new SyntaxError('that is no summary');
	return value as [string, T][];
}

const isTraffic = ({ entries, routes, statuses }: Partial<PackedTraffic>): boolean =>
	Number.isFinite(entries) &&
	isListOf(statuses, (pair) => isListOf(pair, Number.isFinite)) &&
	isListOf(routes, (route) => Array.isArray(route) && isTally(route[2]));

const isTally = (tally: unknown): boolean =>
	Array.isArray(tally) && Number.isFinite(tally[0]) && Number.isFinite(tally[1]) && isListOf(tally[2], Number.isFinite);

const isCallers = ({ clients, agents, bots, distinct, slowest }: Partial<PackedCallers>): boolean =>
	[clients, agents, bots].every(
		(counts) =>
			Number.isFinite((counts?.others ?? Number.NaN) + (counts?.lack ?? Number.NaN)) && Array.isArray(counts?.top),
	) &&
	(typeof distinct === 'string' || isListOf(distinct, Number.isFinite)) &&
	isListOf(slowest, (request) => isListOf(request, Number.isFinite));

const isListOf = (value: unknown, isOne: (one: unknown) => boolean): boolean =>
	Array.isArray(value) && value.every(isOne);

/** Ids of minutes since 1970; `to` is not among them. */
export const idsOfMinutes = (from: number, to: number): { from: number; to: number } => ({
	from: from * MINUTE_MS * IDS_A_MS,
	to: to * MINUTE_MS * IDS_A_MS - 1,
});

/** A sum for each service that comes up. */
export function byService(sums: Map<string, TrafficSum>, make: () => TrafficSum): SumOf {
	return (service) => {
		let sum = sums.get(service);
		if (sum === undefined) sums.set(service, (sum = make()));
		return sum;
	};
}

/** Which hours and minutes a file has summaries of, between two minutes (the second is not among them). `known`: with minutes whose rows are few. */
export function summariesIn(
	database: DatabaseSync,
	{ from, to }: { from: number; to: number },
	which: 'kept' | 'known',
): Record<Unit, ReadonlySet<number>> {
	const hours = database
		.prepare('SELECT hour AS at FROM traffic_hour WHERE hour >= ? AND hour < ?')
		.all(Math.floor(from / HOUR_MINUTES), Math.ceil(to / HOUR_MINUTES));
	const minutes = database
		.prepare(
			`SELECT minute AS at FROM traffic_minute WHERE minute >= ? AND minute < ?${which === 'kept' ? " AND routes <> ''" : ''}`,
		)
		.all(from, to);
	const setOf = (rows: Record<string, unknown>[]) => new Set(rows.map(({ at }) => at as number));
	return { hour: setOf(hours), minute: setOf(minutes) };
}

/** undefined: it is gone. */
export function readSummary(database: DatabaseSync, unit: Unit, at: number): SummaryText | undefined {
	return database.prepare(`SELECT routes, callers FROM traffic_${unit} WHERE ${unit} = ?`).get(at) as
		| SummaryText
		| undefined;
}

/** The whole hours (in minutes since 1970, the last is not among them) that hold all of a file's entries; null: it has none. */
export function spanOf(database: DatabaseSync): { from: number; to: number } | null {
	// One by one: asked for both at once SQLite reads every row.
	const { low } = database.prepare('SELECT min(id) AS low FROM entry').get() as { low: number | null };
	const { high } = database.prepare('SELECT max(id) AS high FROM entry').get() as { high: number | null };
	if (low === null || high === null) return null;
	const hourOf = (id: number) => Math.floor(timeOf(id) / (MINUTE_MS * HOUR_MINUTES));
	return { from: hourOf(low) * HOUR_MINUTES, to: (hourOf(high) + 1) * HOUR_MINUTES };
}
