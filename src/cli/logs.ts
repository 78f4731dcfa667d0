import { globalsOf, integerOption, type ParsedArguments } from '../config/arguments.ts';
import { BallastError } from '../core/errors.ts';
import type { LogEntry } from '../core/log-entry.ts';
import { formatTime } from './clock-text.ts';
import { EXIT } from './command.ts';
import { type ControlCommand, control } from './control-client.ts';
import { type ControlSocket, controlSocket } from './control-socket.ts';
import { interruption } from './interruption.ts';
import { jsonText } from './json-text.ts';
import { readHistogram, readLogs, readPatterns, readPercentiles, readTop } from './log-answer.ts';
import { exportLogs } from './log-export.ts';
import { followLogs } from './log-follow.ts';
import { histogramLines, patternLines, percentileLines, topLines } from './log-summary-view.ts';
import { logLine } from './log-view.ts';
import { showingWhere } from './query-error.ts';
import { paint, type Terminal } from './terminal.ts';
import { type TimeRange, timeRange } from './time-options.ts';

interface Asked {
	where: ControlSocket;
	query: string;
	range: TimeRange;
	limit: number;
	json: boolean;
	terminal: Terminal;
}

const MODES = ['follow', 'histogram', 'top', 'percentiles', 'patterns', 'export'] as const;
const LIMIT = 100;
const BACK_MS = 3_600_000;
/** A search over days may take its time. */
const QUIET_MS = 60_000;

/** `ballast logs [query] [--follow | --histogram | --top FIELD | --percentiles FIELD | --patterns | --export]`. */
export async function logs(parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	return await carryOut(parsed, terminal, parsed.positionals[0] ?? '');
}

/** `ballast events [query] [--follow]`: the log of what Ballast did and noticed. */
export async function events(parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	const query = parsed.positionals[0] ?? '';
	return await carryOut(parsed, terminal, query.trim() === '' ? 'source:event' : `(${query}) source:event`);
}

async function carryOut(parsed: ParsedArguments, terminal: Terminal, query: string): Promise<number> {
	const [mode, other] = MODES.filter((name) => parsed.switches.has(name) || parsed.values.has(name));
	if (other !== undefined) throw new BallastError('bad_command', `--${mode} and --${other} exclude each other`);
	if (mode === 'follow' && parsed.values.has('to'))
		throw new BallastError('bad_command', '--follow has no end; leave --to out');
	const asked: Asked = {
		where: controlSocket(globalsOf(parsed), terminal.env),
		query,
		range: timeRange(parsed, Date.now(), BACK_MS),
		limit: integerOption(parsed, 'limit', [1, 5000]) ?? LIMIT,
		json: parsed.switches.has('json'),
		terminal,
	};
	if (mode === 'export') return await exported(asked);
	if (mode === 'follow') return await follow(asked);
	if (mode !== undefined) return await summary(mode, parsed.values.get(mode)?.at(-1) ?? '', asked);
	return await show(asked);
}

async function show(asked: Asked): Promise<number> {
	const answer = await search(asked, asked.range, asked.limit);
	if (asked.json) asked.terminal.out(`${jsonText(answer, 2)}\n`);
	else {
		const { entries, more, searchedMs } = readLogs(answer);
		print(entries, asked);
		// Beside the lines, so that a pipe gets only these.
		const note = noteOf(entries.length, more, searchedMs);
		if (note !== '') asked.terminal.err(`${note}\n`);
	}
	return EXIT.ok;
}

function noteOf(count: number, more: boolean, searchedMs: number): string {
	if (more && Number.isFinite(searchedMs))
		return `there may be older ones: looked at until ${formatTime(searchedMs, Date.now())}; --limit or --to go further back`;
	if (more) return 'there are older ones: --limit shows more of them';
	return count === 0 ? 'nothing found' : '';
}

/** What there is first, then what comes. */
async function follow(asked: Asked): Promise<number> {
	const { where, query, range, terminal } = asked;
	const interrupt = interruption();
	try {
		const { entries } = readLogs(await search(asked, range, asked.limit));
		print(entries, asked);
		const complain = (text: string) => terminal.err(`${paint(terminal, 'dim', text)}\n`);
		const emit = (entry: LogEntry) => print([entry], asked);
		const { toMs: fromMs } = range;
		await followLogs({ where, query, fromMs, shown: entries, signal: interrupt.signal, emit, complain });
		return EXIT.ok;
	} finally {
		interrupt.end();
	}
}

async function exported(asked: Asked): Promise<number> {
	const { range, terminal } = asked;
	const interrupt = interruption();
	try {
		const { left } = await exportLogs({
			...range,
			signal: interrupt.signal,
			ask: async (part, limit) => readLogs(await search(asked, part, limit)),
			emit: (entry) => terminal.out(`${jsonText(entry)}\n`),
		});
		if (interrupt.signal.aborted) return EXIT.interrupted;
		if (left) terminal.err('some are missing: more than 5,000 entries have the same time\n');
		return left ? EXIT.failed : EXIT.ok;
	} finally {
		interrupt.end();
	}
}

type Summary = Exclude<(typeof MODES)[number], 'follow' | 'export'>;

const COMMAND_OF: Record<Summary, ControlCommand> = {
	histogram: 'log-histogram',
	top: 'log-top',
	percentiles: 'log-percentiles',
	patterns: 'log-patterns',
};

async function summary(mode: Summary, field: string, asked: Asked): Promise<number> {
	const { where, query, range, limit, terminal } = asked;
	const buckets = Math.max(10, Math.min(200, (terminal.size()?.columns ?? 80) - 10));
	const args = {
		query,
		...range,
		...(mode === 'histogram' ? { buckets } : { limit }),
		...(field === '' ? {} : { field }),
	};
	const answer = await showingWhere(query, control(where, COMMAND_OF[mode], args, { quietMs: QUIET_MS }));
	terminal.out(asked.json ? `${jsonText(answer, 2)}\n` : `${summaryLines(mode, field, answer, terminal).join('\n')}\n`);
	return EXIT.ok;
}

function summaryLines(mode: Summary, field: string, answer: unknown, terminal: Terminal): string[] {
	switch (mode) {
		case 'histogram':
			return histogramLines(readHistogram(answer), terminal);
		case 'top':
			return topLines(field, readTop(answer), terminal);
		case 'percentiles':
			return percentileLines(field, readPercentiles(answer), terminal);
		case 'patterns':
			return patternLines(readPatterns(answer), terminal);
	}
}

function search({ where, query }: Asked, range: TimeRange, limit: number): Promise<unknown> {
	return showingWhere(query, control(where, 'logs', { query, ...range, limit }, { quietMs: QUIET_MS }));
}

function print(entries: readonly LogEntry[], { json, terminal }: Asked): void {
	const now = Date.now();
	terminal.out(entries.map((entry) => `${json ? jsonText(entry) : logLine(entry, terminal, now)}\n`).join(''));
}
