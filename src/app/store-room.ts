import { join } from 'node:path';
import type { AccessEntry } from '../core/access-entry.ts';
import { diskFault, inTransaction, openDatabase } from '../core/database.ts';
import type { LogEntry } from '../core/log-entry.ts';
import type { Span } from '../core/span.ts';
import { LogBook } from '../logs/log-book.ts';
import type { LogSink } from '../logs/log-sink.ts';
import { Want } from '../logs/record-layout.ts';
import type { RecordLines } from '../logs/record-line.ts';
import { type RecordNames, RecordReader } from '../logs/record-reader.ts';
import { RecordRing } from '../logs/record-ring.ts';
import { spansOf } from '../traces/spans-of.ts';
import { LastingStores } from './lasting-stores.ts';
import { LogQuestions } from './log-questions.ts';
import type { FromStore, RecordNamesMessage, StoreCalls, StoreSettings, ToStore } from './store-messages.ts';

/** Records that are read in one go; what is left waits for the next one, 50 ms later. */
const DRAIN_MOST = 20_000;
/** How long lines and rows wait for their write, ms. */
const LINES_MS = 45;
const ROWS_MS = 200;
const SPANS_MOST = 2000;
/** Names of instances that are gone are known for so many others that came since. */
const INSTANCES_MOST = 5000;
/** Traces that are shown as examples, of each second. */
const EXEMPLARS_MOST = 64;

/** A worker's records. `lines`: what writes lines from them; null: entries are read for that. */
interface Source {
	ring: RecordRing;
	reader: RecordReader;
	lines: RecordLines | null;
}

type Told = Exclude<ToStore, { type: 'call' | 'close' }>;

/** All that lasts, and the way of a record to it. Lives in the store thread. */
export class StoreRoom {
	readonly #say: (message: FromStore) => void;
	readonly #readers = new Map<number, Source>();
	readonly #routes = new Map<number, { service: string; route: string }>();
	readonly #instances = new Map<number, string>();
	readonly #names: RecordNames = {
		route: (series) => this.#routes.get(series),
		instance: (serial) => this.#instances.get(serial) ?? '',
	};
	#settings: StoreSettings | null = null;
	#book: LogBook | null = null;
	#stores: LastingStores | null = null;
	#questions: LogQuestions | null = null;
	#exemplars: Extract<FromStore, { type: 'figures' }>['exemplars'] = [];
	#follows = false;
	/** What is to be stored with the next write. */
	#spans: Span[] = [];
	#linesMs = 0;
	#rowsMs = 0;

	constructor(say: (message: FromStore) => void) {
		this.#say = say;
	}

	take(message: Told): void {
		switch (message.type) {
			case 'configure':
				this.#configure(message.settings);
				break;
			case 'ring': {
				const ring = new RecordRing(message.buffer);
				const lines = this.#book?.recordLines(ring, this.#names) ?? null;
				this.#readers.set(message.worker, { ring, reader: new RecordReader(ring, this.#names), lines });
				break;
			}
			case 'names':
				this.#learn(message.names);
				break;
			case 'output':
				this.#book?.output(message.lines);
				break;
			case 'entries':
				this.#book?.entries(message.entries);
				break;
			case 'spans':
				this.#stores?.addSpans(message.spans);
				break;
			case 'minute':
				this.#stores?.addMinute(message.frames);
				break;
			case 'save':
				this.#stores?.save(message.key, message.value);
				break;
			case 'decision':
				this.#stores?.addDecision(message.id, message.record);
				break;
			case 'outcome':
				this.#stores?.endDecision(message.id, message.outcome);
				break;
			case 'reopen':
				this.#book?.reopen();
				break;
		}
	}

	#learn({ routes, instances }: RecordNamesMessage): void {
		for (const [series, service, route] of routes) this.#routes.set(series, { service, route });
		for (const [serial, id] of instances) this.#instances.set(serial, id);
		while (this.#instances.size > INSTANCES_MOST) this.#instances.delete(this.#instances.keys().next().value as number);
	}

	/** Opens what the settings say. What there was is closed first: its last lines are written. */
	#configure(settings: StoreSettings): void {
		if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
		this.#close();
		this.#settings = settings;
		const tell = (text: string): void => this.#say({ type: 'told', level: 'warn', text });
		const { folder } = settings;
		if (folder !== null) this.#stores = new LastingStores(settings, folder, tell);
		const sinks: LogSink[] = settings.passOn.entries ? [this.#passOn()] : [];
		this.#book = new LogBook({
			config: settings.logs,
			folder: folder === null ? null : join(folder, 'logs'),
			databases: { open: openDatabase, inTransaction, diskFault },
			tell,
			sinks,
		});
		this.#questions = new LogQuestions(this.#book, this.#say);
		for (const source of this.#readers.values()) source.lines = this.#book.recordLines(source.ring, this.#names);
	}

	#passOn(): LogSink {
		return {
			dropped: 0,
			send: (entries: readonly LogEntry[]) => this.#say({ type: 'passOn', entries: [...entries], spans: [] }),
			close: () => {},
		};
	}

	/** Empties the rings; how many records there were. */
	drain(): number {
		const book = this.#book;
		if (book === null) return 0;
		let records = 0;
		for (const source of this.#readers.values()) records += this.#drain(book, source);
		this.#write(book);
		if (book.followed === this.#follows) return records;
		this.#follows = book.followed;
		this.#say({ type: 'following', follows: this.#follows });
		return records;
	}

	/** A write for each drain would cost more than what is written. */
	#write(book: LogBook): void {
		const nowMs = performance.now();
		if (nowMs - this.#linesMs >= LINES_MS) {
			this.#linesMs = nowMs;
			book.flushLines();
		}
		if (nowMs - this.#rowsMs < ROWS_MS) return;
		this.#rowsMs = nowMs;
		book.flush();
		this.#storeSpans();
	}

	#storeSpans(): void {
		const spans = this.#spans;
		if (spans.length === 0) return;
		this.#spans = [];
		this.#stores?.addSpans(spans);
	}

	#drain(book: LogBook, { ring, reader, lines }: Source): number {
		const entries: AccessEntry[] = [];
		const whole: AccessEntry[] = [];
		const rows: AccessEntry[] = [];
		const traced: AccessEntry[] = [];
		const records = ring.drain((at) => {
			const wants = reader.wants(at);
			if (wants & Want.line && lines !== null) book.line(lines, at);
			if ((wants & ~Want.line) === 0 && lines !== null) return;
			const entry = reader.read(at);
			entries.push(entry);
			if (wants & Want.line && lines === null) whole.push(entry);
			if (wants & Want.row) rows.push(entry);
			if (wants & Want.trace) traced.push(entry);
		}, DRAIN_MOST);
		if (entries.length === 0) return records;
		// Redacts them, so spans come after.
		book.access({ entries, lines: whole, rows });
		if (traced.length > 0) this.#trace(traced);
		return records;
	}

	#trace(entries: readonly AccessEntry[]): void {
		const spans: Span[] = entries.flatMap(spansOf);
		this.#spans.push(...spans);
		if (this.#spans.length > SPANS_MOST) this.#storeSpans();
		if (this.#settings?.passOn.spans === true) this.#say({ type: 'passOn', entries: [], spans });
		for (const { service, route, durationUs, traceId, timeMs } of entries.slice(-EXEMPLARS_MOST))
			this.#exemplars.push({ service, route, seconds: durationUs / 1e6, traceId, timeMs });
		if (this.#exemplars.length > EXEMPLARS_MOST) this.#exemplars = this.#exemplars.slice(-EXEMPLARS_MOST);
	}

	everySecond(): void {
		const book = this.#book;
		if (book === null) return;
		book.tick();
		this.#stores?.tick();
		const { spansDropped = 0, failure = '' } = this.#stores ?? {};
		this.#say({
			type: 'figures',
			figures: { logs: book.figures(), spansDropped, failure },
			exemplars: this.#exemplars,
		});
		this.#exemplars = [];
	}

	/** @throws BallastError `bad_query`, `command_failed` */
	call(name: keyof StoreCalls, args: unknown[]): unknown {
		const asked = { ...this.#questions?.calls, ...this.#stores?.calls } as Record<
			string,
			(...args: unknown[]) => unknown
		>;
		// What is asked for may just have come.
		if (name === 'trace') this.#storeSpans();
		const call = asked[name];
		return call === undefined ? NOTHING[name] : call(...args);
	}

	#close(): void {
		this.#storeSpans();
		this.#questions?.close();
		this.#book?.close();
		this.#stores?.close();
		this.#book = null;
		this.#stores = null;
		this.#questions = null;
	}

	/** Takes what is left in the rings, writes all, ends. */
	close(): void {
		this.drain();
		this.#close();
	}
}

/** What is known where nothing lasts. */
const NOTHING: Partial<Record<keyof StoreCalls, unknown>> = {
	trace: [],
	rollups: [],
	rollupSpan: null,
	load: null,
	decisions: [],
	decision: null,
};
