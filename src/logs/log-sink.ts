import type { LogEntry } from '../core/log-entry.ts';

/** Where entries are passed on to: a file, syslog, OTLP. Never throws and never waits: what finds no room is counted. */
export interface LogSink {
	send(entries: readonly LogEntry[]): void;
	/** Entries that could not be passed on. */
	readonly dropped: number;
	close(): void;
}
