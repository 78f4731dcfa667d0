import type { LogEntry } from '../core/log-entry.ts';
import type { ForwardConfig } from './config.ts';
import { FileSink } from './file-sink.ts';
import type { LogSink } from './log-sink.ts';
import { matches } from './query-match.ts';
import { parseQuery } from './query-parse.ts';
import type { Query } from './query-tree.ts';
import { openSyslog } from './syslog-sink.ts';

/** A sink, and which entries it gets. */
export interface Forward {
	only: Query;
	sink: LogSink;
}

export function openForwards(configs: readonly ForwardConfig[], tell: (problem: string) => void): Forward[] {
	return configs.map((config) => ({
		only: parseQuery(config.only),
		sink: config.kind === 'file' ? new FileSink({ ...config, tell }) : openSyslog({ ...config, tell }),
	}));
}

export function sendTo(forwards: readonly Forward[], entries: readonly LogEntry[]): void {
	for (const { only, sink } of forwards)
		sink.send(only === null ? entries : entries.filter((entry) => matches(only, entry)));
}
