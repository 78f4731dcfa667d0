/** Entries of a log as lines for a terminal. */
import { inert } from '../core/inert.ts';
import type { LogEntry, Severity } from '../core/log-entry.ts';
import { formatTime } from './clock-text.ts';
import { type Colour, paint, type Terminal } from './terminal.ts';
import { clip, pad } from './text-width.ts';

const COLOURS: Partial<Record<Severity, Colour>> = {
	trace: 'dim',
	debug: 'dim',
	warn: 'yellow',
	error: 'red',
	fatal: 'red',
};

/** Of a message, and of the value of a field. */
const LONGEST_MESSAGE = 2000;
const LONGEST_VALUE = 200;
const MOST_FIELDS = 24;

/** One line, inert, whatever the entry holds. */
export function logLine(entry: LogEntry, terminal: Pick<Terminal, 'colours'>, nowMs: number): string {
	const { severity, message } = entry;
	const colour = COLOURS[severity];
	const level = pad(severity.toUpperCase(), 5);
	const said = clip(inert(message.slice(0, LONGEST_MESSAGE + 1)), LONGEST_MESSAGE);
	return [
		paint(terminal, 'dim', formatTime(entry.timeMs, nowMs)),
		colour === undefined ? level : paint(terminal, colour, level),
		paint(terminal, 'cyan', inert(whose(entry))),
		colour === 'red' ? paint(terminal, 'red', said) : said,
		paint(terminal, 'dim', fieldsText(entry)),
	]
		.filter((part) => part !== '')
		.join(' ');
}

/** The instance, or who else wrote it. */
function whose({ instance, service, source }: LogEntry): string {
	return (instance || service || source || '-').slice(0, LONGEST_VALUE);
}

/** `key=value`, without those that the message says already. */
function fieldsText({ fields, message, traceId }: LogEntry): string {
	const said = message.slice(0, LONGEST_MESSAGE);
	const shown = Object.entries(fields)
		.slice(0, MOST_FIELDS)
		.map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, LONGEST_VALUE + 1) : value] as const)
		.filter(([, value]) => value !== '' && !(String(value).length > 1 && said.includes(String(value))))
		.map(([name, value]) => `${inert(name.slice(0, LONGEST_VALUE))}=${valueText(value)}`);
	if (traceId !== '') shown.push(`trace=${inert(traceId.slice(0, 32))}`);
	return shown.join(' ');
}

function valueText(value: string | number | boolean): string {
	if (typeof value !== 'string') return String(value);
	const text = clip(inert(value), LONGEST_VALUE);
	return /[\s"=]/.test(text) ? JSON.stringify(text) : text;
}
