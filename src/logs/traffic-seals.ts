import type { DatabaseSync } from 'node:sqlite';
import { KnownBots } from './bots.ts';
import type { Databases } from './databases.ts';
import type { DayFiles } from './day-files.ts';
import { REQUESTS } from './entry-row.ts';
import { isOfFile, scan } from './entry-scan.ts';
import { planOf } from './query-sql.ts';
import type { Steps } from './steps.ts';
import { readFile } from './traffic-reader.ts';
import { CALLER_COLUMNS, TrafficSum } from './traffic-sum.ts';
import {
	byService,
	HOUR_MINUTES,
	idsOfMinutes,
	MINUTE_MS,
	spanOf,
	summariesIn,
	summaryText,
} from './traffic-summaries.ts';

/** A request is filed under its begin and stored at its end: so long is waited behind a minute, and behind an hour. */
const MINUTE_SETTLES_MS = 120_000;
const HOUR_SETTLES_MS = 600_000;
/** A minute that was added up and got another request is left alone for so long: there will be more. */
const LATE_MS = 600_000;
const MOST_LATE = 10_000;
/** How often it is looked what there is to do; after a failure. */
const LOOK_MS = 10_000;
const RETRY_MS = 60_000;
/** After so long it begins anew with what is newest, wherever it is in what is older. */
const ROUND_MS = 60_000;
/** Time that a piece of the work takes at most, but for its last step, ms. */
const TICK_MS = 25;
/** So few rows of a minute are read as fast as what they add up to, and that would take more room than it is worth. */
const FEW = 300;
/** Clients or user agents of a service, before the most are kept. */
const MOST_VALUES = 20_000;

const PLAN = planOf({ kind: 'glob', field: 'source', pattern: 'access' });
const COUNT = `SELECT count(*) AS entries FROM entry INDEXED BY requests WHERE id BETWEEN ? AND ? AND source = 0 AND (${REQUESTS})`;
const LEFT = 'SELECT count(*) AS minutes, sum(entries) AS entries FROM traffic_minute WHERE minute >= ? AND minute < ?';

export interface TrafficSealsOptions {
	files: DayFiles;
	databases: Databases;
	/** Told once when it fails, and anew after it worked again. */
	tell(problem: string): void;
	/** Epoch ms. */
	now(): number;
}

/**
 * Adds up the requests of each minute and hour that is over, in small pieces of work beside the writing; those of files
 * that were written before, too. Made of the rows, so that nothing is lost by an end: what is not added up yet is next
 * time. A row that comes late takes away what was added up without it, in its own transaction.
 */
export class TrafficSeals {
	readonly #options: TrafficSealsOptions;
	/** Until when a minute of a file is left alone. */
	readonly #late = new Map<string, number>();
	/** Files in which nothing is left to do. */
	readonly #done = new Set<string>();
	readonly #bots = new KnownBots();
	#work: Steps<void> | null = null;
	#nextMs = 0;
	/** When this round of the work began. */
	#begunMs = 0;
	#failed = false;

	constructor(options: TrafficSealsOptions) {
		this.#options = options;
	}

	/** A file got entries; of these minutes what had been added up is gone. */
	written(name: string, minutes: readonly number[]): void {
		this.#done.delete(name);
		if (this.#late.size > MOST_LATE) this.#late.clear();
		for (const minute of minutes) this.#late.set(keyOf(name, minute), this.#options.now() + LATE_MS);
	}

	/** Goes on for a moment. To be called about once a second. */
	tick(): void {
		const nowMs = this.#options.now();
		if (this.#work === null && nowMs < this.#nextMs && this.#nextMs - nowMs <= RETRY_MS) return;
		const untilMs = performance.now() + TICK_MS;
		try {
			this.#work ??= this.all();
			while (performance.now() < untilMs) {
				if (this.#work.next().done !== true) continue;
				this.#end(LOOK_MS);
				this.#failed = false;
				return;
			}
		} catch (error) {
			this.#end(RETRY_MS);
			if (!this.#failed)
				this.#options.tell(`traffic is not added up, and slower to ask for: ${(error as Error).message}`);
			this.#failed = true;
		}
	}

	#end(waitMs: number): void {
		this.#work = null;
		this.#nextMs = this.#options.now() + waitMs;
	}

	/** All that there is to do now. */
	*all(): Steps<void> {
		this.#begunMs = this.#options.now();
		const files = this.#options.files.list();
		for (const name of this.#done) if (!files.some((file) => file.name === name)) this.#done.delete(name);
		for (const [key, untilMs] of this.#late) if (untilMs <= this.#options.now()) this.#late.delete(key);
		let failure: unknown = null;
		for (const { name } of files) {
			if (this.#done.has(name)) continue;
			// Before: what is written meanwhile takes it out again.
			this.#done.add(name);
			let all = false;
			try {
				all = yield* this.#file(name);
			} catch (error) {
				// One that cannot be read holds up none of the others.
				if (!isOfFile(error)) throw error;
				failure ??= error;
			} finally {
				if (!all) this.#done.delete(name);
			}
		}
		if (failure !== null) throw failure;
	}

	/** Whether nothing is left to do there. */
	*#file(name: string): Steps<boolean> {
		if (!this.#options.files.has(name)) return true;
		const { database } = this.#options.files.open(name);
		const span = spanOf(database);
		if (span === null) return false;
		const known = summariesIn(database, span, 'known');
		let all = true;
		for (let from = span.to - HOUR_MINUTES; from >= span.from; from -= HOUR_MINUTES) {
			if (known.hour.has(from / HOUR_MINUTES)) continue;
			let whole = true;
			for (let minute = from + HOUR_MINUTES - 1; minute >= from; minute--)
				if (!known.minute.has(minute) && !(yield* this.#minute(name, minute))) whole = false;
			if (!whole || !this.#isOver(from + HOUR_MINUTES, HOUR_SETTLES_MS) || !(yield* this.#hour(name, from)))
				all = false;
		}
		return all;
	}

	#isOver(endMinute: number, settlesMs: number): boolean {
		return endMinute * MINUTE_MS + settlesMs <= this.#options.now();
	}

	/** Whether it is added up now. */
	*#minute(name: string, minute: number): Steps<boolean> {
		if (this.#options.now() - this.#begunMs > ROUND_MS) return false;
		if (!this.#isOver(minute + 1, MINUTE_SETTLES_MS) || this.#late.has(keyOf(name, minute))) return false;
		const { files } = this.#options;
		if (!files.has(name)) return false;
		const sums = new Map<string, TrafficSum>();
		const of = byService(sums, () => new TrafficSum(this.#bots, MOST_VALUES));
		const { from, to } = idsOfMinutes(minute, minute + 1);
		let entries = 0;
		const asked = {
			plan: PLAN,
			of: 'entries' as const,
			bulk: true,
			budgetMs: Number.POSITIVE_INFINITY,
			statement: (between: (from: string, to: string) => string) =>
				`SELECT ${CALLER_COLUMNS} ${between('$from', '$to')}`,
			file: name,
		};
		yield* scan(files, { from, to }, asked, (rows) => {
			entries += rows.length;
			for (const row of rows) of(row[0] as string)?.add(row);
			return true;
		});
		const { routes, callers } = entries < FEW ? { routes: '', callers: '' } : summaryText(sums, 'minute');
		return this.#write(name, (database) => {
			// What came between the steps of the scan, of another process too, is not in it.
			if (database.prepare(COUNT).get(from, to)?.['entries'] !== entries) return false;
			database
				.prepare('INSERT OR REPLACE INTO traffic_minute VALUES (?, ?, ?, ?)')
				.run(minute, entries, routes, callers);
			return true;
		});
	}

	/** All of its minutes are added up. */
	*#hour(name: string, from: number): Steps<boolean> {
		const { files } = this.#options;
		if (!files.has(name)) return false;
		const left = (database: DatabaseSync) => database.prepare(LEFT).get(from, from + HOUR_MINUTES);
		const before = left(files.open(name).database);
		if (before?.['minutes'] !== HOUR_MINUTES) return false;
		let sums = yield* this.#sumsOf(name, from, true);
		// Callers that minutes had no room for: an hour has more of it.
		if ([...sums.values()].some(({ clients, agents }) => clients.lack + agents.lack > 0))
			sums = yield* this.#sumsOf(name, from, false);
		const { routes, callers } = summaryText(sums, 'hour');
		return this.#write(name, (database) => {
			const after = left(database);
			if (after?.['minutes'] !== HOUR_MINUTES || after['entries'] !== before['entries']) return false;
			// An earlier version, which drains while this one leads, knows of no summaries.
			const { from: low, to: high } = idsOfMinutes(from, from + HOUR_MINUTES);
			if (database.prepare(COUNT).get(low, high)?.['entries'] !== after['entries']) {
				database.prepare('DELETE FROM traffic_minute WHERE minute >= ? AND minute < ?').run(from, from + HOUR_MINUTES);
				return false;
			}
			database
				.prepare('INSERT OR REPLACE INTO traffic_hour VALUES (?, ?, ?)')
				.run(from / HOUR_MINUTES, routes, callers);
			return true;
		});
	}

	/** Of an hour, by service: from its minutes, or from all of its rows. */
	*#sumsOf(name: string, from: number, summaries: boolean): Steps<Map<string, TrafficSum>> {
		const sums = new Map<string, TrafficSum>();
		const of = byService(sums, () => new TrafficSum(this.#bots, MOST_VALUES));
		const range = { fromMs: from * MINUTE_MS, toMs: (from + HOUR_MINUTES) * MINUTE_MS - 1 };
		const deadline = Number.POSITIVE_INFINITY;
		yield* readFile({ files: this.#options.files, plan: PLAN, range, of, callers: true, summaries, deadline }, name);
		return sums;
	}

	#write(name: string, work: (database: DatabaseSync) => boolean): boolean {
		const { files, databases } = this.#options;
		if (!files.has(name)) return false;
		const { database } = files.open(name);
		return databases.inTransaction(database, () => work(database));
	}
}

const keyOf = (name: string, minute: number) => `${name} ${minute}`;
