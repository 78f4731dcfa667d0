import type { LogEntry } from '../core/log-entry.ts';

/** What the names in records are told by. */
export interface RecordNamesMessage {
	/** Service and route by series. */
	routes: Record<number, { service: string; route: string }>;
	/** Ids of instances by serial number; those that are gone are told a little longer. */
	instances: Record<number, string>;
}

/** A line that an instance printed. */
export interface PrintedLine {
	timeMs: number;
	service: string;
	instance: string;
	stream: 'stdout' | 'stderr';
	line: string;
}
