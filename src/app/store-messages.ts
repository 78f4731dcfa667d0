import type { LogEntry } from '../core/log-entry.ts';
import type { Span } from '../core/span.ts';
import type { Analytics, AnalyticsQuestion } from '../logs/analytics.ts';
import type { LogsConfig } from '../logs/config.ts';
import type { LogFigures } from '../logs/log-book.ts';
import type { LogPattern, PatternQuestion } from '../logs/log-patterns.ts';
import type {
	HistogramAnswer,
	HistogramQuestion,
	LogQuestion,
	SearchAnswer,
	SearchQuestion,
} from '../logs/log-search.ts';
import type { PercentileAnswer, PercentileQuestion, TopAnswer, TopQuestion } from '../logs/log-values.ts';
import type { OutputLine } from '../logs/output-line.ts';
import type { MinuteFrames } from '../metrics/minute-frames.ts';
import type { RollupRetention } from '../metrics/rollup-retention.ts';
import type { SlotAnswer, SlotRequest } from '../metrics/slots.ts';
import type { DecisionRecord } from '../scaling/decision.ts';
import type { DecisionQuestion, KeptDecision } from '../scaling/decision-store.ts';
import type { TracesConfig } from '../traces/config.ts';

/** What the store keeps, and how. */
export interface StoreSettings {
	/** null: nothing lasts; the access log and forwarding go on. */
	folder: string | null;
	logs: LogsConfig;
	/** null: none are kept. */
	traces: TracesConfig | null;
	rollups: RollupRetention;
	/** Entries and spans go back to the control plane, too, which passes them on. */
	passOn: { entries: boolean; spans: boolean };
}

/** What the numbers in records stand for. */
export interface RecordNamesMessage {
	/** Service and route, by series. */
	routes: [series: number, service: string, route: string][];
	/** Ids of instances, by serial number; of those that are gone too, for a while. */
	instances: [serial: number, id: string][];
}

/** What the store can be asked. */
export interface StoreCalls {
	search(question: SearchQuestion): SearchAnswer;
	histogram(question: HistogramQuestion): HistogramAnswer;
	top(question: TopQuestion): TopAnswer;
	percentiles(question: PercentileQuestion): PercentileAnswer;
	patterns(question: PatternQuestion): LogPattern[];
	analytics(question: AnalyticsQuestion): Analytics;
	/** Lines of NDJSON, from where the call before ended; null: that was all. */
	exportPart(question: LogQuestion, token: string): string[] | null;
	/** The number by which it is told of what it follows. */
	follow(query: string): number;
	unfollow(id: number): void;
	trace(id: string): Span[];
	rollups(requests: readonly SlotRequest[]): SlotAnswer[];
	rollupSpan(): { fromMs: number; untilMs: number } | null;
	/** Small things that outlive a restart, such as the state of alerts. */
	load(key: string): unknown;
	/** Of the scaler, newest first. */
	decisions(question: DecisionQuestion): KeptDecision[];
	decision(id: string): KeptDecision | null;
}

export type ToStore =
	| { type: 'configure'; settings: StoreSettings }
	| { type: 'ring'; worker: number; buffer: SharedArrayBuffer }
	/** How many follow requests, in a cell of its own: workers then write all of them down. */
	| { type: 'names'; names: RecordNamesMessage }
	| { type: 'output'; lines: OutputLine[] }
	| { type: 'entries'; entries: LogEntry[] }
	| { type: 'spans'; spans: Span[] }
	| { type: 'minute'; frames: MinuteFrames }
	| { type: 'save'; key: string; value: unknown }
	| { type: 'decision'; id: string; record: DecisionRecord }
	| { type: 'outcome'; id: string; outcome: string }
	| { type: 'reopen' }
	| { type: 'call'; id: number; name: keyof StoreCalls; args: unknown[] }
	| { type: 'close' };

/** The store's own counts. */
export interface StoreFigures {
	logs: LogFigures;
	spansDropped: number;
	/** Why roll-ups, spans or the state cannot be stored; '': all is well. */
	failure: string;
}

/** A request that has a trace, as an example of its route's durations. */
export interface ExemplarMessage {
	service: string;
	route: string;
	seconds: number;
	traceId: string;
	timeMs: number;
}

export type FromStore =
	| { type: 'answer'; id: number; value: unknown }
	| { type: 'failed'; id: number; code: string; message: string }
	| { type: 'told'; level: 'warn' | 'error'; text: string }
	/** About once a second. */
	| { type: 'figures'; figures: StoreFigures; exemplars: ExemplarMessage[] }
	| { type: 'followed'; id: number; entries: LogEntry[]; skipped: number }
	/** Whether somebody follows requests. */
	| { type: 'following'; follows: boolean }
	| { type: 'passOn'; entries: LogEntry[]; spans: Span[] };
