/** A recorded trace from a file. */
import { BallastError } from '../../core/errors.ts';
import { inert } from '../../core/inert.ts';
import { type Load, LoadBuilder } from './load.ts';
import { ACCEPTED_TRACES, SKIP, type TraceFormat, type TraceRow, traceFormat } from './trace-formats.ts';
import { linesOf, TOO_LONG } from './trace-lines.ts';

/** Lines that the format is told by. */
const SAMPLE_LINES = 50;

export interface ReadTrace {
	load: Load;
	/** What `load.works` holds. */
	works: TraceFormat['works'];
}

/** `service`: only its requests, where lines name one; null: all. Throws `bad_command` where the file is no trace. */
export async function readTrace(path: string, service: string | null): Promise<ReadTrace> {
	const reader = new TraceReader(path, service);
	try {
		for await (const lines of linesOf(path)) reader.take(lines);
	} catch (error) {
		if (error instanceof BallastError) throw error;
		throw new BallastError('bad_command', `the trace cannot be read: ${inert((error as Error).message)}`);
	}
	return reader.end();
}

class TraceReader {
	readonly #path: string;
	readonly #service: string | null;
	readonly #builder = new LoadBuilder();
	readonly #row: TraceRow = { timeMs: 0, count: 1, works: Number.NaN, service: '' };
	readonly #others = new Set<string>();
	readonly #lines: Load['lines'] = { read: 0, bad: 0, skipped: 0, firstBad: null };
	#sample: string[] | null = [];
	#format: TraceFormat | undefined;

	constructor(path: string, service: string | null) {
		this.#path = path;
		this.#service = service;
	}

	take(lines: string[]): void {
		if (this.#sample === null) {
			for (const line of lines) this.#read(line);
			return;
		}
		this.#sample.push(...lines);
		if (this.#sample.length >= SAMPLE_LINES) this.#begin();
	}

	end(): ReadTrace {
		if (this.#sample !== null) this.#begin();
		const { read, bad, firstBad } = this.#lines;
		if (this.#builder.total === 0) throw this.#refused(this.#whyEmpty());
		if (bad > read / 2)
			throw this.#refused(
				`${bad} of ${read} lines are not ${this.#format?.name}: line ${firstBad?.line}: ${firstBad?.why}`,
			);
		const format = this.#format as TraceFormat;
		return { load: this.#builder.build(format.name, this.#lines), works: format.works };
	}

	#begin(): void {
		const sample = this.#sample as string[];
		this.#sample = null;
		if (sample.every((line) => line.trim() === '')) throw this.#refused('it is empty');
		this.#format = traceFormat(sample.slice(0, SAMPLE_LINES).map(trimmed));
		if (this.#format === undefined) throw this.#refused('its lines are in no format that is known');
		const heading = this.#format.heading ? sample.findIndex((line) => line.trim() !== '') : -1;
		for (const [at, line] of sample.entries()) if (at !== heading) this.#read(line);
	}

	#read(raw: string): void {
		const line = trimmed(raw);
		const lines = this.#lines;
		lines.read++;
		if (line === '') {
			lines.read--;
			return;
		}
		const row = this.#row;
		row.count = 1;
		row.works = Number.NaN;
		row.service = '';
		const format = this.#format as TraceFormat;
		const wrong = line === TOO_LONG ? 'it is longer than 1 MiB' : format.read(line, row);
		if (wrong === SKIP) lines.skipped++;
		else if (wrong !== undefined) this.#bad(wrong);
		else if (this.#service !== null && row.service !== '' && row.service !== this.#service) {
			lines.skipped++;
			if (this.#others.size < 20) this.#others.add(row.service);
		} else if (row.count > 0) this.#count(format.spreadMs);
	}

	#count(spreadMs: number): void {
		const { timeMs, count, works } = this.#row;
		// A line that stands for several is spread over a second: they did not come at one moment.
		if (!this.#builder.add(timeMs, count, spreadMs === 0 && count !== 1 ? 1000 : spreadMs))
			this.#bad('its time is more than 92 days from the others');
		else if (works >= 0) this.#builder.works.add(works, count);
	}

	#bad(why: string): void {
		this.#lines.bad++;
		this.#lines.firstBad ??= { line: this.#lines.read + (this.#format?.heading ? 1 : 0), why };
	}

	#whyEmpty(): string {
		const { firstBad } = this.#lines;
		if (this.#others.size > 0)
			return `it has no request of the service ${this.#service}; it has some of ${[...this.#others].map(inert).join(', ')}`;
		return firstBad === null ? 'there is no request in it' : `line ${firstBad.line}: ${firstBad.why}`;
	}

	#refused(why: string): BallastError {
		return new BallastError(
			'bad_command',
			`${inert(this.#path)} cannot be used as a trace: ${why}\na trace is ${ACCEPTED_TRACES}; or generate:diurnal`,
		);
	}
}

function trimmed(line: string): string {
	return line.charCodeAt(line.length - 1) === 13 ? line.slice(0, -1) : line;
}
