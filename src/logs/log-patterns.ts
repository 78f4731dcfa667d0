import type { LogEntry, Severity } from '../core/log-entry.ts';
import { Drain } from './drain.ts';
import { severityRank } from './severity.ts';

/** A kind of message, and how often it came. */
export interface LogPattern {
	id: number;
	/** Its words; `<*>`, `<n>`, `<uuid>` … stand where messages differ. */
	text: string;
	/** The highest that was seen. */
	severity: Severity;
	service: string;
	/** A message as it was. */
	example: string;
	firstMs: number;
	lastMs: number;
	/** Since it is known. */
	total: number;
	/** In the time asked for. */
	count: number;
	/** Minutes of that time, oldest first. */
	minutes: number[];
	/** First seen since the time asked for, such as a deploy. */
	fresh: boolean;
	/** Its last minutes hold ten times what is usual, or more. */
	grown: boolean;
}

export interface PatternQuestion {
	/** Most patterns, 1…1000. Default 50. */
	limit?: number;
	/** How many minutes of counts, 1…180. Default 60. */
	minutes?: number;
	/** What is first seen after this is fresh, epoch ms; null: nothing is. */
	sinceMs?: number | null;
}

interface Tally {
	text: () => string;
	severity: Severity;
	service: string;
	example: string;
	firstMs: number;
	lastMs: number;
	total: number;
	/** By minute, as a ring. */
	counts: Uint32Array;
	lastMinute: number;
}

const MINUTE_MS = 60_000;
const KEPT_MINUTES = 180;
const MOST_EXAMPLE = 500;
/** `grown`: the last five minutes against the hour before, and at least so many. */
const RECENT = 5;
const BASELINE = 60;
const TIMES = 10;
const LEAST = 10;

/** Learns the patterns of messages as they come: of applications, errors and the gateway; not of requests that went well. */
export class LogPatterns {
	readonly #drain: Drain;
	readonly #tallies = new Map<number, Tally>();

	constructor(most = 1000) {
		this.#drain = new Drain({ most });
	}

	learn(entry: LogEntry): void {
		const pattern = entry.message === '' ? null : this.#drain.learn(entry.message);
		if (pattern === null) return;
		const tally = this.#tallies.get(pattern.id) ?? this.#begin(pattern.id, entry, () => pattern.tokens.join(' '));
		if (severityRank(entry.severity) > severityRank(tally.severity)) tally.severity = entry.severity;
		tally.total++;
		if (entry.timeMs > tally.lastMs) tally.lastMs = entry.timeMs;
		const minute = Math.floor(entry.timeMs / MINUTE_MS);
		advance(tally, minute);
		if (minute > tally.lastMinute - KEPT_MINUTES) (tally.counts[minute % KEPT_MINUTES] as number)++;
	}

	#begin(id: number, { severity, service, message, timeMs }: LogEntry, text: () => string): Tally {
		// What Drain forgot is forgotten here too.
		if (this.#tallies.size >= this.#drain.size * 2 + 16)
			for (const known of this.#tallies.keys()) if (!this.#drain.has(known)) this.#tallies.delete(known);
		const tally: Tally = {
			text,
			severity,
			service,
			example: message.slice(0, MOST_EXAMPLE).toWellFormed(),
			firstMs: timeMs,
			lastMs: timeMs,
			total: 0,
			counts: new Uint32Array(KEPT_MINUTES),
			lastMinute: Math.floor(timeMs / MINUTE_MS),
		};
		this.#tallies.set(id, tally);
		return tally;
	}

	/** New and grown ones first, then the frequent. */
	list({ limit = 50, minutes = 60, sinceMs = null }: PatternQuestion, nowMs: number): LogPattern[] {
		const width = Math.max(1, Math.min(KEPT_MINUTES, Math.floor(minutes)));
		const found: LogPattern[] = [];
		for (const [id, tally] of this.#tallies) {
			if (!this.#drain.has(id)) continue;
			advance(tally, Math.floor(nowMs / MINUTE_MS));
			const counts = countsOf(tally, width);
			const { severity, service, example, firstMs, lastMs, total } = tally;
			found.push({
				id,
				text: tally.text(),
				severity,
				service,
				example,
				firstMs,
				lastMs,
				total,
				count: counts.reduce((sum, count) => sum + count, 0),
				minutes: counts,
				fresh: sinceMs !== null && firstMs >= sinceMs,
				grown: hasGrown(tally),
			});
		}
		const rank = ({ fresh, grown }: LogPattern) => (fresh ? 2 : 0) + (grown ? 1 : 0);
		return found
			.sort((one, other) => rank(other) - rank(one) || other.count - one.count || other.total - one.total)
			.slice(0, Math.max(1, Math.min(1000, Math.floor(limit))));
	}
}

/** Empties the places of minutes that passed since. */
function advance(tally: Tally, minute: number): void {
	if (minute <= tally.lastMinute) return;
	const from = Math.max(tally.lastMinute + 1, minute - KEPT_MINUTES + 1);
	for (let at = from; at <= minute; at++) tally.counts[at % KEPT_MINUTES] = 0;
	tally.lastMinute = minute;
}

/** Oldest first; the last is the minute that runs. */
function countsOf({ counts, lastMinute }: Tally, width: number): number[] {
	return Array.from({ length: width }, (_, at) => counts[(lastMinute - width + 1 + at) % KEPT_MINUTES] as number);
}

function hasGrown(tally: Tally): boolean {
	const counts = countsOf(tally, RECENT + BASELINE);
	const sum = (part: readonly number[]) => part.reduce((all, count) => all + count, 0);
	const recent = sum(counts.slice(BASELINE));
	const known = Math.min(BASELINE, Math.floor((tally.lastMinute * MINUTE_MS - tally.firstMs) / MINUTE_MS) - RECENT);
	// Of what is new there is nothing usual yet.
	if (recent < LEAST || known < RECENT) return false;
	const usual = (sum(counts.slice(0, BASELINE)) / known) * RECENT;
	return recent >= TIMES * Math.max(usual, 1);
}
