import type { AccessEntry } from '../core/access-entry.ts';
import { writeAccessLine } from './access-line.ts';
import { writeCommonLine } from './common-line.ts';
import type { AccessLogConfig } from './config.ts';
import { LineBuffer } from './line-buffer.ts';
import type { LineTarget } from './line-target.ts';
import { LogFile } from './log-file.ts';
import type { RecordLines } from './record-line.ts';
import { StandardOutput } from './standard-output.ts';

export interface AccessLogOptions {
	config: AccessLogConfig;
	tell(problem: string): void;
	/** Default: the file or the standard output that the configuration says. */
	target?: LineTarget;
}

/** Bytes after which lines are written although more are at hand. */
const WRITE_BYTES = 1_048_576;

/** The access log: a line for each request, one write for all that are at hand. */
export class AccessLog {
	readonly target: LineTarget;
	readonly #options: AccessLogOptions;
	readonly #buffer = new LineBuffer();
	#count = 0;
	/** Lines that were handed to the target. */
	written = 0;

	constructor(options: AccessLogOptions) {
		const { path, rotate } = options.config;
		this.#options = options;
		this.target =
			options.target ??
			(path === null ? new StandardOutput() : new LogFile({ path, rotate, tell: (problem) => options.tell(problem) }));
	}

	/** The entries are redacted already, and those that the sample leaves out are not among them. */
	add(entries: readonly AccessEntry[]): void {
		const { config } = this.#options;
		for (const entry of entries) {
			// Its own weight is that of its row in the store.
			const own = entry.weight;
			entry.weight = entry.notable ? 1 : 1 / config.sample;
			if (config.format === 'json') writeAccessLine(entry, this.#buffer);
			else writeCommonLine(entry, config.format, this.#buffer);
			entry.weight = own;
			this.#count++;
			if (this.#buffer.length >= WRITE_BYTES) this.flush();
		}
	}

	/** A request that stands in a ring; the format is JSON. */
	addRecord(lines: RecordLines, record: number): void {
		lines.write(record, this.#buffer);
		this.#count++;
		if (this.#buffer.length >= WRITE_BYTES) this.flush();
	}

	flush(): void {
		if (this.#count === 0) return;
		this.target.append(this.#buffer.view(), this.#count);
		this.written += this.#count;
		this.#buffer.clear();
		this.#count = 0;
	}

	close(): void {
		this.flush();
		this.target.close();
	}
}
