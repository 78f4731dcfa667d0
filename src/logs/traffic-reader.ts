/** Adds up the traffic of a time: by summaries where there are, by the rows where there are none. */
import type { DatabaseSync } from 'node:sqlite';
import { BallastError } from '../core/errors.ts';
import type { DayFiles } from './day-files.ts';
import { IDS_A_MS } from './entry-row.ts';
import { isOfFile, scan, type TimeRange } from './entry-scan.ts';
import type { QueryPlan } from './query-sql.ts';
import type { Steps } from './steps.ts';
import { CALLER_COLUMNS } from './traffic-sum.ts';
import {
	addSummary,
	HOUR_MINUTES,
	idsOfMinutes,
	MINUTE_MS,
	readSummary,
	type SummaryText,
	type SumOf,
	spanOf,
	summariesIn,
	type Unit,
} from './traffic-summaries.ts';
import { TRAFFIC_COLUMNS } from './traffic-tally.ts';

export interface TrafficRead {
	files: DayFiles;
	/** What rows must fit. */
	plan: QueryPlan;
	range: TimeRange;
	/** Where each service's requests are added up. */
	of: SumOf;
	/** Whether callers are wanted, or routes and statuses alone, which is faster. */
	callers: boolean;
	/** Whether `of` alone says which requests are wanted, so that summaries may be taken. */
	summaries: boolean;
	/** When it is given up, by `performance.now()`. */
	deadline: number;
}

interface IdRange {
	from: number;
	to: number;
}

/** Rows between two ids, or the summary of an hour or a minute since 1970. */
type Piece = ({ kind: 'rows' } & IdRange) | { kind: Unit; at: number };

/** A step reads about so many characters of summaries. */
const CHARACTERS_A_STEP = 1_000_000;

/**
 * The newest part of the time first. Whether there was time for all of it.
 * @throws BallastError `store_unusable` when no file of that time can be read
 */
export function* readTraffic(read: TrafficRead): Steps<boolean> {
	const { files, range } = read;
	let [some, failure, whole] = [false, '', true];
	for (const { name } of files.covering(range.fromMs, range.toMs)) {
		try {
			whole = yield* readFile(read, name);
			some = true;
		} catch (error) {
			if (!isOfFile(error)) throw error;
			if (files.list().some((file) => file.name === name)) failure = (error as Error).message;
		}
		if (!whole) break;
	}
	if (!some && failure !== '') throw new BallastError('store_unusable', failure);
	return whole;
}

/** The part of it that a file has. */
export function* readFile(read: TrafficRead, name: string): Steps<boolean> {
	let characters = 0;
	if (!read.files.has(name)) return true;
	for (const piece of piecesOf(read, name)) {
		if (performance.now() > read.deadline) return false;
		if (!read.files.has(name)) return true;
		if (piece.kind === 'rows') {
			if (!(yield* readRows(read, name, piece))) return false;
			continue;
		}
		const text = tryTo(() => readSummary(read.files.open(name).database, piece.kind, piece.at));
		if (text === undefined || !added(text, read)) {
			const minute = piece.kind === 'hour' ? piece.at * HOUR_MINUTES : piece.at;
			const minutes = piece.kind === 'hour' ? HOUR_MINUTES : 1;
			if (!(yield* readRows(read, name, idsOfMinutes(minute, minute + minutes)))) return false;
			continue;
		}
		characters += text.routes.length + text.callers.length;
		if (characters < CHARACTERS_A_STEP) continue;
		characters = 0;
		yield;
	}
	return true;
}

/** Summaries are a short way, no more: one that cannot be read is done without. */
function tryTo<T>(work: () => T): T | undefined {
	try {
		return work();
	} catch (error) {
		if (error instanceof SyntaxError || isOfFile(error)) return undefined;
		throw error;
	}
}

function added({ routes, callers }: SummaryText, { of, callers: wanted }: TrafficRead): boolean {
	return (
		tryTo(() => {
			addSummary({ routes, callers: wanted ? callers : null }, of);
			return true;
		}) ?? false
	);
}

function* readRows(read: TrafficRead, name: string, { from, to }: IdRange): Steps<boolean> {
	const columns = read.callers ? CALLER_COLUMNS : TRAFFIC_COLUMNS;
	const asked = {
		plan: read.plan,
		of: 'entries' as const,
		bulk: true,
		budgetMs: read.deadline - performance.now(),
		statement: (between: (from: string, to: string) => string) => `SELECT ${columns} ${between('$from', '$to')}`,
		file: name,
	};
	// Rows are added up here: to group them in SQL by so many kinds takes longer than to read them.
	const reached = yield* scan(read.files, { from, to }, asked, (rows) => {
		for (const row of rows) {
			const sum = read.of(row[0] as string);
			if (read.callers) sum?.add(row);
			else sum?.tally.add(row);
		}
		return true;
	});
	return reached <= from;
}

/** What the time is made of in a file, the newest first. */
function piecesOf({ files, range, summaries }: TrafficRead, name: string): Piece[] {
	const [fromMs, toMs] = [Math.max(0, Math.floor(range.fromMs)), Math.floor(range.toMs)];
	const all: Piece = { kind: 'rows', from: fromMs * IDS_A_MS, to: (toMs + 1) * IDS_A_MS - 1 };
	// Of a file that cannot be read, who reads the rows says why.
	return (
		(summaries ? tryTo(() => withSummaries(files.open(name).database, { fromMs, toMs }, all)) : undefined) ?? [all]
	);
}

function withSummaries(database: DatabaseSync, { fromMs, toMs }: TimeRange, all: IdRange): Piece[] {
	const span = spanOf(database);
	if (span === null) return [];
	const held = idsOfMinutes(span.from, span.to);
	const low = Math.max(all.from, held.from);
	// Down to where the pieces so far reach.
	let high = Math.min(all.to, held.to);
	if (high < low) return [];
	const first = Math.max(span.from, Math.ceil(fromMs / MINUTE_MS));
	const end = Math.min(span.to, Math.floor((toMs + 1) / MINUTE_MS));
	const known = summariesIn(database, { from: first, to: end }, 'kept');
	const pieces: Piece[] = [];
	const take = (piece: Piece, minute: number, minutes: number): void => {
		const ids = idsOfMinutes(minute, minute + minutes);
		if (high > ids.to) pieces.push({ kind: 'rows', from: ids.to + 1, to: high });
		pieces.push(piece);
		high = ids.from - 1;
	};
	for (let minute = end - 1; minute >= first; minute--) {
		const hour = Math.floor(minute / HOUR_MINUTES);
		const hourFrom = hour * HOUR_MINUTES;
		if (minute === hourFrom + HOUR_MINUTES - 1 && hourFrom >= first && known.hour.has(hour)) {
			take({ kind: 'hour', at: hour }, hourFrom, HOUR_MINUTES);
			minute = hourFrom;
		} else if (known.minute.has(minute)) take({ kind: 'minute', at: minute }, minute, 1);
	}
	if (high >= low) pieces.push({ kind: 'rows', from: low, to: high });
	return pieces;
}
