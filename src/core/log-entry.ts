/** A line of a log, whoever wrote it: the word that logs, traces, alerts and the terminal share. */

export type Severity = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** `event`: something that Ballast did or noticed. `instance`: what an instance printed. `remote`: came by OTLP. */
export type LogSource = 'access' | 'event' | 'instance' | 'job' | 'alert' | 'remote';

export interface LogEntry {
	/** Epoch ms. */
	timeMs: number;
	severity: Severity;
	source: LogSource;
	/** What is searched for words. */
	message: string;
	/** '' where it is about none. */
	service: string;
	instance: string;
	/** Lower-case hex, 32 and 16 digits, or ''. */
	traceId: string;
	spanId: string;
	/** Other fields, flat, with OpenTelemetry's names where there is one. */
	fields: Readonly<Record<string, string | number | boolean>>;
}
