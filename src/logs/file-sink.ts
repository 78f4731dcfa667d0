import type { LogEntry } from '../core/log-entry.ts';
import { entryLine } from './export-ndjson.ts';
import { LogFile, type LogFileOptions } from './log-file.ts';
import type { LogSink } from './log-sink.ts';

/** Entries as lines of JSON to a file. */
export class FileSink implements LogSink {
	readonly file: LogFile;

	constructor(options: LogFileOptions) {
		this.file = new LogFile(options);
	}

	get dropped(): number {
		return this.file.lost;
	}

	send(entries: readonly LogEntry[]): void {
		if (entries.length === 0) return;
		this.file.append(Buffer.from(`${entries.map(entryLine).join('\n')}\n`), entries.length);
	}

	close(): void {
		this.file.close();
	}
}
