import type { AccessEntry } from '../core/access-entry.ts';
import { BallastError } from '../core/errors.ts';
import type { LogEntry } from '../core/log-entry.ts';
import { AccessLog } from './access-log.ts';
import { entryOfAccess } from './access-row.ts';
import { type Analytics, type AnalyticsQuestion, analytics } from './analytics.ts';
import type { LogsConfig } from './config.ts';
import type { Databases } from './databases.ts';
import type { DayFiles } from './day-files.ts';
import { exportNdjson } from './export-ndjson.ts';
import { FileSink } from './file-sink.ts';
import { bounded, FieldNames, flatFields } from './flat-fields.ts';
import { type Follow, Followers } from './followers.ts';
import { type Forward, openForwards, sendTo } from './forwards.ts';
import { type LogPattern, LogPatterns, type PatternQuestion } from './log-patterns.ts';
import {
	type HistogramAnswer,
	type HistogramQuestion,
	histogram,
	type LogQuestion,
	type SearchAnswer,
	type SearchQuestion,
	search,
} from './log-search.ts';
import type { LogSink } from './log-sink.ts';
import { LogStore, type StoreFigures } from './log-store.ts';
import {
	type PercentileAnswer,
	type PercentileQuestion,
	percentiles,
	type TopAnswer,
	type TopQuestion,
	top,
} from './log-values.ts';
import { MOST_MESSAGE, type OutputLine, readOutputLine } from './output-line.ts';
import { RecordLines } from './record-line.ts';
import type { RecordNames } from './record-reader.ts';
import type { RecordRing } from './record-ring.ts';
import { Redactor } from './redact.ts';
import type { Steps } from './steps.ts';

export interface LogBookOptions {
	config: LogsConfig;
	/** Where the store's files are; null: nothing is stored. */
	folder: string | null;
	databases: Databases;
	/** What goes wrong, and that it goes on; once each. */
	tell(problem: string): void;
	/** Further receivers, such as OTLP. */
	sinks?: readonly LogSink[];
	now?: () => number;
}

export interface LogFigures extends StoreFigures {
	/** Lines of the access log that could not be written, entries that could not be passed on, texts that were withheld. */
	accessLost: number;
	forwardDropped: number;
	withheld: number;
	/** Names of fields that found no room. */
	fieldsRefused: number;
	/** Entries of severity `error` and above. */
	errors: number;
}

/** Requests that came together. `lines` and `rows` are those of `entries` that the access log and the store get. */
export interface AccessBatch {
	entries: readonly AccessEntry[];
	lines: readonly AccessEntry[];
	rows: readonly AccessEntry[];
}

const NO_FIGURES: StoreFigures = { stored: 0, lost: 0, failure: null, files: 0, bytes: 0 };
/** Entries that are stored at once, at most. */
const BATCH = 5000;
const TIDY_MS = 60_000;

/**
 * The way of all that is logged: bounded, redacted, written to the access log, stored, counted by
 * patterns, shown to who follows, passed on. Lives in the store thread; nothing here throws at whoever
 * hands in entries.
 */
export class LogBook {
	readonly store: LogStore | null;
	readonly #options: LogBookOptions;
	readonly #now: () => number;
	readonly #redactor: Redactor | null;
	readonly #accessLog: AccessLog | null;
	readonly #forwards: Forward[];
	readonly #followers = new Followers();
	readonly #patterns = new LogPatterns();
	readonly #names = new FieldNames();
	/** Counts are kept by service: who sends lines cannot make ever more of them. */
	readonly #services = new FieldNames(1000);
	#waiting: LogEntry[] = [];
	#tidiedMs = 0;
	#errors = 0;

	constructor(options: LogBookOptions) {
		const { config, folder, databases, sinks = [] } = options;
		const tell = (problem: string) => options.tell(problem);
		this.#options = options;
		this.#now = options.now ?? Date.now;
		this.#redactor = config.redact === null ? null : new Redactor(config.redact);
		this.#accessLog = config.access === null ? null : new AccessLog({ config: config.access, tell });
		this.#forwards = [...openForwards(config.forward, tell), ...sinks.map((sink) => ({ only: null, sink }))];
		const { keepMs, keepBytes } = config;
		this.store = folder === null ? null : new LogStore({ folder, keepMs, keepBytes, databases, tell, now: this.#now });
	}

	/** Requests: the entries are redacted in place, and every one of them is shown to who follows. */
	access({ entries, lines, rows }: AccessBatch): void {
		this.#redactor?.access(entries);
		this.#accessLog?.add(lines);
		if (this.#followers.size > 0) this.#followers.send(entries.map(entryOfAccess), this.#now());
		this.#keep(rows.map(entryOfAccess));
	}

	/**
	 * What writes lines of the access log straight from a ring; null: lines need whole entries, for their format or
	 * for patterns of the configuration.
	 */
	recordLines(ring: RecordRing, names: RecordNames): RecordLines | null {
		const { access } = this.#options.config;
		if (access === null || access.format !== 'json' || this.#redactor?.hasPatterns === true) return null;
		return new RecordLines(ring, names, { redactor: this.#redactor, sample: access.sample });
	}

	/** A line for a request that stands in a ring. */
	line(lines: RecordLines, record: number): void {
		this.#accessLog?.addRecord(lines, record);
	}

	/** Somebody follows. */
	get followed(): boolean {
		return this.#followers.size > 0;
	}

	/** What instances printed. */
	output(lines: readonly OutputLine[]): void {
		this.#take(lines.map((line) => readOutputLine(line, this.#names)));
	}

	/** Events, alerts, jobs, and what came by OTLP. */
	entries(entries: readonly LogEntry[]): void {
		this.#take(entries.map((entry) => this.#bound(entry)));
	}

	#bound(entry: LogEntry): LogEntry {
		const message = bounded(entry.message, MOST_MESSAGE);
		const service = bounded(entry.service, 200);
		return {
			...entry,
			message,
			service: this.#services.accept(service) ? service : '(other)',
			instance: bounded(entry.instance, 200),
			traceId: /^[0-9a-f]{32}$/.test(entry.traceId) ? entry.traceId : '',
			spanId: /^[0-9a-f]{16}$/.test(entry.spanId) ? entry.spanId : '',
			fields: flatFields(entry.fields, this.#names),
		};
	}

	#take(entries: LogEntry[]): void {
		const clean = this.#redactor?.entries(entries) ?? entries;
		this.#followers.send(clean, this.#now());
		this.#keep(clean);
	}

	#keep(entries: readonly LogEntry[]): void {
		for (const entry of entries) {
			if (entry.severity === 'error' || entry.severity === 'fatal') this.#errors++;
			this.#patterns.learn(entry);
			this.#waiting.push(entry);
		}
		sendTo(this.#forwards, entries);
		if (this.#waiting.length >= BATCH) this.#storeWaiting();
	}

	/** Writes the lines of the access log that are at hand. */
	flushLines(): void {
		this.#accessLog?.flush();
	}

	/** Writes what is at hand; now and then, so that there are few writes. */
	flush(): void {
		this.#accessLog?.flush();
		this.#storeWaiting();
	}

	#storeWaiting(): void {
		const waiting = this.#waiting;
		this.#waiting = [];
		this.store?.put(waiting);
	}

	/** About once a second. */
	tick(): void {
		this.flush();
		this.store?.traffic.tick();
		this.#accessLog?.target.tick();
		for (const { sink } of this.#forwards) if (sink instanceof FileSink) sink.file.tick();
		const nowMs = this.#now();
		if (nowMs - this.#tidiedMs < TIDY_MS && nowMs >= this.#tidiedMs) return;
		this.#tidiedMs = nowMs;
		this.#names.tidy(nowMs);
		try {
			this.store?.tidy();
		} catch (error) {
			this.#options.tell(`old logs cannot be removed: ${(error as Error).message}`);
		}
	}

	/** Opens the files of lines anew: another program has moved them. */
	reopen(): void {
		this.flush();
		this.#accessLog?.target.reopen();
		for (const { sink } of this.#forwards) if (sink instanceof FileSink) sink.file.reopen();
	}

	/** See `Followers.add`. */
	follow(query: string, take: Follow): (() => void) | null {
		return this.#followers.add(query, take);
	}

	/** @throws BallastError `command_failed` when nothing is stored, `store_unusable` when nothing can be */
	get #files(): DayFiles {
		this.flush();
		if (this.store === null)
			throw new BallastError('command_failed', 'there are no logs to search: `store` is off in the configuration');
		const unusable = this.store.unusable;
		if (unusable !== null) throw new BallastError('store_unusable', `the logs cannot be read: ${unusable}`);
		return this.store.files;
	}

	search(question: SearchQuestion): Steps<SearchAnswer> {
		return search(this.#files, question);
	}

	histogram(question: HistogramQuestion): Steps<HistogramAnswer> {
		return histogram(this.#files, question);
	}

	top(question: TopQuestion): Steps<TopAnswer> {
		return top(this.#files, question);
	}

	percentiles(question: PercentileQuestion): Steps<PercentileAnswer> {
		return percentiles(this.#files, question);
	}

	analytics(question: AnalyticsQuestion): Steps<Analytics> {
		return analytics(this.#files, question);
	}

	patterns(question: PatternQuestion): LogPattern[] {
		return this.#patterns.list(question, this.#now());
	}

	export(question: LogQuestion): Generator<string, void, undefined> {
		return exportNdjson(this.#files, question);
	}

	figures(): LogFigures {
		return {
			...(this.store?.figures() ?? NO_FIGURES),
			accessLost: this.#accessLog?.target.lost ?? 0,
			forwardDropped: this.#forwards.reduce((sum, { sink }) => sum + sink.dropped, 0),
			withheld: this.#redactor?.withheld ?? 0,
			fieldsRefused: this.#names.refused,
			errors: this.#errors,
		};
	}

	close(): void {
		this.flush();
		this.#accessLog?.close();
		for (const { sink } of this.#forwards) sink.close();
		this.store?.close();
	}
}
